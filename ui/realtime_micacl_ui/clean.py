"""The clean feed: a second window without frame and controls, for a projector or a capture program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from realtime_micacl_ui.cards import overlay
from realtime_micacl_ui.keys import key_of
from realtime_micacl_ui.layout import Layout, arrange
from realtime_micacl_ui.paint import picture, shade
from realtime_micacl_ui.theme import INK, Theme, theme_for
from realtime_micacl_ui.view import View

TITLE = "realtime-micacl clean feed"


class CleanWindow(QWidget):
    """Shows picture, boxes and cards of the views it is given; keys that it does not handle go to `act`."""

    def __init__(self, act: Callable[[str], None]) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self._act = act
        self._view = View("")
        self._layout: Layout | None = None
        self._closed = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setWindowTitle(TITLE)
        self.resize(1280, 720)

    def present(self, view: View) -> None:
        """Show a view, unless a person has closed this window; never mirrored, as it is for an audience."""
        view = replace(view, mirror=False, figures=(), controls=None, pointer=None, timeline=False, help=False)
        if self._closed:
            return
        self.show()
        if view != self._view:
            self._view = view
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the view."""
        size = (self.width(), self.height())
        with QPainter(self) as painter:
            self._layout = paint_clean(painter, self._view, theme_for(*size, "dark"), size, self._layout)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Toggle full screen, close, or do what the key does in the other window."""
        key = key_of(event) if event else ""
        if key == "f11":
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
            self.setCursor(Qt.CursorShape.BlankCursor if self.isFullScreen() else Qt.CursorShape.ArrowCursor)
        elif key == "escape":
            self.close()
        elif key:
            self._act(key)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Let it be moved: it has no frame to take it by."""
        if handle := self.windowHandle():
            handle.startSystemMove()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Stay closed."""
        self._closed = True


def paint_clean(
    painter: QPainter, view: View, theme: Theme, size: tuple[int, int], last: Layout | None = None
) -> Layout:
    """Paint only picture, boxes and cards; a picture that is not live is darkened, and hatched while it stalls."""
    layout = arrange(view, theme, size, (), last)
    painter.fillRect(QRectF(0, 0, *size), INK)
    if view.frame is not None:
        picture(painter, view, view.frame, layout.picture)
        shade(painter, view, layout.picture, theme)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    overlay(painter, view, layout, theme)
    return layout
