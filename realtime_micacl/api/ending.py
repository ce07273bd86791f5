"""What happens when a program ends while one of its threads is still reading.

Python takes such a thread away wherever it is; where it is at work in ONNX Runtime or OpenCV, that aborts the process.
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

PATIENCE_S = 10.0  # to open an engine takes as long as that on a busy machine


class Ending:
    """Lets what is at work come to its end before the program does, and nothing begin after that."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._at_work = 0
        self._over = False
        self._sessions = WeakSet[LiveSession]()

    def over(self) -> bool:
        """Say whether the program is about to end; the thread that ends it, as in `atexit`, may go on."""
        return self._over and current_thread() is not main_thread()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Keep the program from ending for the length of the block; do not return once it is about to end."""
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
        """End a session with the program, where it was left open; its threads may be at work after it was left, too."""
        self._sessions.add(session)

    def end(self) -> None:
        """Wait, some seconds at most, until nothing is at work."""
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
