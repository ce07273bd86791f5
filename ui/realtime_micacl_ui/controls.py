"""The controls of a window: shows the bar of buttons and the panel when they are needed, and acts on some keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import monotonic

from PyQt6.QtCore import QDir
from PyQt6.QtGui import QCursor
from PyQt6.QtWidgets import QApplication, QFileDialog, QWidget

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.records.recording import ENDINGS
from realtime_micacl.types import State
from realtime_micacl_ui import texts
from realtime_micacl_ui.neutral import Neutral, has_baseline
from realtime_micacl_ui.options import Options
from realtime_micacl_ui.panel import Panel
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.theme import Theme
from realtime_micacl_ui.view import View
from realtime_micacl_ui.widgets import ControlBar

AWAKE_S = 4.0  # how long the bar is shown after the mouse has moved


class Controls:
    """Owns the bar and the panel, and starts recordings and baselines."""

    def __init__(self, window: QWidget, act: Callable[[str], None], options: Options) -> None:
        self._window, self._recorder = window, options.recorder
        self.bar, self.panel = ControlBar(window), Panel(window, options.tuned, options.framer)
        self._neutral, self._tunes = Neutral(options.tuned), options.tuned is not None
        self.bar.pressed.connect(act)
        self.bar.hide()
        self.panel.hide()
        self._fault = ""
        self._pointer = QCursor.pos()
        self._awake_until_s = monotonic() + AWAKE_S

    @property
    def busy(self) -> bool:
        """Whether the panel is open."""
        return self.panel.isVisible()

    def wake(self) -> None:
        """Show the bar for a while."""
        self._awake_until_s = monotonic() + AWAKE_S
        self.bar.show()

    def toggle_panel(self) -> None:
        """Open the panel, or close it."""
        if self.panel.isVisible():
            self.panel.hide()
            self._window.setFocus()
        else:
            self.panel.refresh()
            self.wake()
            self.panel.show()
            self.panel.raise_()
            self.panel.sources.setFocus()

    def act(self, key: str, view: View) -> None:
        """Act on a key: R records, B sets the neutral face of those in the picture, or drops it."""
        if key == "r":
            self._toggle_recording()
        else:
            self._neutral.ask(view, monotonic())

    def _toggle_recording(self) -> None:
        """Stop the recording, or begin one in a file that the person names."""
        if self._recorder is None:
            return
        self._fault = ""
        if self._recorder.since_s is not None:
            self._recorder.stop()
            return
        proposed = Path(QDir.homePath()) / f"expressions-{datetime.now():%Y-%m-%d-%H%M%S}.csv"
        option = QFileDialog.Option.DontConfirmOverwrite  # the recorder refuses to overwrite
        title, kinds = say(texts.RECORD), say(texts.RECORDINGS)
        file, _ = QFileDialog.getSaveFileName(self._window, title, str(proposed), kinds, options=option)
        if not file:
            return
        path = Path(file) if file.lower().endswith(ENDINGS) else Path(f"{file}.csv")
        try:
            self._recorder.start(path)
        except ConfigError as error:
            self._fault = str(error).removeprefix("--record ")

    def with_controls(self, view: View, theme: Theme, now_s: float, *, calm: bool) -> View:
        """Show or hide and place bar and panel; return the view with them, the recording and the notice."""
        recording = self._recording(now_s)
        notice = self._notice() or self._neutral.notice(view, now_s) or view.notice
        controls = self._placed(view, theme, recording=bool(recording), calm=calm)
        if (recording, notice, controls) == (view.recording, view.notice, view.controls):
            return view
        return replace(view, recording=recording, notice=notice, controls=controls)

    def _recording(self, now_s: float) -> str:
        """Return how long the recording has gone on, in words; empty without one."""
        since_s = self._recorder.since_s if self._recorder else None
        if since_s is None:
            return ""
        minutes, seconds = divmod(int(now_s - since_s), 60)
        hours, rest = divmod(minutes, 60)
        return say(texts.RECORDING, minutes=f"{hours}:{rest:02d}" if hours else minutes, seconds=f"{seconds:02d}")

    def _notice(self) -> str:
        """Return the notice that a recording has failed; empty if none has."""
        reason = self._fault or (self._recorder.fault if self._recorder else "")
        return say(texts.NOT_RECORDED, reason=reason) if reason else ""

    def _placed(self, view: View, theme: Theme, *, recording: bool, calm: bool) -> tuple[int, int, int, int] | None:
        """Show or hide and place bar and panel; return left, top, right, bottom of the bar if it is shown."""
        focus = QApplication.focusWidget()
        held = focus is not None and (self.bar.isAncestorOf(focus) or self.panel.isAncestorOf(focus))
        if self.bar.underMouse() and (pointer := QCursor.pos()) != self._pointer:  # it has moved
            self._awake_until_s, self._pointer = monotonic() + AWAKE_S, pointer
        awake = held or self.busy or monotonic() < self._awake_until_s
        self.bar.setVisible(awake)
        if not awake:
            return None
        on = {
            "space": view.state is State.PAUSED or view.rests,
            "r": recording,
            "b": has_baseline(view),
            "p": view.privacy != "clear",
            "t": view.timeline,
            "f11": self._window.isFullScreen(),
            "s": self.busy,
            "?": view.help,
        }
        disabled = {key for key, there in (("r", self._recorder), ("b", self._tunes)) if not there}
        self.bar.present(theme, frozenset(key for key, is_on in on.items() if is_on), frozenset(disabled))
        margin = theme.px(0.8)
        width, height = self.bar.width(), self.bar.height()
        left = max(0, self._window.width() - margin - width)
        self.bar.move(left, margin)
        below = margin + height + theme.px(0.3)
        if self.busy:
            room = (self._window.width() - 2 * margin, self._window.height() - below - margin)
            self.panel.present(theme, room, view, calm)
            self.panel.move(self._window.width() - margin - self.panel.width(), below)
        return left, margin, left + width, margin + height
