"""The threads of a session, by name: one that hangs is left behind, and another takes its place."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Thread
from time import monotonic

from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.live.supervision import Abandoned
from realtime_micacl.stack import started
from realtime_micacl.wording import in_words

SWITCH_S = 0.0005  # after which Python lets another thread go on; its own 5 ms make a picture late for the screen


def share_python() -> None:
    """Let the threads of a program that is all our own take turns more often."""
    sys.setswitchinterval(SWITCH_S)


class Threads:
    """Starts threads and waits for them; none of them keeps the program from ending."""

    def __init__(self) -> None:
        self._threads: dict[str, Thread] = {}

    @property
    def alive(self) -> list[str]:
        """The names of those that have not ended."""
        return [name for name, thread in self._threads.items() if thread.is_alive()]

    def start(
        self, name: str, work: Callable[[], None], failed: Callable[[MicaclError], None], ended: Callable[[], None]
    ) -> None:
        """Do `work` on a thread of this name, in place of one that had it before.

        `failed` takes what is raised, `ended` is called last; neither where the thread was given up in between.
        """

        def run() -> None:
            try:
                work()
            except Abandoned:
                return
            except MicaclError as error:
                failed(error)
            except Exception as cause:
                failure = StageFailed(f"{name} failed: {in_words(cause)}")
                failure.__cause__ = cause
                failed(failure)
            ended()

        thread = Thread(target=run, name=name, daemon=True)
        started(thread)
        self._threads[name] = thread  # only now: somebody may be waiting for all of them

    def join(self, timeout_s: float) -> None:
        """Wait until all have ended, `timeout_s` at most."""
        deadline_s = monotonic() + timeout_s
        for thread in list(self._threads.values()):
            thread.join(max(0.0, deadline_s - monotonic()))
