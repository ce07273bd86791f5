"""Counts and times events; one thread writes to a meter, any thread may read it."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from time import monotonic

import numpy as np

BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0)


class Meter:
    """Counts events, keeps the newest durations, and counts all durations between BOUNDS_S."""

    def __init__(self, keep: int = 2048) -> None:
        self.count = 0
        self.total_s = 0.0
        self.between = [0] * (len(BOUNDS_S) + 1)
        """The number of events up to each bound but above the one before, and above the last one."""
        self._recent: deque[tuple[float, float]] = deque(maxlen=keep)

    def add(self, seconds: float) -> None:
        """Count one event that took `seconds`."""
        self._recent.append((monotonic(), seconds))
        self.between[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds
        self.count += 1

    def rate_hz(self, over_s: float = 2.0) -> float:
        """Return the events per second of the last `over_s`."""
        since = monotonic() - over_s
        return sum(when >= since for when, _ in list(self._recent)) / over_s

    def percentile_ms(self, percent: float, over_s: float = float("inf")) -> float:
        """Return a percentile of the kept durations of the last `over_s`, in ms; NaN without any."""
        since = monotonic() - over_s
        recent = [seconds for when, seconds in list(self._recent) if when >= since]
        return float(np.percentile(recent, percent) * 1e3) if recent else float("nan")
