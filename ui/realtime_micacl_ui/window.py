"""The window. It pulls: a timer looks at the session and repaints when what it sees has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic, perf_counter
from typing import Any

from PyQt6.QtCore import QEvent, QEventLoop, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from realtime_micacl.errors import StageFailed
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.source import SourceSpec
from realtime_micacl.metrics import Meter
from realtime_micacl.types import Mark
from realtime_micacl_ui import texts
from realtime_micacl_ui.clean import CleanWindow
from realtime_micacl_ui.desk import DEFAULT, Desk, Options
from realtime_micacl_ui.keys import key_of, marked, pressed
from realtime_micacl_ui.language import use_language
from realtime_micacl_ui.layout import Layout
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.qt import application, ended_with_the_screen
from realtime_micacl_ui.speaker import Speaker
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.theme import Theme, theme_for
from realtime_micacl_ui.timeline import parts
from realtime_micacl_ui.view import View, anew
from realtime_micacl_ui.watch import Watch

NAME = "realtime-micacl"
TICK_MS = 8

OnTick = Callable[["LiveWindow"], None]


def show(
    session: LiveSession,
    *,
    source_name: str,
    on_tick: OnTick | None = None,
    options: Options = DEFAULT,
    window: LiveWindow | None = None,
) -> LiveWindow:
    """Show a running session, in `window` if there is one already, until it is closed or asked to go on.

    It is `asked` for another source, or for the same one `again`; the session is then asked to stop. `on_tick` is
    called with the window about 120 times a second, and may close it.
    """
    if window is None:
        application(NAME)
        use_language(options.language)
        window = LiveWindow(session, source_name, on_tick, options)
    else:
        window.turn_to(session, source_name, on_tick)
    loop = QEventLoop()
    window.closed.connect(loop.quit)
    window.show()
    with ended_with_the_screen(lambda: [session]):
        loop.exec()
    if window.failure:
        raise window.failure
    return window


class LiveWindow(QWidget):
    """What a person sees of a session."""

    closed = pyqtSignal()  # there is nothing more to show of this session

    def __init__(
        self, session: LiveSession, source_name: str, on_tick: OnTick | None = None, options: Options = DEFAULT
    ) -> None:
        super().__init__()
        self.view = View(source_name, timeline=True, mixtures=options.mixtures)
        self.meters = {"paint": Meter(), "latency": Meter()}
        self.failure: StageFailed | None = None
        self._options = options
        self._reduced = options.reduced_motion
        self._desk = Desk(self, self.act, options)
        self._desk.panel.source_asked.connect(self._ask)
        self._desk.panel.switched.connect(self._switch)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()  # else Qt gives it to the first button
        self.setMinimumSize(320, 180)
        if screen := self.screen():
            self.resize(QSize(1280, 720).boundedTo(screen.availableSize()))
        self._clean = CleanWindow(self.act) if options.clean else None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self.asked: SourceSpec | None = None
        self.again = False
        self.turn_to(session, source_name, on_tick)

    @property
    def first_picture_s(self) -> float | None:
        """When the first picture of this session was painted."""
        return self._watch.first_picture_s

    def turn_to(self, session: LiveSession, source_name: str, on_tick: OnTick | None = None) -> None:
        """Show another session from its beginning; what a person switched on stays on."""
        chosen = self.again or self.asked is not None
        self.view = anew(self.view, source_name)
        self._session, self._on_tick = session, on_tick
        self.asked, self.again = None, False
        self._layout: Layout | None = None
        self._watch = Watch(session, self.meters, stays=self._options.stays, chosen=chosen)
        self._speaker = Speaker(self)
        self.setWindowTitle(f"{NAME} - {source_name}")
        self._timer.start(TICK_MS)

    def _ask(self, spec: SourceSpec | None) -> None:
        """Leave this session for another source, or for a new one of the same; the window stays."""
        if self._desk.busy:
            self._desk.toggle_panel()
        self.asked, self.again = spec, spec is None
        name = spec.name if spec else self.view.source
        self.view = replace(anew(self.view, name), title=say(texts.OPENING, source=name))
        self.repaint()  # what follows may take a second: the old source is closed first
        self._leave()

    def _leave(self) -> None:
        self._timer.stop()
        self._session.stop()
        self.closed.emit()

    def _switch(self, name: str, value: Any) -> None:
        if name == "calm":
            self._reduced = value
        else:
            self._present(replace(self.view, **{name: value}))

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
        view = self._watch.next(self.view, now_s, reduced=self._reduced)
        self._present(self._desk.dressed(view, self._theme(), now_s, calm=self._reduced))
        if self._clean:
            self._clean.present(self.view)
        self._speaker.tell(self.view, self.windowTitle(), now_s)
        if self._watch.done(view, now_s) and not self._desk.busy:
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

    def _fail(self, cause: Exception) -> None:
        if self.failure is None:
            self.failure = StageFailed(f"the window failed: {type(cause).__name__}: {cause}")
            self.failure.__cause__ = cause

    def _theme(self) -> Theme:
        return theme_for(self.width(), self.height(), self._options.look)

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
        self._watch.painted(self.view, monotonic())
        if event is None or event.rect() == self.rect():
            self.meters["paint"].add(perf_counter() - start_s)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Act on the few keys there are."""
        if event is not None and (key := key_of(event)):
            self.act(key)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Bring the buttons out, so that Tab finds them."""
        self._desk.wake()
        return super().focusNextPrevChild(forward)

    def act(self, key: str) -> None:
        """Do what a key stands for; once it is over, Space begins again, or any key closes where the window goes."""
        if key == "s" or (key == "escape" and self._desk.busy):
            self._desk.toggle_panel()
        elif key == "escape" and self.view.help:
            self._present(replace(self.view, help=False))
        elif key == "escape" or (self._watch.over and not self._options.stays):
            self.close()
        elif key == "space" and self._watch.over:
            self._ask(None)
        elif key == "space":
            self._session.paused = not self._session.paused
        elif key == "f11":
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
        elif key in ("r", "b"):
            self._desk.act(key, self.view)
        elif key == "m":
            self._present(marked(self.view, monotonic()))
            for sink in self._options.sinks:
                sink(Mark(self.view.markers[-1].time_s, self.view.marks))
        else:
            self._present(pressed(self.view, key))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Begin again once it is over: beside the buttons and the panel, which take their own clicks."""
        if event and event.button() == Qt.MouseButton.LeftButton and self.view.rests and not self._desk.busy:
            self._ask(None)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Bring the buttons out, and note where figures of the timeline are asked for."""
        self._desk.wake()
        self._point((round(event.position().x()), round(event.position().y())) if event else None)

    def leaveEvent(self, event: QEvent | None) -> None:
        """Forget the mouse."""
        self._point(None)

    def _point(self, at: tuple[int, int] | None) -> None:
        past = parts(self.view, self._theme(), (self.width(), self.height()))
        asks = at is not None and past is not None and past.asked.contains(*at)
        self._present(replace(self.view, pointer=at if asks else None))

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Ask the session to stop."""
        if self._clean:
            self._clean.close()
        self._leave()
