"""Whatever a decoder hands out becomes one kind of picture: dense, upright, with square pixels, RGB, read-only."""

from __future__ import annotations

import threading
from contextlib import closing
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_micacl.errors import SourceError
from realtime_micacl.lazy import made
from realtime_micacl.live.sources import upright
from realtime_micacl.live.sources.source import open_source, parse_source
from realtime_micacl.live.sources.upright import MOST_PX, Upright
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
FORMS = (
    "yuv420p",
    "yuvj420p",
    "yuv422p",
    "yuv444p",
    "yuv410p",
    "yuv411p",
    "nv12",
    "nv21",
    "yuyv422",
    "uyvy422",
    "p010le",
    "yuv420p10le",
    "yuv420p12le",
    "yuv422p10le",
    "yuv444p16le",
    "gray",
    "gray10le",
    "gray16le",
    "ya8",
    "ya16le",
    "rgb24",
    "bgr24",
    "rgba",
    "bgra",
    "argb",
    "abgr",
    "bgr0",
    "rgb565le",
    "rgb48le",
    "rgba64le",
    "gbrp",
    "gbrap",
    "gbrp10le",
    "gbrpf32le",
    "yuva420p",
    "yuva444p10le",
    "monow",
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


class Square:
    """Stands for a stream that says nothing of its pixels."""

    sample_aspect_ratio = None
    codec_context = SimpleNamespace(name="")


@pytest.mark.parametrize("width", [1, 2, 3, 17, 360, 427, 854, 1366])
@pytest.mark.parametrize("form", FORMS)
def test_every_pixel_format_gives_dense_rgb(form: str, width: int) -> None:
    grey = np.full((6, width, 3), 255, np.uint8)
    frame = av.VideoFrame.from_ndarray(grey, "rgb24").reformat(format=form, threads=1)  # more threads leave holes
    image = made(Upright(Square())(frame))  # type: ignore[arg-type]
    assert image.shape == (6, width, 3) and image.dtype == np.uint8
    assert image.flags.c_contiguous and not image.flags.writeable
    assert image[:, : max(1, width - 1)].min() > 245, "FFmpeg's last column is off where two pixels share a colour"


def test_what_is_transparent_shows_white() -> None:
    pixels = np.zeros((4, 50, 4), np.uint8)
    pixels[:, :25, 3], pixels[:, 20:25, 3] = 255, 128
    image = made(Upright(Square())(av.VideoFrame.from_ndarray(pixels, "rgba")))  # type: ignore[arg-type]
    assert image[0, :20].max() == 0 and image[0, 22, 0] == 127 and image[0, 25:].min() == 255


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
def test_a_cover_is_never_read(tmp_path: Path, cover: int) -> None:
    marks = [Disposition.default, Disposition.default]
    marks[cover] = Disposition.attached_pic
    write_two(tmp_path / "clip.mp4", (marks[0], marks[1]))
    assert [f.image.shape[1] for f in read_file(tmp_path / "clip.mp4")] == [64 + 32 * (1 - cover)]
    write_two(tmp_path / "song.mp4", (Disposition.attached_pic, Disposition.attached_pic))
    with pytest.raises(SourceError, match=r"holds no video \(a cover picture and nothing else was found\)"):
        list(read_file(tmp_path / "song.mp4"))


def test_a_picture_with_a_side_longer_than_any_that_can_be_turned_is_refused(tmp_path: Path) -> None:
    """OpenCV's own words would end the run."""
    for length, fits in ((MOST_PX, True), (MOST_PX + 1, False)):
        file = tmp_path / f"{length}.png"
        cv2.imwrite(str(file), np.zeros((1, length, 3), np.uint8))
        if fits:
            assert next(read_file(file)).image.shape == (1, length, 3)
            cv2.warpAffine(next(read_file(file)).image, np.eye(2, 3), (9, 9))
            continue
        with pytest.raises(SourceError, match=f"{length} x 1 px is too large; .* make it smaller"):
            next(read_file(file))


@pytest.mark.parametrize(("height", "told"), [(48, 0), (49, 1)])
def test_a_picture_that_takes_long_is_said_to_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, height: int, told: int
) -> None:
    monkeypatch.setattr(upright, "MUCH_PX", 48 * 64)
    made = Upright(Square())  # type: ignore[arg-type]
    for _ in range(2):
        made(av.VideoFrame.from_ndarray(np.zeros((height, 64, 3), np.uint8), "rgb24"))
    assert caplog.text.count(f"a picture of 64 x {height} px takes long") == told
