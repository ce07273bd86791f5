"""Chooses the detector's model for each look: full range, and short range where that is not enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from math import inf
from typing import Literal

import numpy as np

from realtime_micacl.live.seeing.closely import SURE, corners
from realtime_micacl.live.seeing.detection import SAME, Detection, Reach, distinct, largest, overlap
from realtime_micacl.live.seeing.detector import FaceDetector, least_px
from realtime_micacl.live.seeing.mesh import FaceMesh, region
from realtime_micacl.live.seeing.turns import Turns
from realtime_micacl.types import U8

Choice = Literal["auto", "full", "short"]
PEEK_S = 0.5  # where nobody is seen the short range looks no more often
LOST_S = 1.0  # and so long it looks each time after somebody was lost
LARGE = 0.2  # of the picture's height: what the short range alone sees is a face from this size on,
MESH_AGREES = 0.9  # and if the mesh is as sure as this;
UNSURE = 0.35  # then its own score may be low: dark, blurred, tilted faces have it (pictures without people: no more)
MANY = 8  # more faces than this are looked for in parts of the picture, too
LAP = 0.25  # of a part; a larger face that lies across two is seen in the whole picture
WHOLE = 0.5  # of a part; a face no higher, wholly in it, is seen more exactly there than in a larger part
PARTS = {"many": (3,), "far": (3, 5)}  # across the shorter side, by what is asked for
ROOM = 64  # more faces than this are never looked at


class Lookout:
    """Looks with the full-range model and, as `auto`, with the short-range one where somebody is missed or nobody seen.

    Full range misses faces that fill the picture; short range sees them, and much else, so the mesh has to agree.
    For more than `MANY` faces, and for `far` ones, full range looks at overlapping parts as well. One thread.
    """

    def __init__(self, choice: Choice = "auto", *, max_faces: int = 8, far: bool = False) -> None:
        """Open what `choice` needs; `max_faces` are returned at most, the largest."""
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
                near = FaceDetector(reach="short", min_score=UNSURE, max_faces=max_faces)
                self._near = opened.enter_context(closing(near))
            self._opened = opened.pop_all()
        self._turns = Turns()
        self._count, self._now_s, self._lost_s, self._peeked_s = 0, -inf, -inf, -inf

    @property
    def thorough(self) -> bool:
        """Whether a look takes so long that there is one for each tick and no more."""
        return bool(self._parts)

    def detect(self, image: U8) -> list[Detection]:
        """Return the faces in RGB [H,W,3] of a single look, largest first: the short range's if there are no others."""
        return self._first.detect(image) or self._only_near(image, [])

    def look(self, image: U8, time_s: float) -> list[Detection]:
        """Return the faces in RGB [H,W,3], the largest first."""
        if time_s < self._now_s:  # another clip
            self._count, self._lost_s, self._peeked_s = 0, -inf, -inf
        self._now_s = time_s
        found = self._first.detect(image)
        if self._parts:
            found = self._in_parts(image, found, time_s)
        if self._looks_near(len(found), time_s):
            found += self._only_near(image, found)
        self._count = len(found)
        return largest(found, self.max_faces)

    def least_px(self, shape: Sequence[int]) -> int:
        """Return below about how many px of height no face is found in a picture of this shape [H,W,3]."""
        sides = [_side(shape, count) for count in self._parts]
        return least_px(min(sides, default=max(shape[:2])))

    def close(self) -> None:
        """Free the models."""
        self._opened.close()

    def _in_parts(self, image: U8, found: list[Detection], time_s: float) -> list[Detection]:
        """Return those `found` in the whole picture and those that its parts show, which take turns, each face once."""
        tiles = list(_tiles(image, self._parts))
        origin, exact = {}, {}
        for n in self._turns.due(len(tiles), time_s):
            x, y, side = tiles[n]
            shift = np.array([x, y], np.float32)
            for seen in self._part.detect(np.ascontiguousarray(image[y : y + side, x : x + side])):
                one = seen.moved(shift)
                found.append(one)
                origin[id(one)], exact[id(one)] = n, _exactness(one, tiles[n], image)
        kept = distinct(found, lambda one: (exact.get(id(one), 0.0), one.score))
        doubtful = [one for one in kept if one.score < SURE]
        kept = [one for one in kept if one.score >= SURE] + self._faces(image, doubtful)
        self._turns.saw(origin[id(one)] for one in kept if id(one) in origin)
        return kept

    def _looks_near(self, count: int, time_s: float) -> bool:
        """Say whether the short range shall look, too, where full range saw `count` faces."""
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
        """Return the large faces that the short range sees besides, and the mesh as well."""
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
        """Return those of the detections that are faces to the mesh, too."""
        _, scores = self._mesh.landmarks(image, [region(one.points, one.box) for one in found])
        return [one for one, score in zip(found, scores, strict=True) if score >= MESH_AGREES]


def _exactness(one: Detection, tile: tuple[int, int, int], image: U8) -> float:
    """Return how exactly a sure face is seen in a part of a picture, more in smaller ones; 0 where that cuts it."""
    (x, y, side), (height, width) = tile, image.shape[:2]
    box = np.clip(one.box, 0, (width, height) * 2)
    inside = (box >= (x, y) * 2).all() and (box <= (x + side, y + side) * 2).all()
    return 1 / side if inside and one.score >= SURE and one.box[3] - one.box[1] <= WHOLE * side else 0.0


def _side(shape: Sequence[int], count: int) -> int:
    """Return the side of the parts of which `count` lie across the shorter side of a picture, half over each other."""
    return int(min(shape[:2]) * 2 // (count + 1))


def _tiles(image: U8, parts: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield overlapping square parts of a picture [H,W,3]: left, top, and their side."""
    height, width = image.shape[:2]
    for count in parts:
        side = _side(image.shape, count)
        for y in corners(height, side, LAP):
            for x in corners(width, side, LAP):
                yield x, y, side
