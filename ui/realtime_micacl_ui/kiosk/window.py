"""The kiosk's window: full screen, without cursor, and with few keys. A timer looks at the sessions."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from time import monotonic

from PyQt6.QtCore import QRect, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.live.session import LiveSession
from realtime_micacl.types import Frame, State
from realtime_micacl_ui.keys import key_at
from realtime_micacl_ui.kiosk.counter import Counter
from realtime_micacl_ui.kiosk.keys import ACTS, Keys
from realtime_micacl_ui.kiosk.paint import paint_screen
from realtime_micacl_ui.kiosk.screen import Button, Screen, buttons, spoken, theme_for
from realtime_micacl_ui.kiosk.settings import KioskSettings
from realtime_micacl_ui.kiosk.state import Act, KioskState, Notice, Stage, follow
from realtime_micacl_ui.pull import Pull, shown_until_closed
from realtime_micacl_ui.qt import application
from realtime_micacl_ui.view import View
from realtime_micacl_ui.view import follow as follow_view

NAME = "realtime-micacl kiosk"
TICK_MS = 16
ATTRACT_HZ = 25
FRESH_S = 1.0  # an older scene does not tell who is there now
SILENT_S = 2.5  # without a picture for this long, the camera is not responding
WIPE_S = 10.0  # if an analysis takes longer to end, the program is ended


def show(
    watch: LiveSession,
    open_visit: Callable[[], LiveSession],
    settings: KioskSettings,
    *,
    clock: Callable[[], float] = monotonic,
    on_tick: Callable[[KioskWindow], None] | None = None,
) -> None:
    """Show the kiosk over a watching session until the operator, a signal or an error ends it.

    `open_visit` returns the session of one visitor, not yet started; `clock` gives the time in seconds.
    """
    application(NAME)
    window = KioskWindow(watch, open_visit, settings, clock, on_tick)
    shown_until_closed(window, window.showFullScreen, lambda: window.sessions)


class KioskWindow(QWidget):
    """Shows visitors the kiosk; opens the session of a visit on consent, and ends it with the visit."""

    closed = pyqtSignal()

    def __init__(
        self,
        watch: LiveSession,
        open_visit: Callable[[], LiveSession],
        settings: KioskSettings,
        clock: Callable[[], float],
        on_tick: Callable[[KioskWindow], None] | None,
    ) -> None:
        super().__init__()
        self.state = KioskState(since_s=clock(), there_s=clock())
        self.screen_now = Screen(settings)
        self._watch, self._open_visit, self._settings = watch, open_visit, settings
        self._clock, self._on_tick = clock, on_tick
        self._visit: LiveSession | None = None
        self._ends_by_s = 0.0
        self._view = View("")
        self._counter = Counter(settings.counter)
        self._act: Act | None = None
        self._language: int | None = None
        self._pressed: Button | None = None
        self._keys = Keys()
        self._leaves = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setWindowFlags(Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self.setCursor(Qt.CursorShape.BlankCursor)
        self.setWindowTitle(NAME)
        self._filled = QRect()
        self._fill()
        self.pull = Pull(self, self._look, self.leave, every_ms=TICK_MS, name="kiosk")
        self.pull.start()

    @property
    def sessions(self) -> tuple[LiveSession, ...]:
        """The session that watches, and that of the visit, if there is one."""
        return (self._watch, self._visit) if self._visit else (self._watch,)

    def _fill(self) -> None:
        """Fill the screen, also after that was turned or exchanged: without a window manager nobody else does it."""
        if (screen := self.screen()) and screen.geometry() != self._filled:
            self._filled = screen.geometry()
            self.setGeometry(self._filled)

    def _look(self) -> None:
        self._fill()
        self._step()
        if self._on_tick and self.pull.going:
            self._on_tick(self)
        now = self._watch.look()
        if now.over or now.fault or self._keys.operator_leaves(monotonic()):
            self.leave()

    def _step(self) -> None:
        """Take one step: follow the state, begin or end a visit as it asks, and show it."""
        self._end_visit()
        notice = Notice(self._near(), self._act, self._language, clean=self._visit is None)
        self._act = self._language = None
        last, now_s = self.state, self._clock()
        self.state = follow(last, notice, self._settings.times, now_s)
        if self.state.visits > last.visits:
            self._begin_visit()
        if self._visit and not self.state.analysing and not self._visit.stopping:
            self._visit.stop()
            self._ends_by_s = monotonic() + WIPE_S
            self._view = View("")
        self._present(now_s)

    def _begin_visit(self) -> None:
        self._watch.paused = True  # the visit finds the face itself
        self._visit = self._open_visit()
        self._visit.__enter__()
        self._counter.add()

    def _end_visit(self) -> None:
        """Drop a visit that has ended, and with it all that it knew; raise its error."""
        visit = self._visit
        if visit is None:
            return
        if visit.fault:
            raise visit.fault
        if visit.running and visit.stopping and monotonic() > self._ends_by_s:
            raise StageFailed(f"{' and '.join(visit.stuck)} did not end within {WIPE_S:g} s after a visit")
        if not visit.running:
            self._visit = None
            self._watch.paused = False
            visit.__exit__(None, None, None)

    def _near(self) -> bool:
        """Return whether somebody is near; during a visit, whether the visitor is."""
        now = (self._visit or self._watch).look()
        return now.state is State.LIVE and now.scene is not None and now.now_s - now.scene.time_s <= FRESH_S

    def _present(self, now_s: float) -> None:
        """Show the present state."""
        state, newest = self.state, self._watch.look().newest
        camera = isinstance(newest, Frame) and monotonic() - newest.time_s < SILENT_S
        if state.analysing and self._visit:
            self._view = follow_view(self._view, self._visit.look())
        screen = Screen(
            self._settings,
            state.stage,
            state.language,
            time_s=floor(now_s * ATTRACT_HZ) / ATTRACT_HZ if state.stage is Stage.ATTRACT else 0.0,
            left_s=ceil(state.left_s(self._settings.times, now_s)) if state.stage is Stage.ASKING else 0,
            visits=self._counter.visits,
            view=self._view if state.stage is Stage.LIVE else None,
            camera=camera or newest is None,
        )
        if screen != self.screen_now:
            self.screen_now = screen
            if self.accessibleDescription() != (words := spoken(screen)):
                self.setAccessibleDescription(words)
            self.update()

    def leave(self) -> None:
        """Close the window and ask the sessions to stop."""
        self._leaves = True
        self.close()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the present screen."""
        try:
            with QPainter(self) as painter:
                paint_screen(painter, self.screen_now, (self.width(), self.height()))
        except Exception as cause:  # the next tick closes the window
            self.pull.fail(cause)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Note the button that is touched."""
        self._pressed = self._button_at(event) if event else None

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Act if the touch ends on the button on which it began; the whole attract loop is a button."""
        button = self._button_at(event) if event else None
        if button is not None and button == self._pressed:
            self._act, self._language = button.act, button.language
        elif button is None and self.state.stage is Stage.ATTRACT:
            self._act = Act.GO

    def _button_at(self, event: QMouseEvent) -> Button | None:
        size = (self.width(), self.height())
        found = buttons(self.screen_now, theme_for(size), size)
        return next((button for button in found if button.rect.contains(event.position())), None)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Handle the keys of a button box; all others are ignored."""
        if event is None or event.isAutoRepeat():
            return
        key = self._keys.press(key_at(event), event.modifiers(), monotonic())
        if key == Qt.Key.Key_L:
            self._language = (self.state.language + 1) % len(self._settings.texts)
        elif key is not None:
            self._act = ACTS.get(key)

    def keyReleaseEvent(self, event: QKeyEvent | None) -> None:
        """Note the key that is released."""
        if event is not None and not event.isAutoRepeat():
            self._keys.release(key_at(event), monotonic())

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Ignore closing by Alt+F4 or the window manager, unless the kiosk itself leaves."""
        if event is not None and not self._leaves:
            event.ignore()
            return
        self.pull.stop()
        self._watch.stop()
        if self._visit:
            visit, self._visit = self._visit, None
            try:
                visit.__exit__(None, None, None)
            except MicaclError as error:
                self.pull.fail(error)
        self.closed.emit()
