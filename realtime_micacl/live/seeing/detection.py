"""What a detector says of one face, and what every runtime of it offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from realtime_micacl.types import F32, U8

Reach = Literal["full", "short"]


@dataclass(frozen=True, eq=False)
class Detection:
    """One face as the detector saw it."""

    box: F32
    """Left, top, right, bottom in px, [4]."""
    points: F32
    """Right eye, left eye, nose tip, mouth centre, right ear, left ear in px, [6,2]; right is the person's."""
    score: float


class Finds(Protocol):
    """One model in one runtime; to be used from one thread."""

    def find(self, image: U8) -> list[Detection]:
        """Return the faces in `image`, RGB, [H,W,3], in any order."""

    def close(self) -> None:
        """Free the model."""
