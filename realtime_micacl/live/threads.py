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

SWITCH_S = 0.0005  # until Python lets another thread run; with its default of 5 ms pictures came late to the screen


def share_python() -> None:
    """Let Python switch threads more often; only for the program itself, as it changes the whole process."""
    sys.setswitchinterval(SWITCH_S)


class Threads:
    """Starts daemon threads, which do not keep the program from ending, and waits for them."""

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
        self._threads[name] = thread  # only now: `join` must not meet a thread that was never started

    def join(self, timeout_s: float) -> None:
        """Wait until all have ended, `timeout_s` at most."""
        deadline_s = monotonic() + timeout_s
        for thread in list(self._threads.values()):
            thread.join(max(0.0, deadline_s - monotonic()))
