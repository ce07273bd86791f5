from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.seeing.align import Aligner, _shrunk, centred, similarity
from realtime_micacl.types import F32, U8

POINTS = ((0.30, 0.372), (0.70, 0.372), (0.50, 0.603), (0.50, 0.790))
TARGET = np.array(POINTS, np.float32)


def moved(points: F32, scale: float, angle: float, x: float, y: float) -> F32:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points @ turn.T * scale + (x, y)).astype(np.float32)


@given(st.floats(5, 400), st.floats(-3, 3), st.floats(-500, 2000), st.floats(-500, 2000))
def test_similarity_is_found_exactly(scale: float, angle: float, x: float, y: float) -> None:
    source = moved(TARGET, scale, angle, x, y)
    found = similarity(source, centred(TARGET))
    assert np.allclose(source @ found[:, :2].T + found[:, 2], TARGET, atol=2e-3)
    assert found[0, 0] == pytest.approx(found[1, 1]), "a rotation and one scale, no shear"
    assert found[0, 1] == pytest.approx(-found[1, 0])


def test_points_that_coincide_give_a_finite_transform() -> None:
    assert np.isfinite(similarity(np.full((4, 2), 7, np.float32), centred(TARGET))).all()


def picture(points: F32, size: tuple[int, int]) -> U8:
    """White dots at the key points on grey."""
    image = np.full((size[1], size[0], 3), 60, np.uint8)
    radius = max(2, round(0.08 * float(np.hypot(*(points[1] - points[0])))))
    for x, y in points:
        cv2.circle(image, (round(float(x)), round(float(y))), radius, (255, 255, 255), -1)
    return image


@pytest.mark.parametrize("scale", [60.0, 150.0, 500.0])
@pytest.mark.parametrize("angle", [0.0, 0.5, -1.2])
def test_the_key_points_land_where_the_sidecar_says(scale: float, angle: float) -> None:
    points = moved(TARGET - 0.5, scale, angle, 640, 360)
    crop = Aligner(64, POINTS).crop(picture(points, (1280, 720)), points)
    assert crop.shape == (64, 64, 3)
    for x, y in POINTS:
        column, row = round(x * 64 - 0.5), round(y * 64 - 0.5)
        assert crop[row, column].min() > 180, (x, y)
    assert crop[5, 32].max() < 90


@pytest.mark.parametrize("side", [107, 128, 173, 192, 301])
def test_a_face_is_shrunk_as_cv2_shrinks_bytes(side: int) -> None:
    """Halves are the exception: of four bytes, and of them alone, cv2 rounds a mean that ends in .5 up."""
    image = np.random.default_rng(side).integers(0, 256, (side, side, 3)).astype(np.uint8)
    points = TARGET * side - 0.5
    small, _ = _shrunk(image, points, similarity(points, centred(TARGET * 64 - 0.5)), 64, 64 / side)
    assert np.array_equal(small, cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA))


def test_a_picture_that_is_the_crop_comes_out_as_it_is() -> None:
    """Key points are in px of the picture, whose pixels have their centres at whole numbers."""
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    assert np.array_equal(Aligner(64, POINTS).crop(image, TARGET * 64 - 0.5), image)
    twice = image.repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(Aligner(64, POINTS).crop(twice, TARGET * 128 - 0.5), image), "shrunk by area"


@pytest.mark.parametrize("side_px", [40, 90, 150, 240])
def test_a_crop_is_off_by_no_fraction_of_a_pixel(side_px: int) -> None:
    """On a picture that grows by one grey a pixel each grey says where it was taken, before and after shrinking."""
    across = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    image = np.stack([across, across.T, across], axis=2)
    left, top = 7, 11
    crop = Aligner(64, POINTS).crop(image, TARGET * side_px - 0.5 + np.array([left, top], np.float32)).astype(float)
    inner = (np.arange(4, 60) + 0.5) * side_px / 64 - 0.5
    assert np.abs(crop[30, 4:60, 0] - left - inner).max() < 1
    assert (crop[30, 4:60, 0] - left - inner).mean() == pytest.approx(0, abs=0.15)
    assert (crop[4:60, 30, 1] - top - inner).mean() == pytest.approx(0, abs=0.15)


def test_large_faces_are_shrunk_without_aliasing() -> None:
    image = np.zeros((720, 1280, 3), np.uint8)
    image[:, ::2] = 255  # stripes one pixel wide must become an even grey
    crop = Aligner(64, POINTS).crop(image, moved(TARGET, 500.0, 0.0, 300, 100)).astype(float)
    assert crop.std() < 12
    assert crop.mean() == pytest.approx(127, abs=8)


@given(st.floats(2, 3000), st.floats(-3, 3), st.floats(-3000, 4000), st.floats(-3000, 4000))
def test_any_points_give_a_crop(scale: float, angle: float, x: float, y: float) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    crop = Aligner(32, POINTS).crop(image, moved(TARGET, scale, angle, x, y))
    assert crop.shape == (32, 32, 3)
    assert not crop.flags.writeable


def test_a_small_face_is_enlarged_without_steps() -> None:
    across = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    image = np.stack([across * 8] * 3, axis=2)
    crop = Aligner(64, POINTS).crop(image, TARGET * 12 + np.float32(8)).astype(int)
    assert (np.diff(crop[30, 8:56, 0]) > 0).all()
