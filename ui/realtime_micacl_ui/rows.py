"""Draws the seven emotions, always in the same order, each as a row: its name, its bar, its share in percent."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import NamedTuple

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter

from realtime_micacl.types import EMOTIONS
from realtime_micacl_ui.ink import write, write_right
from realtime_micacl_ui.theme import EMOTION_COLOURS, Letters, Scheme


class Rows(NamedTuple):
    """The measures of the rows in px, their letters and colours; the area they fill is given when they are drawn."""

    height: float
    """Of a row."""
    names: float
    """Where the names begin, from the left of the area."""
    bars: float
    """Where the bars begin, from the left of the area; the shares end at its right."""
    length: float
    """Of a bar at 100 %."""
    thick: int
    """Of a bar."""
    dot: int
    """The radius of the dot in the emotion's colour before a name; 0: no dot."""
    letters: Letters
    leading: Letters
    """For the leading emotion."""
    scheme: Scheme

    def tops(self, top: float) -> list[int]:
        """Return the upper edge of each bar, where the area begins at `top`."""
        return [floor(top + row * self.height + (self.height - self.thick) / 2) for row in range(len(EMOTIONS))]

    def baseline(self, area: QRectF, row: int) -> float:
        """Return the baseline of a row."""
        return self.letters.baseline(area.top() + row * self.height, self.height)

    def look(self, *, leads: bool) -> tuple[Letters, QColor]:
        """Return letters and colour of a row."""
        return (self.leading, self.scheme.text) if leads else (self.letters, self.scheme.soft)


def draw_names(painter: QPainter, area: QRectF, rows: Rows, words: Sequence[str], lead: str | None) -> None:
    """Draw what does not move: the dots, the names, which are `words`, and the tracks of the bars."""
    left, tops = area.left() + rows.bars, rows.tops(area.top())
    for i, (emotion, word) in enumerate(zip(EMOTIONS, words, strict=True)):
        if rows.dot:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(EMOTION_COLOURS[emotion])
            middle = area.top() + (i + 0.5) * rows.height
            painter.drawEllipse(QPointF(area.left() + rows.dot, middle), rows.dot, rows.dot)
        letters, ink = rows.look(leads=emotion == lead)
        write(painter, letters, area.left() + rows.names, rows.baseline(area, i), word, ink)
        painter.fillRect(QRectF(left, tops[i], rows.length, rows.thick), rows.scheme.plate)


def draw_figures(painter: QPainter, area: QRectF, rows: Rows, figures: Sequence[str], lead: str | None) -> None:
    """Write the shares in percent at the right of their bars."""
    for i, (emotion, figure) in enumerate(zip(EMOTIONS, figures, strict=True)):
        letters, ink = rows.look(leads=emotion == lead)
        write_right(painter, letters, area.right(), rows.baseline(area, i), figure, ink)


def draw_bars(painter: QPainter, area: QRectF, rows: Rows, shares: Sequence[float]) -> None:
    """Fill each track from its left in the colour of its emotion, as far as its share goes, 0 to 1."""
    left = area.left() + rows.bars
    for top, ink, share in zip(rows.tops(area.top()), EMOTION_COLOURS.values(), shares, strict=True):
        painter.fillRect(QRectF(left, top, rows.length * min(1.0, max(0.0, share)), rows.thick), ink)


def percent(shares: Sequence[float]) -> tuple[str, ...]:
    """Return shares in percent as they are written."""
    return tuple(f"{100 * share:.0f}" for share in shares)
