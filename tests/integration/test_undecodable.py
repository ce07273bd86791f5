"""Videos of kinds for which there is no decoder, as a cinema camera's raw video, and such as leave out all pictures."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.video import read_file
from tests.integration import web
from tests.integration.test_stream import look

DATA = Path(__file__).parents[1] / "data"
SAID = "clip.mp4 is in a format that is not decoded here"


def clip(file: Path, *kinds: bytes) -> Path:
    """Write a file with a video of each kind, a frame in each."""
    with av.open(str(file), "w") as out:
        streams = [out.add_stream("libx264", rate=25) for _ in kinds]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for stream in streams:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
            out.mux(stream.encode())
    head, *parts = file.read_bytes().split(b"avc1")
    assert len(parts) == len(kinds) + 1, "one is the brand of the file"
    file.write_bytes(
        head + b"avc1" + b"".join(part + kind for part, kind in zip(parts[:-1], kinds, strict=True)) + parts[-1]
    )
    return file


def test_a_video_without_a_decoder_is_said_to_be_one(tmp_path: Path) -> None:
    file = clip(tmp_path / "clip.mp4", b"braw")
    with pytest.raises(SourceError, match=SAID):
        list(read_file(file))
    with web.served() as server:
        server.routes["/clip.mp4"] = web.content(file.read_bytes())
        assert SAID in look(f"{server.base}/clip.mp4").error


@pytest.mark.parametrize("kinds", [(b"braw", b"avc1"), (b"avc1", b"braw")])
def test_of_two_videos_the_one_with_a_decoder_is_read(tmp_path: Path, kinds: tuple[bytes, bytes]) -> None:
    assert len(list(read_file(clip(tmp_path / "clip.mp4", *kinds)))) == 1


@pytest.mark.parametrize(("length", "begins"), [(6000, 10**9), (5000, -1), (0, 1024)])
def test_a_video_whose_edit_list_leaves_out_everything_is_read_without_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, length: int, begins: int
) -> None:
    content, file = bytearray((DATA / "no_face.mp4").read_bytes()), tmp_path / "clip.mp4"
    at = content.index(b"elst") + 12
    content[at : at + 8] = struct.pack(">Ii", length, begins)
    file.write_bytes(content)
    assert [round(frame.time_s, 2) for frame in read_file(file)] == [n / 25 for n in range(75)]
    assert caplog.messages == [
        f"{file} has an edit list that leaves out all its pictures; it is read as if it had none"
    ]
