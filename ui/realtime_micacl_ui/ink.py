"""The drawing functions that everything on the screen is drawn with.

What repeats in many pictures is drawn once as a stamp, a cached image that depends only on values, and then pressed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import ceil

from PyQt6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PyQt6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QStaticText, QTextOption, QTransform

from realtime_micacl_ui.theme import GREY, Letters, Theme

OVERHANG = 2  # px by which letters may reach over their width


def ratio_of(painter: QPainter) -> float:
    """Return the device px per px of the window."""
    device = painter.device()
    return device.devicePixelRatioF() if device else 1.0


def blank(width: float, height: float, ratio: float) -> QImage:
    """Return an empty, transparent stamp."""
    stamp = QImage(max(1, ceil(width * ratio)), max(1, ceil(height * ratio)), QImage.Format.Format_ARGB32_Premultiplied)
    stamp.setDevicePixelRatio(ratio)
    stamp.fill(Qt.GlobalColor.transparent)
    return stamp


def right_to_left(text: str) -> bool:
    """Say whether a text is read from the right, as its first letter tells."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind != "L" for kind in kinds if kind in ("L", "R", "AL")), False)


@contextmanager
def readable(painter: QPainter, left: float, width: float) -> Iterator[None]:
    """Draw what may not be mirrored, and lies between `left` and `left + width`, as it is where the painter mirrors."""
    mirrors = painter.worldTransform().m11() < 0
    if mirrors:
        painter.save()
        painter.translate(2 * left + width, 0)
        painter.scale(-1, 1)
    yield
    if mirrors:
        painter.restore()


def press(painter: QPainter, rect: QRectF, draw: Callable[..., None], *values: object) -> None:
    """Press the stamp that `draw(painter, its size, *values)` makes at `rect`, in whole px; it is cached by values."""
    size = (round(rect.width()), round(rect.height()))
    painter.drawImage(rect.topLeft(), _kept(draw, size, values, ratio_of(painter)))


def press_briefly(painter: QPainter, rect: QRectF, draw: Callable[..., None], *values: object) -> None:
    """Do as `press` with a small cache of its own, for stamps that the next reading replaces."""
    size = (round(rect.width()), round(rect.height()))
    painter.drawImage(rect.topLeft(), _brief(draw, size, values, ratio_of(painter)))


def _stamp(draw: Callable[..., None], size: tuple[int, int], values: tuple[object, ...], ratio: float) -> QImage:
    stamp = blank(*size, ratio)
    with QPainter(stamp) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw(painter, QRectF(0, 0, *size), *values)
    return stamp


_kept, _brief = lru_cache(maxsize=64)(_stamp), lru_cache(maxsize=10)(_stamp)


def panel(painter: QPainter, rect: QRectF, theme: Theme, edge: QColor | None = None, edge_px: int = 1) -> None:
    """Draw a rounded panel that text stands on; `rect` is in whole px."""
    fill, line = theme.scheme.panel.rgba(), (edge or theme.scheme.edge).rgba()
    press(painter, rect, draw_panel, theme.px(0.5), fill, line, edge_px)


def draw_panel(painter: QPainter, rect: QRectF, radius: int, fill: int, edge: int, edge_px: int) -> None:
    """Draw the panel itself, which takes nine times as long as pressing it."""
    inset = edge_px / 2
    painter.setPen(QPen(QColor.fromRgba(edge), edge_px))
    painter.setBrush(QColor.fromRgba(fill))
    painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), radius, radius)


def ring(painter: QPainter, box: QRectF, radius: int, width_px: int, colour: QColor, around: QColor) -> None:
    """Draw a rounded frame `width_px` wide with an edge of one px `around` it; `box`, its middle, is in whole px."""
    reach = width_px // 2 + 1  # of the frame and its edge to the left of the box
    corner = reach + radius + width_px
    dark, thick = around.rgba(), width_px + 2
    outer = box.adjusted(-reach, -reach, reach + width_px % 2, reach + width_px % 2)
    ratio = ratio_of(painter)
    if min(outer.width(), outer.height()) < 2 * corner or ratio % 1:  # or else the pieces would not meet
        _draw_ring(painter, outer, radius, width_px, colour.rgba(), dark)
        return
    stamp = _kept(_draw_ring, (2 * corner, 2 * corner), (radius, width_px, colour.rgba(), dark), ratio)
    side = corner * ratio
    far_x, far_y = outer.right() - corner, outer.bottom() - corner
    for x, source_x in ((outer.left(), 0.0), (far_x, side)):
        for y, source_y in ((outer.top(), 0.0), (far_y, side)):
            painter.drawImage(QRectF(x, y, corner, corner), stamp, QRectF(source_x, source_y, side, side))
    left, top, right, bottom = (round(v) for v in (outer.left(), outer.top(), outer.right(), outer.bottom()))
    across, down = right - left - 2 * corner, bottom - top - 2 * corner
    painter.setPen(Qt.PenStyle.NoPen)
    for inset, wide, ink in ((0, thick, around), (1, width_px, colour)):  # in whole px, else Qt is slow
        painter.setBrush(ink)
        rows = [QRect(left + corner, y, across, wide) for y in (top + inset, bottom - inset - wide)]
        columns = [QRect(x, top + corner, wide, down) for x in (left + inset, right - inset - wide)]
        painter.drawRects(*rows, *columns)


