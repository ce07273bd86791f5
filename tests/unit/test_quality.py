from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.quality import assess, frontal
from realtime_micacl.types import F32

POINTS = np.array([[0.30, 0.372], [0.70, 0.372], [0.50, 0.603], [0.50, 0.790], [0.1, 0.45], [0.9, 0.45]])


def points(side_px: float = 200, turn: float = 0.0) -> F32:
    """Key points of a face; turning moves the nose aside and brings the eyes together."""
    moved = POINTS.copy()
    moved[:2, 0] = 0.5 + (moved[:2, 0] - 0.5) * (1 - 0.6 * abs(turn))
    moved[2, 0] += 0.25 * turn
    return (moved * side_px).astype(np.float32)


def crop() -> np.ndarray:
    """A picture as sharp and as contrasty as a face is."""
    noise = np.random.default_rng(1).normal(size=(64, 64)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    luma = 128 + 40 * (smooth / smooth.std()) + 12 * noise
    return np.repeat(luma.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_a_good_face() -> None:
    quality = assess(crop(), points())
    assert quality.fault == ""
    assert quality.value == 1.0
    assert frontal(points())


@pytest.mark.fault("R16")
@pytest.mark.parametrize(
    ("picture", "key_points", "fault"),
    [
        (crop(), points(side_px=30), "too small"),
        (crop(), points(turn=0.9), "turned away"),
        (crop(), points(turn=-0.9), "turned away"),
        ((crop() * 0.1).astype(np.uint8), points(), "dark"),
        (np.full((64, 64, 3), 128, np.uint8), points(), "dark"),
        (cv2.GaussianBlur(crop(), (0, 0), 5), points(), "blurred"),
    ],
)
def test_each_fault_is_named(picture: np.ndarray, key_points: F32, fault: str) -> None:
    quality = assess(picture, key_points)
    assert (quality.value, quality.fault) == (0.0, fault)


def test_a_turned_face_does_not_start_a_track() -> None:
    assert not frontal(points(turn=0.9))


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=6, max_size=6))
def test_any_points_give_a_quality(rows: list[tuple[float, float]]) -> None:
    quality = assess(crop(), np.array(rows, np.float32))
    assert 0 <= quality.value <= 1
    assert (quality.value == 0) == bool(quality.fault)
