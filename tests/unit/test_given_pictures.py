"""Pictures that a program hands over, as other libraries make them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from realtime_micacl.api.picture import as_picture
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
