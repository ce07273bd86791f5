"""A sink with a thread of its own: what it writes to may stand still, as a pipe that nobody reads or a hung disk."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic

from realtime_micacl.live.records.sinks import Sink
from realtime_micacl.stack import started
from realtime_micacl.types import EmotionDistribution, Event

log = logging.getLogger(__name__)

PATIENCE_S = 0.5  # how long a live event waits to be written before the rest goes on, and the end of a program
POLL_S = 0.1


class OnThread:
    """Calls another sink on a thread of its own, and raises what that raises.

    Each event is waited for until it is written, for PATIENCE_S at most; from then on events wait here until it
    goes on, and of too many the oldest readings are left out. With `all_until` nothing is left out until that is
    True, as somebody asks the program to end.
    """

    def __init__(
        self,
        sink: Sink,
        name: str,
        kept: int,
        all_until: Callable[[], bool] | None = None,
        *,
        finish: Callable[[], None] = lambda: None,
        behind: str = "",
    ) -> None:
        """Take a sink, the name of what it writes to, and how many events may wait.

        `finish` is called on the thread in the end; `behind` is logged when events begin to wait.
        """
        self._sink, self._name, self._kept, self._all_until = sink, name, kept, all_until
        self._finish, self._behind = finish, behind
        self._changed = Condition()
        self._waiting, self._left_out = deque[Event](), 0
        self._closed = False
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name=name, daemon=True)
        started(self._thread)

    def __call__(self, event: Event) -> None:
        """Hand on an event; raise OSError if no more can be written."""
        with self._changed:
            behind = bool(self._waiting)
            if len(self._waiting) > self._kept:  # the first is being written
                readings = (n for n, one in enumerate(self._waiting) if n and isinstance(one, EmotionDistribution))
                del self._waiting[next(readings, 1)]
                self._left_out += 1
            self._waiting.append(event)
            self._changed.notify_all()
            until_s = monotonic() + PATIENCE_S
            while self._waiting and not (behind or self._error or self._impatient(until_s)):
                self._changed.wait(POLL_S)
            if self._behind and self._waiting and not (behind or self._error or self._all_until):
                log.warning("%s", self._behind)
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
                log.warning("%s took nothing for a while; readings and states left out: %d", self._name, told)
        self._finish()

    def _next(self) -> Event | None:
        """Return the event to be written next; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return None if self._error or not self._waiting else self._waiting[0]
