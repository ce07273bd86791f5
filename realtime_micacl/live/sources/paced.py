"""Frames of a file at their own rate, as a person would watch it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from time import monotonic, sleep

from realtime_micacl.live.sources.items import Pending
from realtime_micacl.types import Frame

RESYNC_S = 0.5  # a file that lags further behind (it was paused, or the machine slept) goes on from where it is
PATIENCE_S = 0.2


def paced(frames: Iterator[Frame], *, stays: bool = False) -> Iterator[Frame | Pending]:
    """Yield `frames` at their own rate; the capture time of each is the moment at which it was due.

    In a gap a Pending is yielded several times a second. With `stays` a single picture has no end.
    """
    offset_s: float | None = None
    count = 0
    with closing(frames):  # type: ignore[type-var]  # a generator
        for frame in frames:
            now_s = monotonic()
            if offset_s is None or now_s - offset_s - frame.time_s > RESYNC_S:
                offset_s = now_s - frame.time_s
            due_s = offset_s + frame.time_s
            while due_s - now_s > PATIENCE_S:
                sleep(PATIENCE_S)
                yield Pending()
                now_s = monotonic()
            sleep(max(0.0, due_s - now_s))
            yield replace(frame, time_s=due_s)
            count += 1
    while stays and count == 1:
        sleep(PATIENCE_S)
        yield Pending()
