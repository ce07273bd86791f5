"""Whatever a decoder hands out becomes one kind of picture: dense, upright, with square pixels, RGB, read-only."""

from __future__ import annotations

import threading
from contextlib import closing
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.source import open_source, parse_source
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import U8, Frame

CORNERS = {(-1, -1): (200, 60, 50), (1, -1): (40, 170, 60), (-1, 1): (60, 70, 190), (1, 1): (225, 225, 225)}
"""Left or right, upper or lower -> what a picture shows there."""
LOSSLESS = (
    ("rawvideo", "rgb24"),
    ("rawvideo", "gray"),
    ("rawvideo", "bgra"),
    ("png", "rgb24"),
    ("png", "rgba"),
    ("png", "ya8"),
    ("png", "rgb48be"),
    ("png", "gray16be"),
)
LOSSY = (
    ("libx264", "yuv420p"),
    ("libx264", "yuv444p"),
    ("libx264", "yuv420p10le"),
    ("libx264rgb", "rgb24"),
    ("libx265", "yuv420p10le"),
    ("mjpeg", "yuvj420p"),
    ("mjpeg", "yuvj444p"),
    ("prores_ks", "yuv422p10le"),
    ("prores_ks", "yuva444p10le"),
)
ONE = 1 << 16
TURNS = {
    "none": (ONE, 0, 0, ONE),
    "mirrored": (-ONE, 0, 0, ONE),
    "upside down": (-ONE, 0, 0, -ONE),
    "flipped": (ONE, 0, 0, -ONE),
    "quarter": (0, ONE, -ONE, 0),
    "three quarters": (0, -ONE, ONE, 0),
    "quarter and mirrored": (0, ONE, ONE, 0),
    "three quarters and mirrored": (0, -ONE, -ONE, 0),
    "nearly none": (ONE * 99 // 100, ONE // 8, -ONE // 8, ONE * 99 // 100),
    "twice as large": (2 * ONE, 0, 0, 2 * ONE),
}
SHAPES = (Fraction(0), Fraction(1), Fraction(2), Fraction(1, 2), Fraction(64, 45), Fraction(32, 27), Fraction(1, 10))


def corners(width: int, height: int) -> U8:
    picture = np.empty((height, width, 3), np.uint8)
    for (x, y), colour in CORNERS.items():
        rows = slice(height // 2, None) if y > 0 else slice(0, height // 2)
        picture[rows, width // 2 :] = colour if x > 0 else picture[rows, width // 2 :]
        picture[rows, : width // 2] = colour if x < 0 else picture[rows, : width // 2]
    return picture


def write_mov(
    file: Any, picture: U8, coding: tuple[str, str], turn: tuple[int, ...], shape: Fraction, frames: int = 2
) -> None:
    codec, form = coding
    a, b, c, d = turn
    with av.open(file, "w", format="mov") as out:
        stream = out.add_stream(codec, rate=25, options={"x265-params": "log-level=none"})
        stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], form
        stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
        stream.codec_context.sample_aspect_ratio = shape
        for _ in range(frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=form, threads=1)))
        out.mux(stream.encode())


def assert_dense(frame: Frame) -> None:
    image = frame.image
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    assert image.flags.c_contiguous and not image.flags.writeable


def assert_as_meant(image: U8, turn: tuple[int, ...], tolerance: int, *, grey: bool = False) -> None:
    """Look up each corner of the stored picture where the matrix says that it is shown."""
    a, b, c, d = turn
    height, width = image.shape[:2]
    for (x, y), colour in CORNERS.items():
        right, lower = a * x + c * y > 0, b * x + d * y > 0
        seen = image[height * (1 + 2 * lower) // 4, width * (1 + 2 * right) // 4].astype(int)
        wanted = np.array(colour)
        if grey:
            wanted = np.full(3, round(float(wanted @ (0.299, 0.587, 0.114))))
        assert np.abs(seen - wanted).max() <= tolerance, (x, y)


def size_meant(width: int, height: int, shape: Fraction, turn: tuple[int, ...]) -> tuple[int, int]:
    if shape and Fraction(1, 4) <= shape <= 4:
        width, height = (round(width * shape), height) if shape > 1 else (width, round(height / shape))
    return (width, height) if abs(turn[0]) > abs(turn[1]) else (height, width)


@settings(max_examples=120, deadline=None)
@given(
    width=st.integers(16, 200),
    height=st.integers(16, 90),
    coding=st.sampled_from(LOSSLESS + LOSSY),
    turn=st.sampled_from(sorted(TURNS)),
    shape=st.sampled_from(SHAPES),
)
def test_every_picture_of_a_file_is_dense_upright_and_square(
    width: int,
    height: int,
    coding: tuple[str, str],
    turn: str,
    shape: Fraction,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if "420" in coding[1] or "422" in coding[1]:
        width, height = width // 2 * 2, height // 2 * 2
    if coding[0] == "rawvideo":  # others are not written
        width = width // 4 * 4
    if coding[0] == "libx265":
        width, height = width + 64, height + 64
    file = tmp_path_factory.getbasetemp() / "picture.mov"
    write_mov(str(file), corners(width, height), coding, TURNS[turn], shape)
    frames = list(read_file(file))
    assert len(frames) == 2
    for frame in frames:
        assert_dense(frame)
        assert frame.image.shape[1::-1] == size_meant(width, height, shape, TURNS[turn])
        assert_as_meant(frame.image, TURNS[turn], 12, grey="gray" in coding[1] or coding[1] == "ya8")


@pytest.mark.parametrize("width", [90, 427])
def test_every_picture_of_a_camera_of_motion_jpeg_is_dense(width: int) -> None:
    content = cv2.imencode(".jpg", corners(width, 95)[..., ::-1])[1].tobytes()

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            for _ in range(30):
                self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + content + b"\r\n")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with closing(open_source(parse_source(f"http://127.0.0.1:{server.server_port}/video"))) as frames:  # type: ignore[type-var]
            frame = next(frames)
    finally:
        server.shutdown()
        server.server_close()
    assert isinstance(frame, Frame)
    assert_dense(frame)
    assert frame.image.shape == (95, width, 3)
    assert_as_meant(frame.image, TURNS["none"], 12)


def test_pixels_of_an_absurd_shape_are_taken_for_square_ones_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_mov(str(tmp_path / "absurd.mov"), corners(64, 48), ("mjpeg", "yuvj420p"), TURNS["none"], Fraction(1, 10))
    assert {f.image.shape for f in read_file(tmp_path / "absurd.mov")} == {(48, 64, 3)}
    assert caplog.text.count("taken as square") == 1


@pytest.mark.parametrize(("name", "widths"), [("a.mjpeg", (100, 171, 64)), ("a.MJPG", (2100, 64, 960))])
def test_pictures_whose_size_changes_on_the_way_are_all_dense(
    name: str, widths: tuple[int, ...], tmp_path: Path
) -> None:
    pictures = [cv2.imencode(".jpg", corners(width, 96)[..., ::-1])[1].tobytes() for width in widths]
    file = tmp_path / name
    file.write_bytes(b"".join(pictures))
    frames = list(read_file(file))
    assert [f.image.shape[1] for f in frames] == [*widths]
    for frame in frames:
        assert_dense(frame)
        assert_as_meant(frame.image, TURNS["none"], 12)


def write_two(file: Path, marks: tuple[Disposition, Disposition]) -> None:
    """Write two videos, 64 and 96 px wide."""
    with av.open(str(file), "w") as out:
        streams = []
        for number, mark in enumerate(marks):
            stream = out.add_stream("mjpeg", rate=25)
            stream.width, stream.height, stream.pix_fmt, stream.disposition = 64 + 32 * number, 48, "yuvj420p", mark
            streams.append(stream)
        for stream in streams:
            frame = av.VideoFrame.from_ndarray(corners(stream.width, 48), "rgb24").reformat(format="yuvj420p")
            out.mux(stream.encode(frame))


def test_of_two_videos_the_default_one_is_read_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_two(tmp_path / "two.mkv", (Disposition(0), Disposition.default))
    assert [f.image.shape[1] for f in read_file(tmp_path / "two.mkv")] == [96]
    assert "holds 2 videos; number 2 is read" in caplog.text


@pytest.mark.parametrize("cover", [0, 1])
def test_a_cover_is_never_read(tmp_path: Path, cover: int, caplog: pytest.LogCaptureFixture) -> None:
    marks = [Disposition.default, Disposition.default]
    marks[cover] = Disposition.attached_pic
    write_two(tmp_path / "clip.mp4", (marks[0], marks[1]))
    assert [f.image.shape[1] for f in read_file(tmp_path / "clip.mp4")] == [64 + 32 * (1 - cover)]
    assert "videos" not in caplog.text, "it is none"
    write_two(tmp_path / "song.mp4", (Disposition.attached_pic, Disposition.attached_pic))
    with pytest.raises(SourceError, match=r"holds no video \(a cover picture and nothing else was found\)"):
        list(read_file(tmp_path / "song.mp4"))
