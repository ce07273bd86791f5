"""Pictures of floating-point numbers: whatever unit these have, the picture is the one that was meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32, U8

MEANT = np.random.default_rng(0).integers(0, 256, (37, 51, 3)).astype(np.uint8)
MEANT[:6] = 255
Change = Callable[[F32], F32]


def light(picture: F32) -> F32:
    share = picture / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def torn(picture: F32) -> F32:
    picture = picture.copy()
    picture[-1, 0], picture[-1, 1] = np.nan, np.inf
    return picture


def exr(file: Path, numbers: F32) -> None:
    with av.open(str(file), "w", format="image2", options={"update": "1"}) as out:
        stream = out.add_stream("exr", rate=25)
        stream.height, stream.width, stream.pix_fmt = *numbers.shape[:2], "gbrpf32le"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(numbers, format="gbrpf32le")))
        out.mux(stream.encode())


def read(file: Path) -> U8:
    return next(iter(read_file(file))).image


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a.pfm", lambda p: p),
        ("a.pfm", lambda p: p / 255),
        ("a.pfm", lambda p: p * 257),
        ("a.pfm", lambda p: light(p) * 4),
        ("a.pfm", torn),
        ("a.tiff", lambda p: p),
        ("a.tiff", lambda p: light(p) * 1e6),
        ("a.hdr", lambda p: light(p) * 0.1),
        ("a.exr", lambda p: light(p) * 90),
    ],
)
def test_the_unit_of_the_numbers_is_seen(name: str, change: Change, tmp_path: Path) -> None:
    numbers = np.asarray(change(MEANT.astype(np.float32)), np.float32)
    if name == "a.exr":
        exr(tmp_path / name, numbers)
    else:
        assert cv2.imwrite(str(tmp_path / name), numbers[..., ::-1])
    off = np.abs(read(tmp_path / name).astype(int) - MEANT)[:-1]
    assert off.max() <= (16 if name == "a.hdr" else 1)  # in a bright pixel Radiance is coarse for the darker colours


def test_a_dark_picture_of_eight_bits_stays_dark(tmp_path: Path) -> None:
    dark = 0.2 * MEANT.astype(np.float32)
    assert cv2.imwrite(str(tmp_path / "dark.pfm"), dark[..., ::-1])
    assert np.abs(read(tmp_path / "dark.pfm") - dark).max() <= 1


def test_grey_and_holes(tmp_path: Path) -> None:
    grey = MEANT[..., 0].astype(np.float32)
    assert cv2.imwrite(str(tmp_path / "grey.pfm"), grey)
    assert np.abs(read(tmp_path / "grey.pfm") - grey[..., None]).max() <= 1
    holed = np.dstack((MEANT[..., ::-1].astype(np.float32), np.ones(MEANT.shape[:2], np.float32)))
    holed[10:20, :, 3] = 0
    assert cv2.imwrite(str(tmp_path / "holed.tiff"), holed)
    image = read(tmp_path / "holed.tiff")
    assert (image[10:20] == 255).all() and np.abs(image[20:].astype(int) - MEANT[20:]).max() <= 1


def test_a_black_picture_and_one_without_a_number(tmp_path: Path) -> None:
    for name, number in (("black.hdr", 0.0), ("none.pfm", np.nan)):
        assert cv2.imwrite(str(tmp_path / name), np.full((8, 9, 3), number, np.float32))
        assert not read(tmp_path / name).any()
