"""Several sources at once: a session each, which begins, recovers and ends by itself."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from threading import get_native_id
from time import monotonic, sleep
from types import TracebackType
from typing import Self, TypeVar

from realtime_micacl.errors import MicaclError
from realtime_micacl.live.session import LiveSession

POLL_S = 0.05
NICENESS = 10  # added to the process's own; the thread then gets about a tenth of another's share of a core
T = TypeVar("T")


class Streams:
    """Runs sessions until each has ended, failed, or all are stopped.

    A session that fails is left, and the others go on; leaving the `with` raises the first error. Where the pictures
    are `shown`, a session whose analysis has failed for good goes on without it.
    """

    def __init__(self, sessions: Sequence[LiveSession], *, shown: bool = False) -> None:
        self.sessions, self._shown = sessions, shown
        self.running: list[LiveSession] = []
        """Those that have neither ended nor failed."""
        self._error: MicaclError | None = None

    def stop(self) -> None:
        """Ask every stage of every session to end."""
        for session in self.sessions:
            session.stop()

    def wait(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` and leave the sessions that end; say whether all have."""
        until_s = monotonic() + timeout_s
        while True:
            if any(session.stopping for session in self.running):  # by a signal, or as nobody reads our output
                self.stop()
            for session in list(self.running):
                if session.wait(0.0) or session.overdue or (session.fault and not self._shown):
                    self._leave(session)
            left_s = until_s - monotonic()
            if not self.running or left_s <= 0:
                return not self.running
            sleep(min(left_s, POLL_S))

    def __enter__(self) -> Self:
        with ExitStack() as undone:
            for session in self.sessions:
                undone.enter_context(session)
            undone.pop_all()
        self.running = list(self.sessions)
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
        for session in list(self.running):
            self._leave(session)
        if self._error and exc is None:
            raise self._error

    def _leave(self, session: LiveSession) -> None:
        self.running.remove(session)
        try:
            session.__exit__(None, None, None)
        except MicaclError as error:
            self._error = self._error or error


def low_priority(open_stage: Callable[[], T]) -> Callable[[], T]:
    """Return an opener that lowers the priority of the thread it is called on; it changes nothing outside Linux.

    For face detection, which can leave out pictures when there is too little processor. Other threads cannot wait: a
    stream whose pictures are not fetched in time breaks off, and an engine that gets no processor seems to hang.
    """

    def opened() -> T:
        if sys.platform == "linux":  # elsewhere threads have no priority of their own
            nice = min(19, os.getpriority(os.PRIO_PROCESS, os.getpid()) + NICENESS)
            os.setpriority(os.PRIO_PROCESS, get_native_id(), nice)
        return open_stage()

    return opened


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names, with a number added to each that occurred before: a, a (2), b."""
    met = Counter[str]()
    unique = []
    for name in names:
        met[name] += 1
        unique.append(name if met[name] == 1 else f"{name} ({met[name]})")
    return unique
