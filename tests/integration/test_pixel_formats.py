"""Every pixel format that a decoder hands out becomes dense RGB; what is transparent shows white."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.lazy import made
from realtime_micacl.live.sources import upright
from realtime_micacl.live.sources.upright import MOST_PX, Upright
from realtime_micacl.live.sources.video import read_file

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
