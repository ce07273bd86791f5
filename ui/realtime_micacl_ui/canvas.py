"""A widget that shows a view, and paints again what has changed."""

from __future__ import annotations

from time import monotonic, perf_counter

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from realtime_micacl.meter import Meter
from realtime_micacl_ui.layout import Layout
from realtime_micacl_ui.options import Options
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.theme import Theme, theme_for
from realtime_micacl_ui.touched import touched
from realtime_micacl_ui.view import View
from realtime_micacl_ui.watch import Watch

LOOK_S = 0.5  # how often the system is asked for a dark or light look


class Canvas(QWidget):
    """Shows `view`; `fault` is the error of painting it, if any."""

    def __init__(self, parent: QWidget | None, view: View, options: Options) -> None:
        super().__init__(parent)
        self.view, self.meters = view, {"paint": Meter(), "latency": Meter()}
        self.fault: Exception | None = None
        self._options = options
        self._layout: Layout | None = None
        self._stale = True  # whether all of it is to be painted
        self._themed: tuple[tuple[int, int, str], float, Theme] | None = None
        self._watch: Watch
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def present(self, view: View) -> None:
        """Show `view` from now on; only the parts that look different are painted again."""
        if view is self.view or view == self.view:
            return
        region = None
        if self._layout and not self._stale:
            region = touched(self.view, view, self._layout, self.theme(), (self.width(), self.height()))
        self.view = view
        if region is None:
            self._stale = True
            self.update()
        elif not region.isEmpty():
            self.update(region)

    def theme(self) -> Theme:
        """Return the theme for the present size; the system's own look is asked for every LOOK_S."""
        asked = (self.width(), self.height(), self._options.look)
        now_s = monotonic()
        if self._themed is None or self._themed[0] != asked or now_s - self._themed[1] >= LOOK_S:
            self._themed = asked, now_s, theme_for(*asked)
        return self._themed[2]

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the view and measure the time."""
        start_s = perf_counter()
        size = (self.width(), self.height())
        partly = event is not None and event.rect() != self.rect() and not self._stale
        try:
            with QPainter(self) as painter:
                region = event.region() if event is not None and partly else None
                self._layout = paint(painter, self.view, self.theme(), size, self._layout, region)
        except Exception as cause:  # the next tick closes the window
            self.fault = self.fault or cause
            return
        if partly:
            return
        self._stale = event is not None and event.rect() != self.rect()
        self._watch.painted(self.view, monotonic())
        if not self._stale:
            self.meters["paint"].add(perf_counter() - start_s)
