"""Files whose tracks, clocks and codecs are not what they say."""

from __future__ import annotations

import logging
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.video import read_file
from tests.integration import made_clips, web
from tests.integration.test_stream import LISTING, look

DATA = Path("tests/data")


def of_scale(file: Path, scale: int) -> Path:
    """Write the clip without a face with another number of ticks in a second."""
    content = bytearray((DATA / "no_face.mp4").read_bytes())
    at = content.index(b"mdhd") + 16
    content[at : at + 4] = struct.pack(">I", scale)
    file.write_bytes(content)
    return file


def test_a_time_scale_that_nothing_films_at_is_not_believed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = of_scale(tmp_path / "clip.mp4", 2**31 - 1)
    assert [round(frame.time_s, 2) for frame in read_file(file, 25)] == [n / 25 for n in range(75)]
    assert "pictures a second, so its time stamps are not used" in caplog.text


def test_one_picture_of_many_is_said_to_be_that(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = of_scale(tmp_path / "clip.mp4", 1)
    assert len(list(read_file(file))) == 1
    assert "of the 75 pictures that its index counts one is shown" in caplog.text


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_cover_that_is_not_marked_as_one_is_no_video(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"clip.{suffix}"
    with av.open(str(DATA / "no_face.mp4")) as clip, av.open(str(file), "w") as out:
        cover = out.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 768, 240, "yuvj420p"
        cover.disposition = av.stream.Disposition.default
        video = out.add_stream_from_template(clip.streams.video[0])
        video.disposition = av.stream.Disposition(0)
        out.mux(cover.encode(av.VideoFrame.from_ndarray(made_clips.coded(1), format="rgb24")))
        out.mux(cover.encode())
        for packet in clip.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                out.mux(packet)
    assert len(list(read_file(file))) == 75


def test_where_the_codec_changes_it_is_said_that_the_rest_is_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = [tmp_path / f"{codec}.ts" for codec in ("libx264", "mpeg2video")]
    for part in parts:
        made_clips.write_clip(part, codec=part.stem)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    caplog.set_level(logging.WARNING)
    assert len(list(read_file(joined))) in (74, 75)
    assert "in a row: it may go on in another codec" in caplog.text


@pytest.mark.parametrize("before", ["#EXTINF:1,", "#EXT-X-STREAM-INF:BANDWIDTH=1"])
def test_a_playlist_that_names_itself_is_refused_at_once(tmp_path: Path, before: str) -> None:
    name = "list.m3u8"
    content = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{before}\n{name}\n".encode()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match="a playlist that names itself"):
        next(read_file(tmp_path / name))
    with web.served() as server:
        server.routes[f"/{name}"] = web.content(content, LISTING)
        seen = look(f"{server.base}/{name}")
        assert "a playlist that names itself" in seen.error
        assert len(server.asked) < 5


def test_of_two_mp4_in_one_file_it_is_said_that_one_is_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content, file = (DATA / "no_face.mp4").read_bytes(), tmp_path / "clip.mp4"
    file.write_bytes(content + content)
    assert len(list(read_file(file))) == 75
    assert f"another MP4 begins at byte {len(content)}, as after `cat`" in caplog.text


def test_a_file_that_grows_meanwhile_is_said_to(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = made_clips.write_clip(tmp_path / "clip.ts")
    frames = read_file(file)
    next(frames)
    with file.open("ab") as stream:
        stream.write(bytes(188))
    assert len(list(frames)) == 74
    assert f"grew while it was read; MPEG-TS or Matroska is followed by `tail -c +1 -f {file} |" in caplog.text
    caplog.clear()
    assert len(list(read_file(file))) == 75
    assert "grew" not in caplog.text


@pytest.mark.parametrize("sides", [(96, 192), (192, 96)])
def test_of_two_videos_without_a_default_one_the_larger_is_read(tmp_path: Path, sides: tuple[int, int]) -> None:
    """As a camera sends both its streams at one address."""
    file = tmp_path / "clip.ts"
    with av.open(str(file), "w") as out:
        streams = [out.add_stream("mpeg2video", rate=25) for _ in sides]
        for stream, side in zip(streams, sides, strict=True):
            stream.width = stream.height = side
            stream.pix_fmt = "yuv420p"
        for number in range(20):
            for stream, side in zip(streams, sides, strict=True):
                frame = av.VideoFrame.from_ndarray(np.full((side, side, 3), 10 * number, np.uint8), format="rgb24")
                out.mux(stream.encode(frame))
        for stream in streams:
            out.mux(stream.encode())
    assert next(read_file(file)).image.shape == (192, 192, 3)
