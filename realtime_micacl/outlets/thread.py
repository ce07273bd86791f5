"""The threads of outlets: each outlet has one, behind a ring of events. No other file here starts threads."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import Protocol

from realtime_micacl.stack import started
from realtime_micacl.types import EmotionDistribution, Event

log = logging.getLogger(__name__)

KEPT = 64  # events in a ring


class Ring:
    """Hands events to one reading thread. Writing never blocks: when it is full the oldest reading is dropped.

    `wake` is called after each event and at the end, on the thread that writes.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._events: deque[Event] = deque()
        self._closed = False
        self.dropped = 0
        self.wake: Callable[[], None] = lambda: None

    @property
    def over(self) -> bool:
        """Whether it is closed and all events were taken."""
        return self._closed and not self._events

    def put(self, event: Event) -> None:
        """Add an event; after `close` it is dropped."""
        with self._changed:
            if self._closed:
                self.dropped += 1
                return
            if len(self._events) >= KEPT:  # a change of state is worth more than a reading
                del self._events[next((n for n, e in enumerate(self._events) if isinstance(e, EmotionDistribution)), 0)]
                self.dropped += 1
            self._events.append(event)
            self._changed.notify()
        self.wake()

    def take(self, timeout_s: float) -> list[Event]:
        """Wait up to `timeout_s` for events and return all there are; none after the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._closed, max(0.0, timeout_s))
            taken = list(self._events)
            self._events.clear()
        return taken

    def close(self) -> None:
        """Add nothing more; the reader may take what is left."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self.wake()

    def end(self) -> None:
        """Add nothing more and drop what is left: the reader is gone."""
        with self._changed:
            self._closed = True
            self.dropped += len(self._events)
            self._events.clear()


class Outlet(Protocol):
    """Hands readings to other programs."""

    name: str
    notice: str
    """Its fault that people have to know of; empty while there is none."""
    lost: int
    """Readings that it could not hand on."""

    def run(self, ring: Ring) -> None:
        """Hand on what the ring brings until it is over; called on a thread of its own."""


class OutletThread:
    """A sink that never waits: it posts events to an outlet on its own thread. If that raises, it ends alone."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._ring = Ring()
        self._fault = ""
        self._thread = Thread(target=self._run, name=outlet.name, daemon=True)
        started(self._thread)

    @property
    def name(self) -> str:
        """Which outlet it is."""
        return self._outlet.name

    @property
    def notice(self) -> str:
        """The fault that people have to know of; empty while there is none."""
        return self._fault or self._outlet.notice

    @property
    def dropped(self) -> int:
        """How many events were not handed on."""
        return self._ring.dropped + self._outlet.lost

    def __call__(self, event: Event) -> None:
        """Hand on an event, at once."""
        self._ring.put(event)

    def close(self) -> None:
        """Let the outlet finish, without waiting for it."""
        self._ring.close()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended, `timeout_s` at most; say whether it has."""
        self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._outlet.run(self._ring)
        except Exception as cause:
            self._ring.end()  # before the notice: from then on events count as dropped
            self._fault = f"{self.name}: nothing more is sent: {cause}"
            log.exception("%s failed; nothing more is sent there, the rest goes on", self.name)
        self._ring.end()
