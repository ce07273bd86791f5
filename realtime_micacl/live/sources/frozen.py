"""Notices a live source that repeats one picture, as an encoder does whose camera has failed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from realtime_micacl.live.sources.blank import UNSURE, Blank
from realtime_micacl.types import F32, U8, Bag, Frame, Scene, State

FROZEN_S = 5.0
LOOK_S, CHECK_S = 0.09, 0.18  # pause between checks of pictures with a bag, and without; a blink lasts longer
SIDE_PX, LIMIT = 32, 10.5  # of 255; a re-encoded picture differs by 8, a calm face by more within a third of a second


@dataclass(frozen=True, eq=False)
class _Seen:
    """A picture with the boxes of its faces."""

    frame: Frame
    boxes: tuple[F32, ...]


class FrozenFilter:
    """Withholds the bags of faces in which not a pixel changes: a living face always moves.

    A picture without faces may stay the same for any time once it has changed.
    """

    def __init__(self) -> None:
        self._blank = Blank()
        self._first: _Seen | None = None
        self._is_frozen = False
        self._moved_s = self._checked_s = -float("inf")

    def filtered(self, scene: Scene, bags: tuple[Bag, ...]) -> tuple[Scene, tuple[Bag, ...]]:
        """Return a scene and its bags; while the picture stands still a stalled scene with the first such picture."""
        frame, first = scene.frame, self._first
        boxes = tuple(face.box for face in scene.faces)
        if boxes:
            self._blank.saw_somebody()
        elif frame is not None and scene.state is State.NO_FACE and (wrong := self._blank.fault(frame)):
            state = State.STARTING if wrong == UNSURE else State.STALLED
            return replace(scene, state=state, detail=wrong), ()
        if frame is None or not boxes:
            self._first = None
        elif not self._is_frozen and 0 <= frame.time_s - self._checked_s < (LOOK_S if bags else CHECK_S):
            return scene, self._moving(bags)
        elif first is None or len(boxes) != len(first.boxes) or not _alike(first, frame):
            self._first, self._checked_s = _Seen(frame, boxes), frame.time_s
        elif frame.time_s - first.frame.time_s >= FROZEN_S:
            self._is_frozen = True
            detail = f"the picture has not changed for {FROZEN_S:.0f} s"
            return replace(scene, frame=first.frame, faces=(), state=State.STALLED, detail=detail), ()
        else:
            self._checked_s = frame.time_s
        if self._is_frozen:
            self._is_frozen, self._moved_s = False, scene.time_s
        return scene, self._moving(bags)

    def _moving(self, bags: tuple[Bag, ...]) -> tuple[Bag, ...]:
        """Return the bags that began since the picture moved again."""
        return tuple(bag for bag in bags if bag.start_s >= self._moved_s)


def _alike(first: _Seen, frame: Frame) -> bool:
    """Say whether every face looks in `frame` as it did at first."""
    if first.frame.shape != frame.shape:
        return False
    return all(_change(first.frame.image, frame.image, box) <= LIMIT for box in first.boxes)


def _change(then: U8, now: U8, box: F32) -> float:
    """Return the largest change, in levels, of any of the 32 x 32 parts of a box."""
    import cv2

    height, width = now.shape[:2]
    left, top, right, bottom = map(int, box.tolist())
    left, right = (min(max(v, 0), width - 1) for v in (left, right))
    top, bottom = (min(max(v, 0), height - 1) for v in (top, bottom))
    part = np.s_[top : bottom + 1, left : right + 1]
    change = np.subtract(now[part], then[part], dtype=np.float32)
    return cv2.norm(cv2.resize(change, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), cv2.NORM_INF)
