"""Files as they come: whole, cut off, damaged, and not videos at all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import av
import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.paced import paced
from realtime_micacl.live.sources.synthetic import read_code, write_code
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import Frame

RATE_HZ, LENGTH = 25, 50


def write_clip(file: Path, *, options: dict[str, str] | None = None, codec: str = "libx264") -> Path:
    """Write a clip whose frames carry their number as squares."""
    with av.open(str(file), "w", options=options or {}) as out:
        stream = out.add_stream(codec, rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = 768, 240, "yuv420p"
        for number in range(LENGTH):
            image = np.full((240, 768, 3), (60, 120, 180), np.uint8)
            write_code(image, number)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())
    return file


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clips") / "whole.mp4", options={"movflags": "+faststart"})


def test_every_frame_comes_once_in_order_with_its_time(clip: Path) -> None:
    frames = list(read_file(clip))
    assert [read_code(f.image) for f in frames] == list(range(LENGTH))
    assert [f.index for f in frames] == list(range(LENGTH))
    assert np.allclose([f.time_s for f in frames], np.arange(LENGTH) / RATE_HZ, atol=1e-3)
    red, green, blue = frames[0].image[20, 20].astype(int)
    assert (abs(red - 60), abs(green - 120), abs(blue - 180)) < (8, 8, 8), "RGB, not BGR"
    assert not frames[0].image.flags.writeable


def test_a_file_plays_at_its_own_rate(clip: Path) -> None:
    started_s = monotonic()
    lags = [monotonic() - f.time_s for f in paced(read_file(clip))]
    assert monotonic() - started_s == pytest.approx(LENGTH / RATE_HZ, abs=0.5)
    assert np.median(lags) < 0.02


def test_after_a_pause_a_file_goes_on_from_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    monkeypatch.setattr("realtime_micacl.live.sources.paced.monotonic", lambda: now_s)
    monkeypatch.setattr("realtime_micacl.live.sources.paced.sleep", sleep)
    image = np.zeros((2, 2, 3), np.uint8)

    def numbered() -> Iterator[Frame]:
        for n in range(10):
            yield Frame(image, n / 10, n)

    times = []
    for frame in paced(numbered()):
        times.append(frame.time_s)
        if frame.index == 4:
            now_s += 60.0
    steps = np.diff(times)
    assert steps[4] == pytest.approx(60.0, abs=0.2)
    assert np.allclose(np.delete(steps, 4), 0.1)


@pytest.mark.fault("R5")
def test_a_file_that_was_cut_off_gives_what_it_has(clip: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.mp4"
    content = clip.read_bytes()
    part.write_bytes(content[: len(content) * 6 // 10])
    numbers = [read_code(f.image) for f in read_file(part)]
    assert 5 < len(numbers) < LENGTH
    assert numbers == sorted(set(numbers))


@pytest.mark.fault("R5")
def test_a_file_without_its_index_is_refused(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "index-last.mp4")
    content = whole.read_bytes()
    whole.write_bytes(content[: len(content) * 6 // 10])
    with pytest.raises(SourceError, match="cannot be opened: it was not written completely: its index"):
        list(read_file(whole))


@pytest.mark.fault("R5")
@pytest.mark.parametrize("seed", range(5))
def test_flipped_bits_are_survived(clip: Path, tmp_path: Path, seed: int) -> None:
    content, rng = bytearray(clip.read_bytes()), random.Random(seed)
    for _ in range(200):
        content[rng.randrange(3000, len(content))] ^= 1 << rng.randrange(8)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(content)
    try:
        assert len(list(read_file(damaged))) <= LENGTH + 5
    except SourceError as error:
        assert str(damaged) in str(error)


def audio_only(folder: Path) -> Path:
    file = folder / "sound.m4a"
    with av.open(str(file), "w") as out:
        stream = out.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        for _ in range(8):
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file


@pytest.mark.fault("R5")
def test_what_is_no_video_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("this is not a video\n" * 50)
    (tmp_path / "empty.mp4").touch()
    cases = {
        "text.mp4": "cannot be opened",
        "empty.mp4": "empty",
        "none.mp4": "no file at",
        ".": "is a folder",
        audio_only(tmp_path).name: "no video",
    }
    for name, said in cases.items():
        with pytest.raises(SourceError, match=said) as error:
            list(read_file(tmp_path / name))
        assert error.value.exit_code == 3


HLS, CONCAT = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:2,\n{}\n", "ffconcat version 1.0\nfile {}\n"
RATES = "#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION={0}x{0}\n{1}.m3u8\n"


@pytest.mark.parametrize(
    ("listing", "piece", "is_read"),
    [
        (HLS + "#EXT-X-ENDLIST\n", "piece.mp4", True),
        (HLS, "piece.mp4", True),  # still written to
        (HLS + "#EXT-X-ENDLIST\n", "../aside.mp4", False),
        (HLS + "#EXT-X-ENDLIST\n", "http://127.0.0.1:9/piece.mp4", False),
        (CONCAT, "piece.mp4", True),
        (CONCAT, "../aside.mp4", False),
        (CONCAT, "http://127.0.0.1:9/piece.mp4", False),
    ],
)
def test_a_play_list_opens_what_lies_beside_it_and_nothing_else(
    clip: Path, tmp_path: Path, listing: str, piece: str, is_read: bool
) -> None:
    file = tmp_path / "lists" / "list.txt"
    file.parent.mkdir()
    for copy in (tmp_path / "aside.mp4", file.with_name("piece.mp4")):
        copy.write_bytes(clip.read_bytes())
    file.write_text(listing.format(piece))
    if is_read:
        assert [frame.time_s for frame in read_file(file)] == [frame.time_s for frame in read_file(clip)]
    else:
        with pytest.raises(SourceError, match="a playlist of a kind that is not read"):
            list(read_file(file))


def test_of_several_rates_beside_a_play_list_one_that_lives_is_read(clip: Path, tmp_path: Path) -> None:
    names = ("gone", "dead", "all", "../aside", "whole")  # one names itself
    rates = (RATES.format(90 - place, name) for place, name in enumerate(names))
    (tmp_path / "all.m3u8").write_text("#EXTM3U\n" + "".join(rates))
    (tmp_path / "dead.m3u8").write_text(HLS.format("gone.ts"))
    (tmp_path / "whole.m3u8").write_text(HLS.format("piece.mp4"))
    (tmp_path / "piece.mp4").write_bytes(clip.read_bytes())
    assert len(list(read_file(tmp_path / "all.m3u8"))) == len(list(read_file(clip)))


def test_rotated_video_is_turned_upright(tmp_path: Path) -> None:
    file = tmp_path / "phone.mp4"
    with av.open(str(file), "w") as out:
        stream = out.add_stream("libx264", rate=RATE_HZ)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        image = np.zeros((240, 320, 3), np.uint8)
        image[:, :80] = 255  # the left edge
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())
    content = bytearray(file.read_bytes())
    unity = b"\x00\x01\x00\x00" + bytes(12) + b"\x00\x01\x00\x00" + bytes(12) + b"\x40\x00\x00\x00"
    quarter = (
        bytes(4) + b"\x00\x01\x00\x00" + bytes(4) + b"\xff\xff\x00\x00" + bytes(16) + b"\x40\x00\x00\x00"
    )  # 90 degrees clockwise in the track's display matrix
    at = content.rindex(unity)
    content[at : at + 36] = quarter
    file.write_bytes(content)
    upright = next(read_file(file)).image
    assert upright.shape == (320, 240, 3)
    assert upright[:60].mean() > 200, "what was the left edge is now the top"


def test_a_hole_takes_its_time_and_whoever_reads_can_stop_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 50.0

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    monkeypatch.setattr("realtime_micacl.live.sources.paced.monotonic", lambda: now_s)
    monkeypatch.setattr("realtime_micacl.live.sources.paced.sleep", sleep)
    image = np.zeros((2, 2, 3), np.uint8)
    frames = (Frame(image, time_s, n) for n, time_s in enumerate((0.0, 0.1, 3.1, 3.2)))
    items = list(paced(frames))
    times = [item.time_s - 50.0 for item in items if isinstance(item, Frame)]
    assert times == pytest.approx([0.0, 0.1, 3.1, 3.2])
    assert 10 < sum(isinstance(item, Pending) for item in items) < 20


@pytest.mark.parametrize(("rate_hz", "taken_hz", "why"), [(None, 25, "as it says itself"), (10.0, 10, "")])
def test_a_bare_stream_is_read_at_the_rate_that_is_told(
    clip: Path, tmp_path: Path, rate_hz: float | None, taken_hz: int, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    bare = write_clip(tmp_path / "bare.h264")
    times = [f.time_s for f in read_file(bare, rate_hz)]
    assert np.allclose(times, np.arange(LENGTH) / taken_hz)
    assert ("has no time stamps" in caplog.text and why in caplog.text) == (rate_hz is None)
    list(read_file(clip, 5.0))
    assert "has time stamps of its own, so --rate has no effect" in caplog.text
