from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.seeing.quality import assess, frontal, share_inside
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


@pytest.mark.parametrize(
    ("box", "share"),
    [
        ((10, 10, 90, 90), 1.0),
        ((-40, 10, 40, 90), 0.5),
        ((60, 60, 140, 140), 0.25),
        ((200, 10, 280, 90), 0.0),
        ((-50, -50, 150, 150), 0.25),
    ],
)
def test_a_face_at_the_edge_is_worth_what_is_seen_of_it(box: tuple[float, ...], share: float) -> None:
    inside = share_inside(np.array(box, np.float32), 100, 100)
    assert inside == pytest.approx(share)
    quality = assess(crop(), points(), inside=inside)
    assert (quality.value, quality.fault) == ((1.0, "") if share == 1.0 else (0.0, "at the edge"))
    assert 0.0 < assess(crop(), points(), inside=0.75).value < 0.6


@pytest.mark.parametrize(
    ("covers", "fault"), [((0.9, 0.1), "mouth covered"), ((0.1, 0.95), "eyes covered"), ((0.1, 0.2), "")]
)
def test_what_lies_over_mouth_or_eyes_is_named(covers: tuple[float, float], fault: str) -> None:
    quality = assess(crop(), points(), covers=np.array(covers, np.float32))
    assert (quality.value, quality.fault) == (0.0 if fault else 1.0, fault)


@pytest.mark.parametrize(
    ("head", "value"),
    [((0, 0, 0), 1), ((20, -15, 40), 1), ((35, 0, 0), 0.5), ((-50, 0, 0), 0), ((0, 40, 0), 0), ((0, -40, 0), 0)],
)
def test_where_the_angles_of_the_head_are_known_they_say_whether_it_is_turned_away(
    head: tuple[float, float, float], value: float
) -> None:
    quality = assess(crop(), points(turn=0.6), head=np.array(head, np.float32))
    assert (quality.value, quality.fault) == (value, "" if value else "turned away")


@pytest.mark.parametrize(
    ("eyes_to_mouth", "aside", "front"),
    [(1.05, 0.0, True), (0.7, 0.0, True), (0.5, 0.0, False), (1.6, 0.0, True), (1.9, 0.0, False)]
    + [(1.05, aside, abs(aside) < 0.4) for aside in (0.35, -0.35, 0.5, -0.5)],
)
def test_only_a_face_from_the_front_starts_a_track(eyes_to_mouth: float, aside: float, front: bool) -> None:
    """Both in distances between the eyes; a head that looks down is flat, one that looks aside is tall."""
    seen = points()
    eyes_px = float(seen[1, 0] - seen[0, 0])
    seen[3, 1] = seen[0, 1] + eyes_to_mouth * eyes_px
    seen[2, 0] += aside * eyes_px
    assert frontal(seen) is front


def shown(mean: float, contrast: float) -> np.ndarray:
    """A sharp picture with this mean and this standard deviation of luma."""
    luma = np.full((64, 64), mean)
    luma[::2] += contrast
    luma[1::2] -= contrast
    return np.repeat(luma.round().astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("picture", "key_points", "known", "least", "most"),
    [
        (crop(), points(side_px=10 / 0.4), {}, 0, 0),  # px between the eyes
        (crop(), points(side_px=18 / 0.4), {}, 0.05, 0.3),
        (crop(), points(side_px=35 / 0.4), {}, 0.7, 0.95),
        (crop(), points(side_px=45 / 0.4), {}, 1, 1),
        (shown(20, 20), points(), {}, 0, 0),
        (shown(30, 20), points(), {}, 0.05, 0.3),
        (shown(55, 20), points(), {}, 0.7, 0.95),
        (shown(65, 20), points(), {}, 1, 1),
        (shown(128, 4), points(), {}, 0, 0),
        (shown(128, 8), points(), {}, 0.05, 0.3),
        (shown(128, 16), points(), {}, 0.7, 0.95),
        (crop(), points(), {"head": (0, 22, 0)}, 0.75, 0.95),
        (crop(), points(), {"head": (0, -33, 0)}, 0.05, 0.25),
        (crop(), points(), {"head": (28, 0, 0)}, 0.75, 0.95),
        (crop(), points(), {"head": (-42, 0, 0)}, 0.05, 0.25),
        (crop(), points(), {"covers": (0.3, 0)}, 0.7, 0.9),
        (crop(), points(), {"covers": (0.45, 0)}, 0.1, 0.3),
        (crop(), points(), {"covers": (0.55, 0)}, 0, 0),
        (crop(), points(), {"covers": (0, 0.45)}, 1, 1),
        (crop(), points(), {"covers": (0, 0.7)}, 0.2, 0.5),
        (crop(), points(), {"covers": (0, 0.85)}, 0, 0),
        (crop(), points(), {"inside": 0.6}, 0, 0),
        (crop(), points(), {"inside": 0.66}, 0.05, 0.3),
        (crop(), points(), {"inside": 0.87}, 0.8, 0.95),
        (crop(), points(), {"inside": 0.92}, 1, 1),
    ],
)
def test_a_face_is_worth_less_and_less_towards_what_cannot_be_used(
    picture: np.ndarray, key_points: F32, known: dict[str, Any], least: float, most: float
) -> None:
    given = {name: np.array(value, np.float32) if name != "inside" else value for name, value in known.items()}
    assert least <= assess(picture, key_points, **given).value <= most


@pytest.mark.parametrize(
    ("which", "by", "least", "most"),
    [
        *((2, by, *worth) for by, worth in ((0.1, (1, 1)), (0.23, (0.7, 0.95)), (0.39, (0.05, 0.3)), (0.45, (0, 0)))),
        *((3, by, *worth) for by, worth in ((0.25, (1, 1)), (0.4, (0.6, 0.95)), (0.68, (0.05, 0.3)), (0.8, (0, 0)))),
    ],
)
def test_where_no_angles_are_known_the_key_points_say_how_far_a_head_is_turned(
    which: int, by: float, least: float, most: float
) -> None:
    """The nose moves aside, or the mouth down, in distances between the eyes."""
    seen = points()
    seen[which, 0 if which == 2 else 1] += by * float(seen[1, 0] - seen[0, 0])
    assert least <= assess(crop(), seen).value <= most


@pytest.mark.parametrize(("blur", "least", "most"), [(0.7, 1, 1), (0.75, 0.5, 0.9), (0.9, 0.02, 0.3), (2.0, 0, 0)])
def test_what_is_out_of_focus_is_worth_less(blur: float, least: float, most: float) -> None:
    assert least <= assess(cv2.GaussianBlur(crop(), (0, 0), blur), points()).value <= most


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=6, max_size=6))
def test_any_points_give_a_quality(rows: list[tuple[float, float]]) -> None:
    quality = assess(crop(), np.array(rows, np.float32))
    assert 0 <= quality.value <= 1
    assert (quality.value == 0) == bool(quality.fault)
