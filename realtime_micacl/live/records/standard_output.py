"""Lines of JSON on standard output, where nobody may be reading for a while: `less`, Ctrl-S, a program that hangs."""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic

from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.sinks import Writable, json_lines
from realtime_micacl.stack import started
from realtime_micacl.types import EmotionDistribution, Event

log = logging.getLogger(__name__)

KEPT = 64  # events that wait for a reader, as many as for an outlet
PATIENCE_S = 0.5  # how long a live event waits to be written before the rest goes on, and the end of a program
POLL_S = 0.1


class Unbuffered:
    """Standard output by its descriptor: whoever waits in a write holds no lock that the end of the program needs."""

    def write(self, text: str) -> None:
        """Write all of `text`, ASCII."""
        data = text.encode()
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]

    def flush(self) -> None:
        """Do nothing: all is written."""


def _standard_output() -> Writable:
    """Return standard output by its descriptor, or as it is if it has none, as in a notebook."""
    try:
        sys.stdout.fileno()
    except OSError:
        return sys.stdout
    return Unbuffered()


class StandardOutput:
    """A sink that writes on a thread of its own, and raises what the writing raises.

    Each event is waited for until it is written, for PATIENCE_S at most; from then on events wait here until the reader
    comes back, and of too many the oldest readings are left out. With `all_until` nothing is left out until that is
    True, as somebody asks the program to end.
    """

    def __init__(self, clock: Clock, all_until: Callable[[], bool] | None = None) -> None:
        self._sink, self._all_until = json_lines(_standard_output(), clock), all_until
        self._changed = Condition()
        self._waiting, self._left_out = deque[Event](), 0
        self._closed = False
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="standard output", daemon=True)
        started(self._thread)

    def __call__(self, event: Event) -> None:
        """Hand on an event; raise OSError if standard output takes no more."""
        with self._changed:
            behind = bool(self._waiting)
            if len(self._waiting) > KEPT:  # the first is being written
                readings = (n for n, one in enumerate(self._waiting) if n and isinstance(one, EmotionDistribution))
                del self._waiting[next(readings, 1)]
                self._left_out += 1
            self._waiting.append(event)
            self._changed.notify_all()
            until_s = monotonic() + PATIENCE_S
            while self._waiting and not (behind or self._error or self._impatient(until_s)):
                self._changed.wait(POLL_S)
            if self._error:
                raise self._error

    def close(self) -> None:
        """Write what waits, for PATIENCE_S at most."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(PATIENCE_S)

    def _impatient(self, until_s: float) -> bool:
        return self._all_until() if self._all_until else monotonic() >= until_s

    def _run(self) -> None:
        while event := self._next():
            try:
                self._sink(event)
            except Exception as cause:
                self._error = cause
            with self._changed:
                self._waiting.popleft()
                told = 0 if self._waiting else self._left_out
                self._left_out -= told
                self._changed.notify_all()
            if told:
                log.warning("standard output was not read for a while; readings and states left out: %d", told)

    def _next(self) -> Event | None:
        """Return the event to be written next; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return None if self._error or not self._waiting else self._waiting[0]
