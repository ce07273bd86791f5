"""Chooses which parts of a picture are searched: those with known faces each time, the others in turn."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, inf

LOOKS = 4  # after so many every part was looked at: a third of a second at a look each tick
KEPT_S = 0.5  # so long a part is looked at each time after a face was seen in it
AFRESH_S = 0.3  # with longer pauses between looks each is at all parts


class Turns:
    """Chooses parts, numbered from 0, look by look."""

    def __init__(self) -> None:
        self._seen_s: dict[int, float] = {}
        self._next, self._now_s = 0, -inf

    def due(self, count: int, time_s: float) -> list[int]:
        """Return which of `count` parts to look at: all at first, after a pause, and where the clock went back."""
        afresh = not 0 <= time_s - self._now_s <= AFRESH_S
        self._now_s = time_s
        if afresh:
            self._seen_s.clear()
            return list(range(count))
        share = ceil(count / LOOKS)
        turn = {(self._next + n) % count for n in range(share)}
        self._next = (self._next + share) % count
        return sorted(turn | {n for n, seen_s in self._seen_s.items() if time_s - seen_s <= KEPT_S and n < count})

    def saw(self, parts: Iterable[int]) -> None:
        """Note in which parts faces were seen best."""
        self._seen_s.update(dict.fromkeys(parts, self._now_s))
