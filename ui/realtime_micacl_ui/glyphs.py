"""The icons on the buttons, drawn so that they are sharp at every size and need no font."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap


def glyph(name: str, size_px: int, colour: QColor, ratio: float) -> QIcon:
    """Return the icon of this name; `ratio` is the device px per px."""
    pixmap = QPixmap(ceil(size_px * ratio), ceil(size_px * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(size_px / 24, size_px / 24)
        painter.setPen(QPen(colour, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        GLYPHS[name](painter, colour)
    return QIcon(pixmap)


def _pause(p: QPainter, colour: QColor) -> None:
    for x in (7.0, 13.5):
        p.fillRect(QRectF(x, 5, 3.5, 14), colour)


def _play(p: QPainter, colour: QColor) -> None:
    p.setBrush(colour)
    p.drawPolygon(QPointF(8, 5), QPointF(19, 12), QPointF(8, 19))


def _record(p: QPainter, colour: QColor) -> None:
    p.drawEllipse(QPointF(12, 12), 8, 8)
    p.setBrush(colour)
    p.drawEllipse(QPointF(12, 12), 3.5, 3.5)


def _stop(p: QPainter, colour: QColor) -> None:
    p.drawEllipse(QPointF(12, 12), 8, 8)
    p.fillRect(QRectF(9, 9, 6, 6), colour)


def _mark(p: QPainter, colour: QColor) -> None:
    p.drawLine(QPointF(7, 4), QPointF(7, 20))
    p.setBrush(colour)
    p.drawPolygon(QPointF(7, 4), QPointF(18, 7.5), QPointF(7, 11))


def _neutral(p: QPainter, colour: QColor) -> None:
    p.drawEllipse(QPointF(12, 12), 9, 9)
    p.drawLine(QPointF(8, 15.5), QPointF(16, 15.5))
    p.setBrush(colour)
    for x in (8.8, 15.2):
        p.drawEllipse(QPointF(x, 9.5), 0.6, 0.6)


def _eye(p: QPainter, colour: QColor) -> None:
    path = QPainterPath(QPointF(2.5, 12))
    path.quadTo(12, 2, 21.5, 12)
    path.quadTo(12, 22, 2.5, 12)
    p.drawPath(path)
    p.setBrush(colour)
    p.drawEllipse(QPointF(12, 12), 2.6, 2.6)


def _no_eye(p: QPainter, colour: QColor) -> None:
    _eye(p, colour)
    p.drawLine(QPointF(4, 20), QPointF(20, 4))


def _timeline(p: QPainter, colour: QColor) -> None:
    path = QPainterPath(QPointF(3, 16))
    path.cubicTo(9, 16, 8, 6, 13, 8)
    path.cubicTo(17, 10, 17, 14, 21, 11)
    p.drawPath(path)
    p.drawLine(QPointF(3, 20), QPointF(21, 20))


def _settings(p: QPainter, colour: QColor) -> None:
    for y, x in ((6.0, 15.0), (12.0, 8.0), (18.0, 16.5)):
        p.setBrush(Qt.BrushStyle.NoBrush)
        p.drawLine(QPointF(3, y), QPointF(21, y))
        p.setBrush(colour)
        p.drawEllipse(QPointF(x, y), 2, 2)


def _full(p: QPainter, colour: QColor) -> None:
    for x, y, dx, dy in ((4.0, 4.0, 1, 1), (20.0, 4.0, -1, 1), (4.0, 20.0, 1, -1), (20.0, 20.0, -1, -1)):
        p.drawPolyline(QPointF(x + 5 * dx, y), QPointF(x, y), QPointF(x, y + 5 * dy))


def _help(p: QPainter, colour: QColor) -> None:
    path = QPainterPath(QPointF(8, 8.5))
    path.cubicTo(8, 2.5, 16.5, 2.5, 16.5, 8.5)
    path.cubicTo(16.5, 12, 12, 11.5, 12, 15)
    p.drawPath(path)
    p.setBrush(colour)
    p.drawEllipse(QPointF(12, 19.5), 0.7, 0.7)


GLYPHS: dict[str, Callable[[QPainter, QColor], None]] = {
    "pause": _pause,
    "play": _play,
    "record": _record,
    "stop": _stop,
    "mark": _mark,
    "neutral": _neutral,
    "eye": _eye,
    "no eye": _no_eye,
    "timeline": _timeline,
    "settings": _settings,
    "full": _full,
    "help": _help,
}
