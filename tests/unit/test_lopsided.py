from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import Shape, read_sidecar
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


def test_of_a_head_that_is_turned_more_is_let_pass_but_not_what_nobody_would_miss() -> None:
    little, much = moved(left=(0.0, -0.15)), moved(left=(0.0, -0.6))
    lips = Lopsided(shape())
    straight, left, right = (lips.share(little, yaw) for yaw in (0.0, -10.0, 10.0))
    assert straight > left == right == 0
    assert lips.share(much, 30.0) == 1


def test_a_wink_is_no_lopsided_mouth() -> None:
    assert Lopsided(shape()).share(moved(left_eye=(0.0, 0.5)), 0.0) == 0


@pytest.mark.parametrize(("beside", "tells"), [(0.05, True), (0.15, False)])
def test_two_landmarks_are_partners_where_one_lies_about_where_a_mirror_shows_the_other(
    beside: float, tells: bool
) -> None:
    mean = MEAN.copy()
    mean[0, 1] += beside
    assert (Lopsided(shape(mean)).share(moved(left=(0.0, -0.9)), 0.0) > 0) is tells


def test_each_landmark_of_the_lips_counts_as_much_as_any_other_and_nothing_else_does() -> None:
    shape = read_sidecar(default_engine())[1].shape
    assert shape
    lips, found = Lopsided(shape), {}
    for n, point in enumerate(shape.points):
        change = np.zeros((len(shape.points), 3), np.float32)
        change[n, 0] = 1.2
        found[point] = lips.share(change.ravel(), 0.0)
    counted = {point: share for point, share in found.items() if share}
    assert len(counted) == 40
    heights = [shape.mean[3 * n + 1] for n, point in enumerate(shape.points) if point in counted]
    assert max(heights) - min(heights) < 0.3, "none lies at the nose"
    assert max(counted.values()) - min(counted.values()) < 1e-6
    assert 0 < min(counted.values()) < 1


def test_landmarks_without_partners_tell_nothing() -> None:
    beside = MEAN + np.float32([2, 0, 0])
    assert Lopsided(shape(beside)).share(moved(left=(0.0, -0.3)), 0.0) == 0
