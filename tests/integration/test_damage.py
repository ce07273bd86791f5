"""Pictures that rest on a key frame that was damaged: the decoder flags that one alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.lazy import made
from realtime_micacl.live.sources.decoder import MOST_KEYS, Damage, Decoder
from realtime_micacl.live.sources.synthetic import read_code
from realtime_micacl.live.sources.video import read_file
from tests.integration.made_clips import write_clip

GOP = 10
IMAGE = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A clip of three groups of pictures, of which the first begins with a damaged one."""
    file = tmp_path / "clip.mp4"
    with av.open(str(file), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "slices": "1", "bf": "0"})
        stream.height, stream.width = IMAGE.shape[:2]
        stream.pix_fmt, stream.gop_size = "yuv420p", GOP
        for _ in range(3 * GOP):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(IMAGE, format="rgb24")))
        out.mux(stream.encode())
    content = bytearray(file.read_bytes())
    with av.open(str(file)) as container:
        key = next(packet for packet in container.demux(video=0) if packet.is_keyframe)
        assert key.pos is not None
        for at in range(key.size // 2, key.size, 40):
            content[key.pos + at] ^= 0x55
    file.write_bytes(content)
    return file


def test_a_file_is_read_from_its_first_whole_key_frame_on_and_keeps_its_times(damaged: Path) -> None:
    frames = list(read_file(damaged))
    assert len(frames) == 2 * GOP
    assert np.allclose([frame.time_s for frame in frames], np.arange(GOP, 3 * GOP) / 25)
    assert frames[0].damaged == GOP
    for frame in frames:
        assert np.abs(frame.image.mean(axis=(0, 1)) - IMAGE.mean(axis=(0, 1))).max() < 10


def test_so_is_a_stream(damaged: Path) -> None:
    with av.open(str(damaged)) as container:
        decoder = Decoder(container.streams.video[0])
        found = [one for packet in container.demux(video=0) for one in decoder.pictures(packet)]
    assert len(found) == 2 * GOP
    assert decoder.all_damaged == GOP


def test_a_stream_whose_key_frames_are_not_marked_begins_with_one(tmp_path: Path) -> None:
    """As VP9 by RTSP, of whose packets FFmpeg does not say what they are."""
    clip = write_clip(tmp_path / "clip.webm", 3 * GOP, codec="libvpx-vp9", gop=GOP)
    with av.open(str(clip)) as container:
        decoder = Decoder(container.streams.video[0])
        packets = list(container.demux(video=0))[GOP // 2 :]
        for packet in packets:
            packet.is_keyframe = False
        found = [read_code(made(image)) for packet in packets for _, image, _ in decoder.pictures(packet)]
    assert found == list(range(GOP, 3 * GOP))
    assert decoder.begun and not decoder.all_damaged


@pytest.mark.parametrize("hole", [200_000, 80_000_000])
def test_a_hole_in_mpeg_ts_is_passed_over_and_is_the_end_where_it_is_very_large(tmp_path: Path, hole: int) -> None:
    file = write_clip(tmp_path / "clip.ts", form="mpegts")
    content = file.read_bytes()
    middle = len(content) // 376 * 188
    with file.open("r+b") as stream:  # what was not copied yet is zeros
        stream.truncate(middle)
        stream.seek(middle + hole)
        stream.write(content[middle:])
    times = [frame.time_s for frame in read_file(file)]
    assert times[0] == 0
    assert len(times) > 55 and times[-1] == pytest.approx(74 / 25) if hole < 1_000_000 else 1 < times[-1] < 2


@pytest.mark.parametrize("before", [bytes(300_000), np.random.default_rng(1).bytes(300_000)])
def test_mpeg_ts_is_found_behind_what_stood_there_before(tmp_path: Path, before: bytes) -> None:
    """As in files that a dashcam began anew, or that were undeleted."""
    clip, file = write_clip(tmp_path / "clip.ts", form="mpegts"), tmp_path / "found.TS"
    file.write_bytes(before + clip.read_bytes())
    assert len(list(read_file(file))) == len(list(read_file(clip))) == 75
    file.write_bytes(before)
    with pytest.raises(SourceError, match=r"found\.TS cannot be opened"):
        list(read_file(file))


def left_out(row: str) -> str:
    """Return which of a row of frames are left out; K is a key frame, one in small letters is damaged."""
    damage = Damage()
    frames: list[Any] = [SimpleNamespace(key_frame=one in "Kk", is_corrupt=one.islower()) for one in row]
    return "".join("-" if damage.shows_in(frame) else one for one, frame in zip(row, frames, strict=True))


def test_what_rests_on_damage_is_left_out_for_a_while() -> None:
    assert left_out("KPPpPKP") == "KPP-PKP", "a hole is filled from before"
    assert left_out("kPPKPkP") == "---KP-P"
    assert left_out("PPpKP") == "PP-KP", "some streams have no key frames"
    assert left_out("kP" * (MOST_KEYS + 2)) == "-" * 2 * MOST_KEYS + "-P-P", "better than nothing for ever"


def test_a_key_frame_that_cannot_be_decoded_at_all_is_one_that_was_damaged() -> None:
    damage = Damage()
    damage.key(intact=False)
    frame: Any = SimpleNamespace(key_frame=False, is_corrupt=False)
    assert damage.shows_in(frame)
