"""How every window runs: a Qt timer looks at the sessions again and again, until the window is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from PyQt6.QtCore import QEventLoop, QObject, Qt, QTimer, pyqtBoundSignal

from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.live.session import LiveSession
from realtime_micacl_ui.qt import ended_with_the_screen


class Pull:
    """Calls `look` every few milliseconds on the main thread; if that raises, it sets `failure` and calls `leave`."""

    def __init__(
        self,
        parent: QObject,
        look: Callable[[], None],
        leave: Callable[[], object],
        *,
        every_ms: int,
        name: str = "window",
    ) -> None:
        """Take the window, how it looks and how it leaves; `name` is for the message when a look fails."""
        self.failure: MicaclError | None = None
        self._look, self._leave, self._every_ms, self._name = look, leave, every_ms, name
        self._timer = QTimer(parent)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    @property
    def going(self) -> bool:
        """Whether there will be another look."""
        return self._timer.isActive()

    def start(self) -> None:
        """Look from now on."""
        self._timer.start(self._every_ms)

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def fail(self, cause: Exception) -> None:
        """Note the first error; after the next look the window is left."""
        if self.failure is not None:
            return
        if isinstance(cause, MicaclError):
            self.failure = cause
        else:
            self.failure = StageFailed(f"the {self._name} failed: {type(cause).__name__}: {cause}")
            self.failure.__cause__ = cause

    def _tick(self) -> None:
        try:
            self._look()
        except Exception as cause:  # Qt would abort the program
            self.fail(cause)
        if self.failure:
            self._leave()


class Pulling(Protocol):
    """A window that looks at its sessions by a Pull."""

    closed: pyqtBoundSignal
    pull: Pull


def shown_until_closed(
    window: Pulling, show: Callable[[], object], sessions: Callable[[], Iterable[LiveSession]]
) -> None:
    """Show a window until it is closed, and raise its failure; `sessions` are ended if the screen is lost."""
    loop = QEventLoop()
    window.closed.connect(loop.quit)
    show()
    with ended_with_the_screen(sessions):
        loop.exec()
    if window.pull.failure:
        raise window.pull.failure
