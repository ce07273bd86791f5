"""A widget that shows a view, and paints again what has changed."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic, perf_counter

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from realtime_micacl.metrics import Meter
from realtime_micacl_ui.cards import gliding
from realtime_micacl_ui.desk import Options
from realtime_micacl_ui.layout import Layout
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.theme import Theme, theme_for
from realtime_micacl_ui.view import View
from realtime_micacl_ui.watch import Watch


class Canvas(QWidget):
    """Shows `view`; `fault` is what went wrong in painting it."""

    def __init__(self, parent: QWidget | None, view: View, options: Options) -> None:
        super().__init__(parent)
        self.view, self.meters = view, {"paint": Meter(), "latency": Meter()}
        self.fault: Exception | None = None
        self._options = options
        self._layout: Layout | None = None
        self._stale = True  # whether more than bars has changed since all of it was painted
        self._watch: Watch
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def present(self, view: View) -> None:
        """Make `view` the one that is shown; where bars alone have moved, nothing else is painted again."""
        if view == self.view:
            return
        glides = self._layout is not None and not self._stale and replace(view, bars=self.view.bars) == self.view
        self.view = view
        if self._layout and glides:
            for place in self._layout.cards.values():
                if not place.small:
                    self.update(gliding(place, self.theme().dark))
        else:
            self._stale = True
            self.update()

    def theme(self) -> Theme:
        """Return the theme for the size of now."""
        return theme_for(self.width(), self.height(), self._options.look)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the view and take the time."""
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
