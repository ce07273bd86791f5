"""Follows faces between two looks of the detector: runs the mesh where each face is expected.

The detector's box and points are moved along by the similarity that takes the old landmarks to the new ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf

import numpy as np

from realtime_micacl.live.seeing.detection import SAME, Detection, middle, overlap
from realtime_micacl.live.seeing.lookout import LARGE, MESH_AGREES
from realtime_micacl.live.seeing.mesh import FaceMesh, Region, region
from realtime_micacl.types import F32, U8

FOLLOWED_S = 0.125  # how long after a look its faces may be followed, and only once: every other tick has a look
STRAY = 0.1  # share of a region's side; a face farther than this from where it was expected needs a look


@dataclass(frozen=True, eq=False)
class Found:
    """The faces of a picture: detections [n], landmarks [n,468,3] in px, and the mesh's scores, 0 to 1, [n]."""

    detections: Sequence[Detection]
    landmarks: F32
    scores: F32


class Follower:
    """Remembers the faces of the last look and follows them once, and those that the next look misses."""

    def __init__(self, mesh: FaceMesh) -> None:
        self._mesh = mesh
        self._last: tuple[Sequence[int], Found] | None = None
        self._known: dict[int, tuple[Detection, F32]] = {}
        self._last_s = -inf

    def note(self, tracks: Sequence[int], found: Found, time_s: float) -> None:
        """Remember what a look found, and the track of each face."""
        self._last, self._last_s = (tracks, found), time_s
        self._known = dict(zip(tracks, zip(found.detections, found.landmarks, strict=True), strict=True))

    def forget(self) -> None:
        """Follow nobody until the next look."""
        self._last, self._known = None, {}

    def missed(self, image: U8, seen: Sequence[Detection], expected: Mapping[int, F32]) -> list[Detection]:
        """Return the small faces of the last look that the detector did not see now, where the mesh is sure of them.

        The full-range model is alone with faces below LARGE, and from frame to frame it misses some of the smallest.
        """
        found: list[Detection] = []
        for track_id, (then, before) in self._known.items():
            box = expected.get(track_id)
            small = box is not None and box[3] - box[1] < LARGE * image.shape[0]
            if box is None or not small or any(overlap(box, one.box) >= SAME for one in (*seen, *found)):
                continue
            awaited = then.moved(middle(box) - middle(then.box))
            found += self._sure_of(image, then, before, awaited)
        return found

    def _sure_of(self, image: U8, then: Detection, before: F32, awaited: Detection) -> list[Detection]:
        where = region(awaited.points, awaited.box)
        landmarks, scores = self._mesh.landmarks(image, [where])
        (moved,) = _carried([then], before[None], landmarks)
        return [moved] if scores[0] >= MESH_AGREES and not _astray(moved, where) else []

    def follow(self, image: U8, time_s: float, expected: Mapping[int, F32]) -> Found | None:
        """Return where the faces of the last look are now in RGB [H,W,3]; None if a look is needed.

        `expected` has the box [4] in which each track is expected, in px.
        """
        last, self._last = self._last, None
        if last is None or not 0 < time_s - self._last_s <= FOLLOWED_S or not _sure(last[1]):
            return None
        tracks, then = last
        awaited = [
            one.moved(middle(expected[track_id]) - middle(one.box))
            for track_id, one in zip(tracks, then.detections, strict=True)
        ]
        regions = [region(one.points, one.box) for one in awaited]
        landmarks, scores = self._mesh.landmarks(image, regions)
        moved = _carried(then.detections, then.landmarks, landmarks)
        found = Found(moved, landmarks, scores)
        return found if _sure(found) and not any(map(_astray, moved, regions)) else None


def _sure(found: Found) -> bool:
    """Say whether there are faces, the mesh is sure of each, and no two overlap."""
    boxes = [one.box for one in found.detections]
    separate = all(overlap(a, b) < SAME for a, b in combinations(boxes, 2))
    return len(boxes) > 0 and bool((found.scores >= MESH_AGREES).all()) and separate


def _astray(one: Detection, expected: Region) -> bool:
    x, y = middle(one.box).tolist()
    return bool(max(abs(x - expected.x), abs(y - expected.y)) > STRAY * expected.side)


def _carried(then: Sequence[Detection], before: F32, after: F32) -> list[Detection]:
    """Return n detections moved, rotated and scaled as their landmarks were, from `before` to `after`, [n,468,3]."""
    old, new = _plane(before), _plane(after)
    old_middle, new_middle = old.mean(axis=1, keepdims=True), new.mean(axis=1, keepdims=True)
    spread = old - old_middle
    turns = [np.vdot(one, to) / np.vdot(one, one) for one, to in zip(spread, new, strict=True)]
    points = np.stack([np.concatenate([middle(one.box)[None], one.points]) for one in then])
    places = ((_plane(points) - old_middle) * np.stack(turns)[:, None] + new_middle).view(np.float32)
    halves = [(one.box[2:] - one.box[:2]) / 2 * abs(turn) for one, turn in zip(then, turns, strict=True)]
    return [
        Detection(np.concatenate([place[0] - half, place[0] + half]), place[1:], one.score)
        for one, place, half in zip(then, places.reshape(points.shape), halves, strict=True)
    ]


def _plane(points: F32) -> np.ndarray:
    """Return points [n,p,2 or 3] as complex numbers [n,p], x + i y."""
    return points[..., 0] + 1j * points[..., 1]
