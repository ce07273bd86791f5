"""Chooses which parts of a picture are searched: those with known faces at every look, the others in turn."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, inf

LOOKS = 4  # so many looks cover all parts: a third of a second at one look per tick
KEPT_S = 0.5  # how long a part is searched at every look after a face was seen in it
PAUSE_S = 0.3  # after a longer pause all parts are searched


class RoundRobin:
    """Chooses parts, numbered from 0, look by look."""

    def __init__(self) -> None:
        self._seen_s: dict[int, float] = {}
        self._next, self._now_s = 0, -inf

    def due(self, count: int, time_s: float) -> list[int]:
        """Return which of `count` parts to search: all of them at first, after a pause and if the clock went back."""
        afresh = not 0 <= time_s - self._now_s <= PAUSE_S
        self._now_s = time_s
        if afresh:
            self._seen_s.clear()
            return list(range(count))
        share = ceil(count / LOOKS)
        turn = {(self._next + n) % count for n in range(share)}
        self._next = (self._next + share) % count
        return sorted(turn | {n for n, seen_s in self._seen_s.items() if time_s - seen_s <= KEPT_S and n < count})

    def saw(self, parts: Iterable[int]) -> None:
        """Note the parts in which faces were seen best at this look."""
        self._seen_s.update(dict.fromkeys(parts, self._now_s))
