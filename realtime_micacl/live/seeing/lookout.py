"""Looks for faces with the full-range model, and with the short-range one when that is not enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from math import inf
from typing import Literal

import numpy as np

from realtime_micacl.live.seeing.closely import SURE, starts
from realtime_micacl.live.seeing.detection import SAME, Detection, Reach, distinct, largest, overlap
from realtime_micacl.live.seeing.detector import FaceDetector, least_px
from realtime_micacl.live.seeing.mesh import FaceMesh, region
from realtime_micacl.live.seeing.round_robin import RoundRobin
from realtime_micacl.types import U8

Choice = Literal["auto", "full", "short"]
PEEK_S = 0.5  # the short range looks this often while nobody is seen,
LOST_S = 1.0  # and at every look for this long after somebody was lost

# A face that only the short range sees must be this high, as a share of the picture, and the mesh this sure of it.
LARGE, MESH_AGREES = 0.2, 0.9
NEAR_SCORE = (
    0.35  # its own score may then be low, as of dark, blurred or tilted faces; pictures without people gave less
)

MANY = 8  # if more faces than this are asked for, parts of the picture are searched as well
OVERLAP = 0.25  # share of a part; a larger face that lies across two parts is seen in the whole picture
WHOLE = 0.5  # share of a part; a face up to this height is located best in the smallest part that holds all of it
PARTS = {"many": (3,), "far": (3, 5)}  # how many parts lie across the shorter side
ROOM = 64  # the most faces that a model returns


class Lookout:
    """Looks with the full-range model and, as `auto`, with the short-range one if somebody was lost or nobody is seen.

    Full range misses faces that fill the picture. Short range sees them, but gives false hits, so the mesh has to
    agree. For more than `MANY` faces, and for `far` ones, full range also searches overlapping parts of the picture. To
    be used from one thread.
    """

    def __init__(self, choice: Choice = "auto", *, max_faces: int = 8, far: bool = False) -> None:
        """Open the models that `choice` needs; for more than MANY `max_faces` parts are searched as well."""
        self.max_faces = max_faces
        self._parts: Sequence[int] = PARTS["far"] if far else PARTS["many"] if max_faces > MANY else ()
        reach: Reach = "short" if choice == "short" else "full"
        with ExitStack() as opened:
            self._first = opened.enter_context(closing(FaceDetector(reach=reach, max_faces=ROOM)))
            self._part = self._first
            if self._parts and reach != "full":
                self._part = opened.enter_context(closing(FaceDetector(max_faces=ROOM)))
            self._mesh = opened.enter_context(closing(FaceMesh()))
            self._near = None
            if choice == "auto":
                near = FaceDetector(reach="short", min_score=NEAR_SCORE, max_faces=max_faces)
                self._near = opened.enter_context(closing(near))
            self._opened = opened.pop_all()
        self._rounds = RoundRobin()
        self._count, self._now_s, self._lost_s, self._peeked_s = 0, -inf, -inf, -inf

    @property
    def thorough(self) -> bool:
        """Whether a look is so slow that there is only one per tick."""
        return bool(self._parts)

    def detect(self, image: U8) -> list[Detection]:
        """Return the faces in RGB [H,W,3], largest first, using nothing from other looks."""
        return self._first.detect(image) or self._only_near(image, [])

    def look(self, image: U8, time_s: float) -> list[Detection]:
        """Return the faces in RGB [H,W,3], the largest first."""
        if time_s < self._now_s:  # another clip begins
            self._count, self._lost_s, self._peeked_s = 0, -inf, -inf
        self._now_s = time_s
        found = self._first.detect(image)
        if self._parts:
            found = self._in_parts(image, found, time_s)
        if self._looks_near(len(found), time_s):
            found += self._only_near(image, found)
        self._count = len(found)
        return largest(found, ROOM)

    def least_px(self, shape: Sequence[int]) -> int:
        """Return about how many px high a face must be to be found in a picture of this shape [H,W,3]."""
        sides = [_side(shape, count) for count in self._parts]
        return least_px(min(sides, default=max(shape[:2])))

    def close(self) -> None:
        """Free the models."""
        self._opened.close()

    def _in_parts(self, image: U8, found: list[Detection], time_s: float) -> list[Detection]:
        """Return the faces `found` in the whole picture and those in the parts that are due, each face once."""
        tiles = list(_tiles(image, self._parts))
        origin, exact = {}, {}
        for n in self._rounds.due(len(tiles), time_s):
            x, y, side = tiles[n]
            shift = np.array([x, y], np.float32)
            for seen in self._part.detect(np.ascontiguousarray(image[y : y + side, x : x + side])):
                one = seen.moved(shift)
                found.append(one)
                origin[id(one)], exact[id(one)] = n, _exactness(one, tiles[n], image)
        kept = distinct(found, lambda one: (exact.get(id(one), 0.0), one.score))
        doubtful = [one for one in kept if one.score < SURE]
        kept = [one for one in kept if one.score >= SURE] + self._faces(image, doubtful)
        self._rounds.saw(origin[id(one)] for one in kept if id(one) in origin)
        return kept

    def _looks_near(self, count: int, time_s: float) -> bool:
        """Say whether the short range looks as well, after full range saw `count` faces."""
        if self._near is None:
            return False
        if count < self._count:
            self._lost_s = time_s
        due = not count and not 0 <= time_s - self._peeked_s < PEEK_S
        if not (due or 0 <= time_s - self._lost_s < LOST_S):
            return False
        self._peeked_s = time_s
        return True

    def _only_near(self, image: U8, found: Sequence[Detection]) -> list[Detection]:
        """Return the large faces that the short range sees besides those `found`, if the mesh agrees."""
        if self._near is None:
            return []
        large_px = LARGE * image.shape[0]
        new = [
            one
            for one in self._near.detect(image)
            if one.box[3] - one.box[1] >= large_px and all(overlap(one.box, other.box) < SAME for other in found)
        ]
        return self._faces(image, new)

    def _faces(self, image: U8, found: Sequence[Detection]) -> list[Detection]:
        """Return the detections that the mesh takes for faces as well."""
        _, scores = self._mesh.landmarks(image, [region(one.points, one.box) for one in found])
        return [one for one, score in zip(found, scores, strict=True) if score >= MESH_AGREES]


def _exactness(one: Detection, tile: tuple[int, int, int], image: U8) -> float:
    """Return how exactly a part of a picture locates a face: more in smaller parts, 0 if unsure or cut off."""
    (x, y, side), (height, width) = tile, image.shape[:2]
    box = np.clip(one.box, 0, (width, height) * 2)
    inside = (box >= (x, y) * 2).all() and (box <= (x + side, y + side) * 2).all()
    return 1 / side if inside and one.score >= SURE and one.box[3] - one.box[1] <= WHOLE * side else 0.0


def _side(shape: Sequence[int], count: int) -> int:
    """Return the side in px of half overlapping parts of which `count` lie across a picture's shorter side."""
    return int(min(shape[:2]) * 2 // (count + 1))


def _tiles(image: U8, parts: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield overlapping square parts of a picture [H,W,3]: left, top, and their side."""
    height, width = image.shape[:2]
    for count in parts:
        side = _side(image.shape, count)
        for y in starts(height, side, OVERLAP):
            for x in starts(width, side, OVERLAP):
                yield x, y, side
