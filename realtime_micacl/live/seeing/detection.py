"""A detected face, the protocol of a detector's model, and when two boxes are the same face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from realtime_micacl.types import F32, U8

Reach = Literal["full", "short"]
SAME = 0.3  # boxes are the same face if this share of the smaller one lies in the other


@dataclass(frozen=True, eq=False)
class Detection:
    """One face as a detector found it."""

    box: F32
    """Left, top, right, bottom in px, [4]."""
    points: F32
    """Right eye, left eye, nose tip, mouth centre, right ear, left ear in px, [6,2]; right is the person's."""
    score: float

    def moved(self, shift: F32) -> Detection:
        """Return the detection moved by a shift [2] in px."""
        return Detection(self.box + np.concatenate([shift, shift]), self.points + shift, self.score)


class Model(Protocol):
    """A detector's model in one of the runtimes; to be used from one thread."""

    def find(self, image: U8) -> list[Detection]:
        """Return the faces in `image`, RGB, [H,W,3], in any order."""

    def close(self) -> None:
        """Free the model."""


def largest(found: Sequence[Detection], most: int) -> list[Detection]:
    """Return the widest of the detections, `most` at most, the widest first."""
    return sorted(found, key=lambda one: float(one.box[0] - one.box[2]))[:most]


def distinct(found: Sequence[Detection], rank: Callable[[Detection], Any] = lambda one: one.score) -> list[Detection]:
    """Return each face once: of detections that overlap the one with the highest rank, by default its score."""
    kept: list[Detection] = []
    for one in sorted(found, key=rank, reverse=True):
        if all(overlap(one.box, other.box) < SAME for other in kept):
            kept.append(one)
    return kept


def areas(a: F32, b: F32) -> tuple[float, float, float]:
    """Return the area in which two boxes [4] overlap, and that of each."""
    a_left, a_top, a_right, a_bottom = a.tolist()
    b_left, b_top, b_right, b_bottom = b.tolist()
    width, height = min(a_right, b_right) - max(a_left, b_left), min(a_bottom, b_bottom) - max(a_top, b_top)
    common = width * height if width > 0 and height > 0 else 0.0
    return common, (a_right - a_left) * (a_bottom - a_top), (b_right - b_left) * (b_bottom - b_top)


def overlap(a: F32, b: F32) -> float:
    """Return the share of the smaller of two boxes [4] that lies in the other, 0 to 1."""
    common, *both = areas(a, b)
    return common / min(both) if min(both) > 0 else 0.0


def middle(box: F32) -> F32:
    """Return the middle [2] of a box [4]."""
    return np.asarray((box[:2] + box[2:]) / 2, np.float32)
