"""Means of readings over a few seconds, for `--every`: a calm figure instead of a stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Lock

import numpy as np

from realtime_micacl.types import UNSURE, EmotionDistribution, Event, Mean, State, StateChange

LAST = ("track_id", "time_s", "source", "slot", "baseline", "latency_s", "frame", "box", "head")
"""What a mean takes from the last reading."""
Who = tuple[str, int]
"""Source and track."""


class Means:
    """Hands on changes of state and marks at once, and instead of readings their means over each `span_s` seconds.

    When a face is no longer read its span ends, so that no mean reaches over a gap. Several threads may call it.
    """

    def __init__(self, span_s: float, onward: Callable[[Event], None]) -> None:
        self._span_s, self._onward = span_s, onward
        self._lock = Lock()
        self._held: dict[Who, list[EmotionDistribution]] = {}

    def __call__(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            if isinstance(event, EmotionDistribution):
                self._read(event)
                return
            if isinstance(event, StateChange) and event.state is not State.LIVE:
                for who in [who for who in self._held if who[0] == event.source and event.track_id in (None, who[1])]:
                    self._onward(mean(self._held.pop(who)))
            self._onward(event)

    def _read(self, reading: EmotionDistribution) -> None:
        who = (reading.source, reading.track_id)
        held = self._held.setdefault(who, [])
        if held and reading.time_s - held[0].time_s >= self._span_s:
            self._onward(mean(held))
            held.clear()
        held.append(reading)


def mean(readings: list[EmotionDistribution]) -> Mean:
    """Return the mean of readings of one face, with the most frequent word, and the share of each word."""
    words = Counter(reading.emotion or UNSURE for reading in readings)
    shares = {word: count / len(readings) for word, count in words.items()}
    ((most, _),) = words.most_common(1)
    last = readings[-1]
    return Mean(
        **{name: getattr(last, name) for name in LAST},
        probabilities=np.mean([reading.probabilities for reading in readings], axis=0),
        importance=np.mean([reading.importance for reading in readings], axis=0),
        emotion=None if most == UNSURE else most,
        quality=float(np.mean([reading.quality for reading in readings])),
        coverage=float(np.mean([reading.coverage for reading in readings])),
        over_s=last.time_s - readings[0].time_s,
        count=len(readings),
        shares=shares,
    )
