from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.live.reading.lopsided import Lopsided
from realtime_micacl.types import F32

POINTS = (61, 291, 37, 267, 0, 33, 263)  # three pairs and one point in the middle; the last pair are eyes
MEAN = np.array(
    [[-0.3, 0.6, 0], [0.3, 0.6, 0], [-0.1, 0.5, 0], [0.1, 0.5, 0], [0, 0.5, 0], [-0.5, 0, 0], [0.5, 0, 0]], np.float32
)
SWAPPED = [1, 0, 3, 2, 4, 6, 5]


def shape(mean: F32 = MEAN) -> Shape:
    return Shape(
        bone=(0, 1, 2, 3),
        frame=((0.0,) * 3,) * 4,
        points=POINTS,
        mean=tuple(mean.ravel().tolist()),
        prior=1.0,
        half_s=10.0,
    )


def moved(**places: tuple[float, float]) -> F32:
    change = np.zeros_like(MEAN)
    for name, (x, y) in places.items():
        change[["right", "left", "upper_right", "upper_left", "middle", "right_eye", "left_eye"].index(name), :2] = x, y
    return change.ravel()


@given(hnp.arrays(np.float32, (7, 3), elements=st.floats(-1, 1, width=32)))
def test_what_both_sides_do_alike_is_not_lopsided(change: F32) -> None:
    alike = (change + change[SWAPPED] * np.float32([-1, 1, 1])) / 2
    assert Lopsided(shape()).share(alike.ravel(), 0.0) == 0


@pytest.mark.parametrize(
    "change",
    [
        moved(left=(0.0, -0.3)),
        moved(right=(-0.3, 0.0)),
        moved(left=(0.15, 0), right=(0.15, 0), middle=(0.15, 0), upper_left=(0.15, 0), upper_right=(0.15, 0)),
    ],
    ids=["one corner up", "one corner out", "all to one side"],
)
def test_a_mouth_that_moves_to_one_side_is(change: F32) -> None:
    lips = Lopsided(shape())
    assert lips.share(change, 0.0) == 1
    assert lips.share(change / 100, 0.0) == 0, "a little nobody keeps even"
    halves = [lips.share(change * np.float32(part), 0.0) for part in np.linspace(0, 1, 200)]
    assert halves == sorted(halves)
    assert any(0 < half < 1 for half in halves)


def test_of_a_head_that_is_turned_more_is_let_pass() -> None:
    change = moved(left=(0.0, -0.15))
    straight, left, right = (Lopsided(shape()).share(change, yaw) for yaw in (0.0, -30.0, 30.0))
    assert straight > left == right


def test_a_wink_is_no_lopsided_mouth() -> None:
    assert Lopsided(shape()).share(moved(left_eye=(0.0, 0.5)), 0.0) == 0


def test_landmarks_without_partners_tell_nothing() -> None:
    beside = MEAN + np.float32([2, 0, 0])
    assert Lopsided(shape(beside)).share(moved(left=(0.0, -0.3)), 0.0) == 0
