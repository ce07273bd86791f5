from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.seeing.quality import assess, frontal, share_inside
from realtime_micacl.live.sources.video import read_file
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


@pytest.mark.parametrize("cut", [(0.0, 1.0), (0.2, 0.9), (0.4, 0.0)])
def test_half_a_real_face_at_the_edge_is_not_read(clips: Path, cut: tuple[float, float]) -> None:
    """The picture is cut through a face: what is left of it loses quality, and half of it is not read at all."""
    share, most = cut
    frame = next(islice(read_file(clips / "one_face_720p.mp4"), 20, None))
    perceiver = Perceiver(FaceDetector(), read_sidecar(default_engine())[1])
    left = 547 + round(share * 184)  # of the face's box there
    image = np.ascontiguousarray(frame.image[:, left:] if share else frame.image)
    faces = [f for n in range(4) for f in perceiver.perceive(replace(frame, image=image, time_s=n / 25))[0].faces]
    perceiver.close()
    assert all(face.quality.value <= most for face in faces)
    assert all((face.quality.fault == "at the edge") is (most == 0.0) for face in faces)
    assert faces


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


def test_a_turned_face_does_not_start_a_track() -> None:
    assert not frontal(points(turn=0.9))


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=6, max_size=6))
def test_any_points_give_a_quality(rows: list[tuple[float, float]]) -> None:
    quality = assess(crop(), np.array(rows, np.float32))
    assert 0 <= quality.value <= 1
    assert (quality.value == 0) == bool(quality.fault)
