"""The window. It pulls: a timer looks at the session and repaints when what it sees has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic, perf_counter

from PyQt6.QtCore import QCoreApplication, QEventLoop, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QApplication, QWidget

from realtime_micacl.errors import StageFailed
from realtime_micacl.live.session import LiveSession
from realtime_micacl.metrics import Meter
from realtime_micacl.types import EMOTIONS, Frame, State
from realtime_micacl_ui.cards import UNSURE
from realtime_micacl_ui.figures import DropShare, figures
from realtime_micacl_ui.layout import Layout
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.theme import Theme, font_scale, theme_of, unit_for
from realtime_micacl_ui.view import View, follow, look

NAME = "realtime-micacl"
TICK_MS = 8
FIGURES_S = 0.5
DESCRIBE_S = 1.0
SETTLED_S = 2.5  # before a live stretch is this long its rates mean nothing
LINGER_S = {State.ENDED: 1.5, State.FAILED: 4.0}

_application: list[QCoreApplication] = []  # Qt wants it to outlive every window


def show(
    session: LiveSession, *, source_name: str, on_tick: Callable[[LiveWindow], None] | None = None
) -> None:
    """Show a running session until the window is closed; then the session is asked to stop.

    `on_tick` is called with the window about 120 times a second, and may close it.
    """
    if QApplication.instance() is None:
        _application.append(QApplication([NAME]))
    window = LiveWindow(session, source_name, on_tick)
    loop = QEventLoop()
    window.closed.connect(loop.quit)
    window.show()
    loop.exec()
    if window.failure:
        raise window.failure


class LiveWindow(QWidget):
    """What a person sees of a session."""

    closed = pyqtSignal()

    def __init__(
        self, session: LiveSession, source_name: str, on_tick: Callable[[LiveWindow], None] | None = None
    ) -> None:
        super().__init__()
        self.meters = {"paint": Meter(), "latency": Meter()}
        self.first_picture_s: float | None = None
        self.failure: StageFailed | None = None
        self.view = View(source_name)
        self._session, self._on_tick = session, on_tick
        self._layout: Layout | None = None
        self._painted: Frame | None = None
        self._drops = DropShare()
        self._live_since_s = self._figures_s = self._described_s = self._over_since_s = float("nan")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setWindowTitle(f"{NAME} - {source_name}")
        self.setMinimumSize(320, 180)
        screen = self.screen()
        self.resize(QSize(1280, 720).boundedTo(screen.availableSize()) if screen else QSize(1280, 720))
        self._timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
