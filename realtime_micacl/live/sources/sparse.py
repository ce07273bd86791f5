"""Marks pictures as stills if they are too far apart in time to follow movement."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from math import inf

from realtime_micacl.live.sources.items import Item
from realtime_micacl.types import GAP_S, Frame, Retry

log = logging.getLogger(__name__)

BRIEF_S = 0.1  # a shorter recording is too short to follow a face
GAPS = 2  # so many wide gaps in a row make a live source slow
SLOW = "%s gives a picture every %.3g s; each is read by itself, as a still"


def marked_frames(frames: Iterator[Frame], shown: str) -> Iterator[Frame]:
    """Yield the frames of a recording, and mark those with no other near in time, before or after.

    If the whole recording is very short its last frame is marked.
    """
    before_s, held, warned, first_s = -inf, None, False, None
    with closing(frames):  # type: ignore[type-var]  # a generator
        for frame in frames:
            if held:
                gap_s = frame.time_s - held.time_s
                still = gap_s > GAP_S and held.time_s - before_s > GAP_S
                if still and not warned:
                    log.warning(SLOW, shown, gap_s)
                    warned = True
                yield replace(held, still=True) if still else held
                before_s = held.time_s
            held, first_s = frame, frame.time_s if first_s is None else first_s
    if held and first_s is not None:
        brief = held.time_s - first_s < BRIEF_S
        yield replace(held, still=brief or held.time_s - before_s > GAP_S)


def marked_items(items: Iterator[Item], shown: str) -> Iterator[Item]:
    """Yield the items of a live source, and mark its frames while the last gaps were wide; the next is unknown.

    If it ends after a single picture that is yielded again, marked.
    """
    times: deque[float] = deque(maxlen=GAPS + 1)
    warned, count, first = False, 0, None
    with closing(items):  # type: ignore[type-var]  # a generator
        for item in items:
            if not isinstance(item, Frame):
                if isinstance(item, Retry):
                    times.clear()
                yield item
                continue
            times.append(item.time_s)
            count, first = count + 1, item if not count else None
            still = len(times) > GAPS and all(b - a > GAP_S for a, b in pairwise(times))
            if still and not warned:
                log.warning(SLOW, shown, times[-1] - times[-2])
                warned = True
            yield replace(item, still=True) if still else item
    if first:  # a photograph came through a pipe
        yield replace(first, still=True)