def _draw_ring(painter: QPainter, rect: QRectF, radius: int, width_px: int, colour: int, around: int) -> None:
    inset = width_px / 2 + 1
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for ink, wide in ((around, width_px + 2), (colour, width_px)):
        painter.setPen(QPen(QColor.fromRgba(ink), wide))
        painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), radius, radius)


def write(painter: QPainter, letters: Letters, x: float, baseline: float, text: str, colour: QColor) -> None:
    """Write one line from `x` on."""
    if text:
        stamp, rise = _written(letters, text, colour.rgba(), ratio_of(painter))
        left = round(x) - OVERHANG
        with readable(painter, left, stamp.width() / stamp.devicePixelRatio()):
            painter.drawImage(QPointF(left, baseline - rise), stamp)


@lru_cache(maxsize=256)
def _written(letters: Letters, text: str, colour: int, ratio: float) -> tuple[QImage, int]:
    """Return a line as a stamp, and how far its baseline is below its top."""
    rise, fall = ceil(letters.metrics.ascent()) + 1, ceil(letters.metrics.descent()) + 1
    stamp = blank(letters.metrics.horizontalAdvance(text) + 2 * OVERHANG, rise + fall, ratio)
    with QPainter(stamp) as painter:
        painter.setFont(letters.font)
        painter.setPen(QColor.fromRgba(colour))
        painter.drawText(QPointF(OVERHANG, rise), text)
    return stamp, rise


def write_right(painter: QPainter, letters: Letters, x: float, baseline: float, text: str, colour: QColor) -> None:
    """Write one line that ends at `x`."""
    write(painter, letters, x - letters.width(text), baseline, text, colour)


@lru_cache(maxsize=64)
def elided(letters: Letters, text: str, width: float) -> str:
    """Return `text` with its middle left out where it is wider than `width`."""
    return letters.metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, max(0.0, width))


class Paragraph:
    """Text broken into lines of at most `width` px; a `balanced` one into lines of much the same length."""

    def __init__(
        self, letters: Letters, text: str, width: float, *, centred: bool = False, balanced: bool = False
    ) -> None:
        option = QTextOption(Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft)
        if right_to_left(text):
            option.setTextDirection(Qt.LayoutDirection.RightToLeft)
            option.setAlignment(Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignRight)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._letters = letters
        self._text = QStaticText(text.replace("\n", "\u2028").replace("/", "/\u2060"))  # paths are kept together
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextOption(option)
        wide = min(width, 1.0 + max(letters.width(line) for line in text.split("\n")))
        self._break(wide)
        if balanced and self.size.height() > 1.5 * letters.metrics.height():
            tall = self.size.height()
            for share in (0.55, 0.65, 0.75, 0.85, 1.0):
                self._break(wide * share)
                if self.size.height() <= tall:
                    break

    def _break(self, width: float) -> None:
        self._text.setTextWidth(width)
        self._text.prepare(QTransform(), self._letters.font)

    @property
    def size(self) -> QSizeF:
        """Width and height in px."""
        return self._text.size()

    def draw(self, painter: QPainter, x: float, y: float, colour: QColor) -> None:
        """Draw it with its top left corner at `x`, `y`."""
        painter.setFont(self._letters.font)
        painter.setPen(colour)
        with readable(painter, round(x), ceil(self.size.width())):
            painter.drawStaticText(QPointF(round(x), round(y)), self._text)


@lru_cache(maxsize=8)
def hatch(step_px: int) -> QBrush:
    """Return a brush of grey diagonal lines, which mean that what is below is not live."""
    tile = blank(step_px, step_px, 1.0)
    with QPainter(tile) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(GREY, max(1.0, step_px / 9)))
        for shift in (-step_px, 0, step_px):
            painter.drawLine(QPointF(shift - 1, step_px + 1), QPointF(shift + step_px + 1, -1))
    return QBrush(tile)
