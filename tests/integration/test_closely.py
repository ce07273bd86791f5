"""Faces of pictures that stand alone: small ones in large pictures, and those that fill the picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.live.seeing.closely import LEAST_PX, OVERLAP, look_closely, starts
from realtime_micacl.live.seeing.detection import Detection
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import U8

HAPPY = Path(__file__).parents[1] / "data" / "sources" / "http_faststart.mp4"


@pytest.fixture(scope="module")
def detector() -> Iterator[FaceDetector]:
    made = FaceDetector()
    yield made
    made.close()


@pytest.fixture(scope="module")
def face() -> U8:
    return next(read_file(HAPPY)).image


@pytest.mark.parametrize(("width", "height", "side"), [(1280, 720, 110), (4000, 3000, 400), (900, 1600, 160)])
def test_every_face_of_a_group_is_found_once_and_where_it_is(
    detector: FaceDetector, face: U8, width: int, height: int, side: int
) -> None:
    picture = np.full((height, width, 3), 110, np.uint8)
    places = [(x, y) for y in (height // 8, height // 2) for x in (width // 10, width // 2)]
    for x, y in places:
        picture[y : y + side, x : x + side] = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    found = look_closely(detector, picture, 8)
    assert len(found) == len(places)
    for x, y in places:
        inside = [one for one in found if x < one.points[2][0] < x + side and y < one.points[2][1] < y + side]
        assert len(inside) == 1
        (nose,) = (one.points[2] for one in inside)
        assert abs(nose[0] - (x + side / 2)) < side * 0.1, "the nose is in the middle of this face"
    assert len(look_closely(detector, picture, 3)) == 3
    sizes = [float(one.box[2] - one.box[0]) for one in found]
    assert sizes == sorted(sizes, reverse=True)


def test_a_face_that_fills_the_picture_is_found(detector: FaceDetector, face: U8) -> None:
    (one,) = look_closely(detector, face, 8)
    left, top, right, bottom = (int(v) for v in one.box)
    (again,) = look_closely(detector, np.ascontiguousarray(face[top:bottom, left:right]), 8)
    assert np.abs(again.points - (one.points - (left, top))).max() < 0.1 * (right - left)


class Everywhere:
    """Sees one face in the middle of whatever it is shown, and keeps what that was."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, int]] = []

    def detect(self, image: U8) -> list[Detection]:
        assert image.flags.c_contiguous
        self.shown.append(image.shape[:2])
        return []


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (100, 20000), (480, 640), (9000, 9000)])
def test_pictures_of_any_size_are_looked_at(size: tuple[int, int]) -> None:
    detector = Everywhere()
    assert look_closely(detector, np.zeros((*size, 3), np.uint8), 8) == []  # type: ignore[arg-type]
    assert 2 <= len(detector.shown) < 120
    assert all(min(shape) >= LEAST_PX for shape in detector.shown[2:])


@pytest.mark.parametrize(("length", "side"), [(480, 160), (481, 160), (160, 160), (1000, 333)])
def test_parts_cover_a_length_and_overlap(length: int, side: int) -> None:
    found = starts(length, side, OVERLAP)
    assert found[0] == 0 and found[-1] == length - side
    assert all(0 < b - a <= side * (1 - OVERLAP) + 1 for a, b in pairwise(found))
