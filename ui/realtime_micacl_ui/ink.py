"""The few strokes that everything on the screen is drawn with."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

from PyQt6.QtCore import QPointF, QRectF, QSizeF, Qt
from PyQt6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QStaticText, QTextOption, QTransform

from realtime_micacl_ui.theme import GREY, Letters, Theme


def panel(painter: QPainter, rect: QRectF, theme: Theme, edge: QColor | None = None, edge_px: int = 1) -> None:
    """Draw a rounded panel that text stands on; `rect` is in whole px."""
    device = painter.device()
    ratio = device.devicePixelRatioF() if device else 1.0
    fill, line = theme.scheme.panel.rgba(), (edge or theme.scheme.edge).rgba()
    stamp = _panel(int(rect.width()), int(rect.height()), theme.px(0.5), fill, line, edge_px, ratio)
    painter.drawImage(rect.topLeft(), stamp)


@lru_cache(maxsize=32)
def _panel(width: int, height: int, radius: int, fill: int, edge: int, edge_px: int, ratio: float) -> QImage:
    """Return a panel as a stamp: pressing it costs a ninth of drawing the round corners anew."""
    stamp = QImage(ceil(width * ratio), ceil(height * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    stamp.setDevicePixelRatio(ratio)
    stamp.fill(Qt.GlobalColor.transparent)
    inset = edge_px / 2
    with QPainter(stamp) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor.fromRgba(edge), edge_px))
        painter.setBrush(QColor.fromRgba(fill))
        painter.drawRoundedRect(QRectF(inset, inset, width - edge_px, height - edge_px), radius, radius)
    return stamp


def write(painter: QPainter, letters: Letters, x: float, baseline: float, text: str, colour: QColor) -> None:
    """Write one line from `x` on."""
    painter.setFont(letters.font)
    painter.setPen(colour)
    painter.drawText(QPointF(round(x), baseline), text)


def write_right(painter: QPainter, letters: Letters, x: float, baseline: float, text: str, colour: QColor) -> None:
    """Write one line that ends at `x`."""
    write(painter, letters, x - letters.width(text), baseline, text, colour)


def elided(letters: Letters, text: str, width: float) -> str:
    """Return `text` with its middle left out where it is wider than `width`."""
    return letters.metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, max(0.0, width))


class Paragraph:
    """Text broken into lines of at most `width` px."""

    def __init__(self, letters: Letters, text: str, width: float, *, centred: bool = False) -> None:
        option = QTextOption(Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._letters = letters
        self._text = QStaticText(text.replace("\n", "\u2028").replace("/", "/\u2060"))  # paths are kept together
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextOption(option)
        self._text.setTextWidth(min(width, 1.0 + max(letters.width(line) for line in text.split("\n"))))
        self._text.prepare(QTransform(), letters.font)

    @property
    def size(self) -> QSizeF:
        """Width and height in px."""
        return self._text.size()

    def draw(self, painter: QPainter, x: float, y: float, colour: QColor) -> None:
        """Draw it with its top left corner at `x`, `y`."""
        painter.setFont(self._letters.font)
        painter.setPen(colour)
        painter.drawStaticText(QPointF(round(x), round(y)), self._text)


@lru_cache(maxsize=8)
def hatch(step_px: int) -> QBrush:
    """Return grey diagonal lines, which say that what lies under them is not of now."""
    tile = QImage(step_px, step_px, QImage.Format.Format_ARGB32_Premultiplied)
    tile.fill(Qt.GlobalColor.transparent)
    with QPainter(tile) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(GREY, max(1.0, step_px / 9)))
        for shift in (-step_px, 0, step_px):
            painter.drawLine(QPointF(shift - 1, step_px + 1), QPointF(shift + step_px + 1, -1))
    return QBrush(tile)
