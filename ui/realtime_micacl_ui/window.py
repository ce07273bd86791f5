"""The window. It pulls: a timer looks at the session and repaints when what it sees has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic, perf_counter
from typing import Literal

from PyQt6.QtCore import QCoreApplication, QEvent, QEventLoop, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QApplication, QWidget

from realtime_micacl.errors import StageFailed
from realtime_micacl.live.session import LiveSession
from realtime_micacl.metrics import Meter
from realtime_micacl.types import Frame, State
from realtime_micacl_ui.figures import DropShare, figures
from realtime_micacl_ui.layout import Layout
from realtime_micacl_ui.motion import STEP_S, eased
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.theme import Theme, font_scale, theme_of, unit_for
from realtime_micacl_ui.timeline import parts
from realtime_micacl_ui.view import Figure, Marker, View, follow, look, spoken

NAME = "realtime-micacl"
TICK_MS = 8
FIGURES_S = 0.5
SPEAK_S = 1.0
SETTLED_S = 2.5  # the rates of a shorter live stretch mean nothing
LINGER_S = {State.ENDED: 1.5, State.FAILED: 4.0}
MAX_MARKERS = 60
WATCHED = (State.LIVE, State.NO_FACE)  # the picture is of now
CHORDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier

_application: list[QCoreApplication] = []  # Qt wants it to outlive every window


@dataclass(frozen=True)
class Options:
    """How the window is to be."""

    look: Literal["auto", "dark", "light"] = "auto"
    reduced_motion: bool = False


def show(
    session: LiveSession,
    *,
    source_name: str,
    on_tick: Callable[[LiveWindow], None] | None = None,
    options: Options = Options(),  # frozen
) -> None:
    """Show a running session until the window is closed; the session is then asked to stop.

    `on_tick` is called with the window about 120 times a second, and may close it.
    """
    if QApplication.instance() is None:
        _application.append(QApplication([NAME]))
    window = LiveWindow(session, source_name, on_tick, options)
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
        self,
        session: LiveSession,
        source_name: str,
        on_tick: Callable[[LiveWindow], None] | None = None,
        options: Options = Options(),  # frozen
    ) -> None:
        super().__init__()
        self.view = View(source_name)
        self.meters = {"paint": Meter(), "latency": Meter()}
        self.first_picture_s: float | None = None
        self.failure: StageFailed | None = None
        self._session, self._on_tick, self._options = session, on_tick, options
        self._layout: Layout | None = None
        self._painted: Frame | None = None
        self._drops = DropShare()
        self._figures_s = self._spoken_s = self._eased_s = 0.0
        self._live_since_s: float | None = None
        self._over_since_s: float | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setWindowTitle(f"{NAME} - {source_name}")
        self.setMinimumSize(320, 180)
        screen = self.screen()
        self.resize(QSize(1280, 720).boundedTo(screen.availableSize()) if screen else QSize(1280, 720))
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(TICK_MS)

    def _tick(self) -> None:
        """Look, show what changed, and leave once it is over."""
        try:
            self._step(monotonic())
            if self._on_tick and self._timer.isActive():
                self._on_tick(self)
        except Exception as cause:  # Qt would abort the program
            self._fail(cause)
        if self.failure:
            self.close()

    def _step(self, now_s: float) -> None:
        seen = look(self._session, now_s)
        view = follow(self.view, seen)
        if view.state not in WATCHED:
            self._live_since_s = None
            self._drops.restart()
        elif self._live_since_s is None:
            self._live_since_s = now_s
        over = seen.over
        due_s = now_s - self._figures_s - FIGURES_S
        if not over and due_s >= (0 if view != self.view else FIGURES_S / 2):  # along with a new picture, if one comes
            self._figures_s = now_s
            view = replace(view, figures=self._figures(now_s))
        if now_s - self._eased_s >= STEP_S:
            elapsed_s, self._eased_s = now_s - self._eased_s, now_s
            view = replace(view, bars=eased(view.bars, view, elapsed_s, reduced=self._options.reduced_motion))
        self._present(view)
        self._speak(now_s)
        if over:
            self._over_since_s = self._over_since_s or now_s
            if now_s - self._over_since_s >= self._linger_s():
                self.close()

    def _present(self, view: View) -> None:
        """Make `view` the one that is shown; where bars alone have moved, only the cards are painted again."""
        if view == self.view:
            return
        moved_alone = self._layout is not None and replace(view, bars=self.view.bars) == self.view
        self.view = view
        if self._layout and moved_alone:
            for place in self._layout.cards.values():
                self.update(place.rect.toRect())
        else:
            self.update()

    def _figures(self, now_s: float) -> tuple[Figure, ...]:
        drops = self._drops.update(self._session.meters["capture"].count, self._session.dropped)
        judged = self._live_since_s is not None and now_s - self._live_since_s >= SETTLED_S
        return figures(self._session, self.meters, drops, judged=judged)

    def _linger_s(self) -> float:
        """Return how long the end is shown: not at all where a person stopped it or has seen nothing yet."""
        if self._session.stopping or (self._session.error and self._session.scenes.peek() is None):
            return 0.0
        return LINGER_S[self.view.state]

    def _speak(self, now_s: float) -> None:
        """Tell screen readers what is seen, once a second at most."""
        if now_s - self._spoken_s >= SPEAK_S:
            self._spoken_s = now_s
            text = spoken(self.view)
            if text != self.accessibleDescription():
                self.setAccessibleName(f"{self.windowTitle()}: {self.view.state}")
                self.setAccessibleDescription(text)

    def _fail(self, cause: Exception) -> None:
        if self.failure is None:
            self.failure = StageFailed(f"the window failed: {type(cause).__name__}: {cause}")
            self.failure.__cause__ = cause

    def _theme(self) -> Theme:
        unit = unit_for(self.width(), self.height(), font_scale(QApplication.font()))
        return theme_of(unit, light=self._light())

    def _light(self) -> bool:
        hints = QApplication.styleHints()
        bright = hints is not None and hints.colorScheme() is Qt.ColorScheme.Light
        return self._options.look == "light" or (self._options.look == "auto" and bright)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the view and take the time."""
        start_s = perf_counter()
        size = (self.width(), self.height())
        try:
            with QPainter(self) as painter:
                self._layout = paint(painter, self.view, self._theme(), size, self._layout)
        except Exception as cause:  # the next tick closes the window
            self._fail(cause)
            return
        frame, now_s = self.view.frame, monotonic()
        if frame is not None and self.first_picture_s is None:
            self.first_picture_s = now_s
        if frame is not None and frame is not self._painted and self.view.state in WATCHED:
            self._painted = frame
            self.meters["latency"].add(now_s - frame.time_s)
        if event is None or event.rect() == self.rect():
            self.meters["paint"].add(perf_counter() - start_s)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Act on the few keys there are; once it is over, any key closes."""
        if event is None or event.isAutoRepeat() or event.modifiers() & CHORDS:
            return
        if self._over_since_s is not None or event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        match event.key():
            case Qt.Key.Key_Space:
                self._session.paused = not self._session.paused
            case Qt.Key.Key_F11:
                self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
            case Qt.Key.Key_M:
                self._present(marked(self.view, monotonic()))
            case _:
                self._present(pressed(self.view, event.text()))

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Note where figures of the timeline are asked for."""
        if event is not None:
            self._point((round(event.position().x()), round(event.position().y())))

    def leaveEvent(self, event: QEvent | None) -> None:
        """Forget the mouse."""
        self._point(None)

    def _point(self, at: tuple[int, int] | None) -> None:
        past = parts(self.view, self._theme(), (self.width(), self.height()))
        asks = at is not None and past is not None and past.asked.contains(*at)
        self._present(replace(self.view, pointer=at if asks else None))

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Ask the session to stop."""
        self._timer.stop()
        self._session.stop()
        self.closed.emit()


def pressed(view: View, key: str) -> View:
    """Return the view after a key that changes nothing but what is shown."""
    match key.lower():
        case "o":
            return replace(view, overlay=not view.overlay)
        case "h":
            return replace(view, hud=not view.hud)
        case "t":
            return replace(view, timeline=not view.timeline)
        case "?":
            return replace(view, help=not view.help)
        case digit if digit.isascii() and digit.isdigit():
            tracks = [face.track_id for face in view.faces]
            track = tracks[int(digit) - 1] if 1 <= int(digit) <= len(tracks) else None
            return replace(view, selected=None if track == view.selected else track)
    return view


def marked(view: View, now_s: float) -> View:
    """Return the view with a marker at `now_s`."""
    number = view.marks + 1
    return replace(view, marks=number, markers=(*view.markers, Marker(number, now_s))[-MAX_MARKERS:])
