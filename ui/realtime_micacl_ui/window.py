"""The window of one session. A timer looks at the session and repaints what has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Any

from PyQt6.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent
from PyQt6.QtWidgets import QDialog

from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.source import SourceSpec
from realtime_micacl.types import Mark
from realtime_micacl_ui import texts
from realtime_micacl_ui.canvas import Canvas
from realtime_micacl_ui.clean import CleanWindow
from realtime_micacl_ui.controls import Controls
from realtime_micacl_ui.keys import key_of, marked, pressed
from realtime_micacl_ui.language import use_language
from realtime_micacl_ui.options import DEFAULT, Options
from realtime_micacl_ui.pull import Pull, shown_until_closed
from realtime_micacl_ui.qt import application
from realtime_micacl_ui.speaker import Speaker
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.timeline import parts
from realtime_micacl_ui.view import View, first_view
from realtime_micacl_ui.watch import Watch

NAME = "realtime-micacl"
TICK_MS = 8

OnTick = Callable[["LiveWindow"], None]


def show(
    session: LiveSession,
    *,
    source_name: str,
    webcam: bool = False,
    on_tick: OnTick | None = None,
    options: Options = DEFAULT,
    window: LiveWindow | None = None,
) -> LiveWindow:
    """Show a running session, in `window` if there is one already, until it is closed or another source is asked for.

    Then `asked` is the other source, or `again` is set for the same one, and the session has been asked to stop. A
    `webcam` is mirrored. `on_tick` is called with the window about 120 times a second, and may close it.
    """
    if window is None:
        application(NAME)
        use_language(options.language)
        window = LiveWindow(session, source_name, on_tick, options, webcam=webcam)
    else:
        window.turn_to(session, source_name, on_tick, webcam=webcam)
    shown_until_closed(window, window.show, lambda: [session])
    return window


class LiveWindow(Canvas):
    """The window of a session."""

    closed = pyqtSignal()  # this session is not shown any more

    def __init__(
        self,
        session: LiveSession,
        source_name: str,
        on_tick: OnTick | None = None,
        options: Options = DEFAULT,
        *,
        webcam: bool = False,
    ) -> None:
        super().__init__(None, View(source_name, timeline=True, mixtures=options.mixtures), options)
        self._reduced, self._mirror = options.reduced_motion, options.mirror
        self._controls = Controls(self, self.act, options)
        self._controls.panel.source_asked.connect(self._ask)
        self._controls.panel.switched.connect(self._switch)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()  # else Qt gives it to the first button
        self.setMinimumSize(320, 180)
        if screen := self.screen():
            self.resize(QSize(1280, 720).boundedTo(screen.availableSize()))
        self._clean = CleanWindow(self.act) if options.clean else None
        self.pull = Pull(self, self._look, self.close, every_ms=TICK_MS)
        self.asked: SourceSpec | None = None
        self.again = False
        self.turn_to(session, source_name, on_tick, webcam=webcam)

    @property
    def goes_on(self) -> bool:
        """Whether a person asked for another source, or the same one again, and the window has not failed."""
        return self.pull.failure is None and (self.again or self.asked is not None)

    @property
    def first_picture_s(self) -> float | None:
        """When the first picture of this session was painted."""
        return self._watch.first_picture_s

    def turn_to(
        self, session: LiveSession, source_name: str, on_tick: OnTick | None = None, *, webcam: bool = False
    ) -> None:
        """Show another session from its beginning; what a person switched on stays on."""
        chosen = self.goes_on
        self.view = replace(first_view(self.view, source_name), mirror=webcam if self._mirror is None else self._mirror)
        self._session, self._on_tick = session, on_tick
        self.asked, self.again = None, False
        self._layout = None
        self._watch = Watch(session, self.meters, "waits" if self._options.stays else "closes", chosen=chosen)
        self._speaker = Speaker(self)
        self.setWindowTitle(f"{NAME} - {texts.named(source_name)}")
        self.pull.start()

    def _ask(self, spec: SourceSpec | None) -> None:
        """Leave this session for another source, or for the same one again; the window stays."""
        if self._controls.busy:
            self._controls.toggle_panel()
        self.asked, self.again = spec, spec is None
        name = spec.name if spec else self.view.source
        self.view = replace(first_view(self.view, name), title=say(texts.OPENING, source=texts.named(name)))
        self.repaint()  # closing the old source may take a second
        self._leave()

    def _leave(self) -> None:
        for dialog in self.findChildren(QDialog):  # a file dialog would keep the program from ending
            dialog.reject()
        self.pull.stop()
        self._session.stop()
        self.closed.emit()

    def _switch(self, name: str, value: Any) -> None:
        if name == "calm":
            self._reduced = value
            return
        self._mirror = value if name == "mirror" else self._mirror  # for the next source as well
        self.present(replace(self.view, **{name: value}))

    def _look(self) -> None:
        """Look at the session, show what changed, and close when it has ended."""
        if self.fault:
            raise self.fault
        now_s = monotonic()
        if self._watch.has_news(now_s):
            self._step(now_s)
        if self._on_tick and self.pull.going:
            self._on_tick(self)

    def _step(self, now_s: float) -> None:
        view = self._watch.next(self.view, now_s, reduced=self._reduced)
        self._show(view, now_s)
        if self._clean:
            self._clean.present(self.view)
        self._speaker.tell(self.view, self.windowTitle(), now_s)
        if self._watch.done(view, now_s) and (self._session.stopping or not self._controls.busy):
            self.close()

    def _show(self, view: View, now_s: float) -> None:
        self.present(self._controls.with_controls(view, self.theme(), now_s, calm=self._reduced))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Act on the few keys there are."""
        if event is not None and (key := key_of(event)):
            self.act(key)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Show the buttons, so that Tab finds them."""
        self._controls.wake()
        return super().focusNextPrevChild(forward)

    def act(self, key: str) -> None:
        """Act on a key. After the end Space plays the source again; if the window does not stay, any key closes it."""
        if key == "s" or (key == "escape" and self._controls.busy):
            self._controls.toggle_panel()
            self._show(self.view, monotonic())
        elif key == "escape" and self.view.help:
            self.present(replace(self.view, help=False))
        elif key == "escape" or (self._watch.over and not self._options.stays):
            self.close()
        elif key == "space" and self._watch.over:
            self._ask(None)
        elif key == "space":
            self._session.paused = not self._session.paused
        elif key == "f11":
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
        elif key in ("r", "b"):
            self._controls.act(key, self.view)
        elif key == "x":
            self._switch("mirror", not self.view.mirror)
        elif key == "m":
            self.present(marked(self.view, monotonic()))
            for sink in self._options.sinks:
                sink(Mark(self.view.markers[-1].time_s, self.view.marks))
        else:
            self.present(pressed(self.view, key))

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Play the source again after its end, on a click outside of buttons and panel."""
        if event and event.button() == Qt.MouseButton.LeftButton and self.view.rests and not self._controls.busy:
            self._ask(None)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Show the buttons, and note where the mouse is on the timeline."""
        self._controls.wake()
        self._point((round(event.position().x()), round(event.position().y())) if event else None)

    def leaveEvent(self, event: QEvent | None) -> None:
        """Forget the mouse."""
        self._point(None)

    def _point(self, at: tuple[int, int] | None) -> None:
        past = parts(self.view, self.theme(), (self.width(), self.height()))
        asks = at is not None and past is not None and past.asked.contains(*at)
        self.present(replace(self.view, pointer=at if asks else None))

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Ask the session to stop."""
        if self._clean:
            self._clean.close()
        self._leave()
