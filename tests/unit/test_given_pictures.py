"""Pictures that a program hands over, as other libraries make them."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pytest
from PIL import Image

from realtime_micacl.api.picture import as_picture, as_time
from realtime_micacl.api.read import frames_of, read
from realtime_micacl.errors import ConfigError


def saved(image: np.ndarray, exif: bytes | None = None) -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "jpeg", quality=100, exif=exif or b"")
    return file


@pytest.fixture
def image() -> np.ndarray:
    """A picture whose left half is white."""
    image = np.zeros((32, 64, 3), np.uint8)
    image[:, :32] = 255
    return image


def test_a_picture_of_pillow_is_turned_as_its_exif_says(image: np.ndarray) -> None:
    """As the same file is, where its path is given."""
    turned = Image.Exif()
    turned[0x112] = 6
    found = as_picture(Image.open(saved(image, turned.tobytes())))
    assert found.shape == (64, 32, 3)
    assert found[:30].mean() > 200
    assert found[34:].mean() < 50


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_picture_of_pillow_with_damaged_exif_is_read(image: np.ndarray) -> None:
    broken = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03\xff\xff\xff\xff"
    assert as_picture(Image.open(saved(image, broken))).shape == image.shape


def test_a_picture_of_pillow_that_cannot_be_had_is_refused_in_words(image: np.ndarray) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    cut = Image.open(io.BytesIO(saved(noise).getvalue()[:2000]))
    closed = Image.open(saved(image))
    closed.load()
    closed.close()
    for given, said in ((cut, "truncated"), (closed, "closed")):
        with pytest.raises(ConfigError, match=f"cannot be made an array: .*{said}.*; a picture is RGB"):
            as_picture(given)


def test_an_array_of_pictures_is_no_picture() -> None:
    row = np.empty(2, object)
    row[:] = [np.zeros((20, 20, 3), np.uint8)] * 2
    assert len(list(frames_of(row, 25))) == 2
    read(row).close()
    grey = np.zeros((5, 20, 30), np.uint8)
    with pytest.raises(ConfigError, match=r"\[5, 20, 30\] .* list\(\.\.\) makes a row of grey pictures"):
        read(grey)
    assert [frame.image.shape for frame in frames_of(list(grey), 25)] == [(20, 30, 3)] * 5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (datetime(2026, 1, 1), r"a number of seconds; \(t - first\) / np.timedelta64"),
        (np.datetime64("2026-01-01"), "the time is '2026-01-01'; it is a number of seconds; "),
        (np.datetime64("2026-01-01", "ns"), "the time is '2026-01-01T00:00:00.000000000'; it is a number of seconds; "),
        (np.timedelta64(40_000_000, "ns"), "the time is '40000000 nanoseconds'; it is a number of seconds; "),
        (np.zeros((20, 20, 3), np.uint8), "first, then the picture"),
        (True, r"the time is True; cv2's read\(\) gives whether"),
        (np.bool_(False), "the time is False; cv2's"),
        (float("nan"), "the time is nan; it is a number of seconds$"),
        (1_796_009_495_256_602_551, r"the time is 1\.\d+e\+18; .* seconds; milli- and nanoseconds have to be divided"),
        (-1e300, "have to be divided"),
    ],
)
def test_a_date_is_no_time(given: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        as_time(given, None, "")
    assert as_time(np.float32(time.time()), None, "") > 1.7e9


def test_an_error_of_the_callers_own_pictures_comes_back_as_it_was() -> None:
    def pictures() -> Iterator[np.ndarray]:
        yield np.zeros((64, 64, 3), np.uint8)
        raise ZeroDivisionError("mine") from OSError("the disk")

    with pytest.raises(ZeroDivisionError, match="mine") as found:
        list(read(pictures()))
    assert isinstance(found.value.__cause__, OSError)
