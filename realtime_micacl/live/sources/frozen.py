"""Noticing a live source that sends the same picture again and again, as an encoder does whose camera has failed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from realtime_micacl.live.sources.blank import UNSURE, Blank
from realtime_micacl.types import F32, U8, Bag, Frame, Scene, State

STILL_S = 5.0
CHECK_S = 0.09  # a blink lasts longer
SIDE_PX, LIMIT = 32, 10  # of 255; a picture encoded again differs by 8, a calm face by more within a third of a second


@dataclass(frozen=True, eq=False)
class _Seen:
    """A picture, and how its faces looked."""

    frame: Frame
    boxes: tuple[F32, ...]
    patches: tuple[U8, ...]


class Stillness:
    """Withholds what is read from faces of which not a pixel moves: a living face always does.

    Nobody's picture may stand still as long as it likes, once it was seen to move.
    """

    def __init__(self) -> None:
        self._blank = Blank()
        self._first: _Seen | None = None
        self._still = False
        self._moved_s = self._checked_s = -float("inf")

    def sift(self, scene: Scene, bags: tuple[Bag, ...]) -> tuple[Scene, tuple[Bag, ...]]:
        """Return a scene and its bags; while the picture stands still a stalled scene with the first such picture."""
        frame, first = scene.frame, self._first
        boxes = tuple(face.box for face in scene.faces)
        if boxes:
            self._blank.lives()
        elif frame is not None and scene.state is State.NO_FACE and (wrong := self._blank.said(frame)):
            state = State.STARTING if wrong == UNSURE else State.STALLED
            return replace(scene, state=state, detail=wrong), ()
        if frame is None or not boxes:
            self._first = None
        elif not self._still and 0 <= frame.time_s - self._checked_s < CHECK_S:
            return scene, self._moving(bags)
        elif first is None or len(boxes) != len(first.boxes) or not _alike(first, frame):
            self._first, self._checked_s = _Seen(frame, boxes, _patches(frame, boxes)), frame.time_s
        elif frame.time_s - first.frame.time_s >= STILL_S:
            self._still = True
            detail = f"the picture has not changed for {STILL_S:.0f} s"
            return replace(scene, frame=first.frame, faces=(), state=State.STALLED, detail=detail), ()
        else:
            self._checked_s = frame.time_s
        if self._still:
            self._still, self._moved_s = False, scene.time_s
        return scene, self._moving(bags)

    def _moving(self, bags: tuple[Bag, ...]) -> tuple[Bag, ...]:
        """Return the bags that began since the picture moved again."""
        return tuple(bag for bag in bags if bag.start_s >= self._moved_s)


def _patches(frame: Frame, boxes: tuple[F32, ...]) -> tuple[U8, ...]:
    """Return what is in the boxes, each [32,32,3]."""
    height, width = frame.image.shape[:2]
    patches = []
    for box in boxes:
        left, right = np.clip(box[[0, 2]], 0, width - 1).astype(int)
        top, bottom = np.clip(box[[1, 3]], 0, height - 1).astype(int)
        part = frame.image[top : bottom + 1, left : right + 1]
        patches.append(np.asarray(cv2.resize(part, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA), np.uint8))
    return tuple(patches)


def _alike(first: _Seen, frame: Frame) -> bool:
    """Say whether every face looks in `frame` as it did at first."""
    if first.frame.image.shape != frame.image.shape:
        return False
    now = _patches(frame, first.boxes)
    return all(int(cv2.absdiff(a, b).max()) <= LIMIT for a, b in zip(first.patches, now, strict=True))
