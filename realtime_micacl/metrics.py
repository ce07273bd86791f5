"""Counting and timing of what runs; one writer thread each, any number of readers."""

from __future__ import annotations

from collections import deque
from time import monotonic

import numpy as np


class Meter:
    """Counts events and keeps the newest durations."""

    def __init__(self, keep: int = 2048) -> None:
        self.count = 0
        self._recent: deque[tuple[float, float]] = deque(maxlen=keep)

    def add(self, seconds: float) -> None:
        """Count one event that took `seconds`."""
        self._recent.append((monotonic(), seconds))
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
