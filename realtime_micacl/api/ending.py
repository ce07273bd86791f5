"""Lets a program end safely while one of its threads is still reading.

At its end Python stops such a thread wherever it is; inside ONNX Runtime or OpenCV, that aborts the process.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Condition, current_thread, main_thread
from time import monotonic
from weakref import WeakSet

from realtime_micacl.errors import MicaclError
from realtime_micacl.live.session import LiveSession

PATIENCE_S = 10.0  # on a busy machine, opening an engine takes as long as that


class Ending:
    """Waits at the end of the program for work that has begun, and lets no more begin."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._at_work = 0
        self._over = False
        self._sessions = WeakSet[LiveSession]()

    def over(self) -> bool:
        """Say whether the program is about to end; False on the main thread, which may go on in `atexit` handlers."""
        return self._over and current_thread() is not main_thread()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Keep the program from ending during the block; if it is about to end, wait forever instead."""
        with self._changed:
            self._changed.wait_for(lambda: not self.over())
            self._at_work += 1
        try:
            yield
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()

    def waits_for(self, session: LiveSession) -> None:
        """End a session with the program, if it was left open; its threads may also outlast the `with`."""
        self._sessions.add(session)

    def end(self) -> None:
        """End all sessions and wait until no work is left, for PATIENCE_S at most."""
        until_s = monotonic() + PATIENCE_S
        sessions = list(self._sessions)
        for session in sessions:
            session.stop()
        for session in sessions:
            session.wait(until_s - monotonic())
            with suppress(MicaclError):
                session.__exit__(None, None, None)
        with self._changed:
            self._over = True
            self._changed.wait_for(lambda: not self._at_work, max(0.0, until_s - monotonic()))


ENDING = Ending()
atexit.register(ENDING.end)
