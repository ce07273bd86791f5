"""Draws the message in the middle of the window, and the help."""

from __future__ import annotations

from math import ceil

from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QColor, QPainter

from realtime_micacl.types import State
from realtime_micacl_ui.hud import sign
from realtime_micacl_ui.ink import Paragraph, panel, write
from realtime_micacl_ui.texts import DISCLAIMER, KEYS, KEYS_TITLE, say
from realtime_micacl_ui.theme import Theme
from realtime_micacl_ui.view import View

SHRINKS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)  # sizes of letters that are tried until a text fits
LOW = (State.STARTING, State.PAUSED, State.NO_FACE)  # the picture matters more than the message
SIGN_HEIGHT = 26  # in units: a lower window has no room for signs
SHADE = QColor(27, 31, 36, 150)


def message(painter: QPainter, view: View, theme: Theme, size: tuple[int, int], picture: QRectF, bottom: float) -> None:
    """Draw the calm message, if there is one, above `bottom`: amid the picture, or low where the picture matters."""
    if not view.title:
        return
    failed, vacant = view.state is State.FAILED, view.state is State.NO_FACE
    signed = size[1] >= SIGN_HEIGHT * theme.unit
    for shrink in SHRINKS:  # an error may be long, a window small
        small = theme.scaled(shrink)
        pad = small.px(1.6)
        width = min(size[0] * 0.9, 52 * small.unit) - 2 * pad
        letters = small.header if vacant else small.title
        title = Paragraph(letters, view.title, width, centred=not failed, balanced=not failed)
        detail = Paragraph(small.large if failed else small.body, view.detail, width, centred=not failed)
        gap, reach = small.px(0.7) if view.detail else 0, round(0.4 * letters.metrics.height())
        top = pad + (2 * reach + small.px(0.6) if signed else 0)  # of the title, below the sign
        height = top + title.size.height() + (gap + detail.size.height() if view.detail else 0) + pad
        if height <= bottom - theme.px(4.2):
            break
    wide = max(title.size.width(), detail.size.width() if view.detail else 0.0) + 2 * pad
    low = view.frame is not None and (view.broken or view.state in LOW)
    y = picture.bottom() - theme.px(2) - height if low else picture.center().y() - height / 2
    y = max(theme.px(3.4), min(y, bottom - theme.px(0.8) - height))
    rect = QRectF(round((size[0] - wide) / 2), round(y), round(wide), round(height))
    panel(painter, rect, small)
    across = rect.left() + pad + reach if failed else rect.center().x()
    ink = small.scheme.states.get(view.state, small.scheme.text)
    if signed:
        sign(painter, view.state, QPointF(round(across), rect.top() + pad + reach), reach, ink)
    for text, y, colour in (
        (title, rect.top() + top, small.scheme.text),
        (detail, rect.bottom() - pad - detail.size.height(), small.scheme.soft),
    ):
        x = rect.left() + pad if failed else rect.center().x() - text.size.width() / 2
        text.draw(painter, x, y, colour)


def help_card(painter: QPainter, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the keys and what the words on the cards mean, over a darkened picture; in a wide window side by side."""
    painter.fillRect(QRectF(0, 0, *size), SHADE)
    keys = [(say(key), say(text)) for key, text in KEYS]
    columns = 2 if size[0] > size[1] else 1
    rows = ceil(len(keys) / columns)
    for shrink in SHRINKS:
        small = theme.scaled(shrink)
        pad, row, gap = small.px(1.4), small.px(1.8), small.px(2.4)
        first = max(small.strong.width(key) for key, _ in keys) + small.px(1.2)
        column = first + max(small.body.width(text) for _, text in keys)
        width = columns * column + (columns - 1) * gap
        words = Paragraph(small.body, say(DISCLAIMER), width, balanced=True)
        height = 2 * pad + small.px(2.6) + row * rows + small.px(0.8) + words.size.height()
        if height <= size[1] - theme.px(1) and width + 2 * pad <= size[0] - theme.px(1):
            break
    if (fits := min(1.0, (size[0] - theme.px(1)) / (width + 2 * pad), (size[1] - theme.px(1)) / height)) < 1:
        painter.translate(size[0] / 2 * (1 - fits), size[1] / 2 * (1 - fits))
        painter.scale(fits, fits)  # smaller than letters are drawn anywhere else, but whole
    rect = QRectF(round((size[0] - width) / 2 - pad), round((size[1] - height) / 2), round(width + 2 * pad), height)
    panel(painter, rect, small)
    left, top = rect.left() + pad, rect.top() + pad
    write(painter, small.header, left, small.header.baseline(top, small.px(1.6)), say(KEYS_TITLE), small.scheme.text)
    top += small.px(2.6)
    for n, (key, text) in enumerate(keys):
        x, y = left + n // rows * (column + gap), top + n % rows * row
        baseline = small.body.baseline(y, row)
        write(painter, small.strong, x, baseline, key, small.scheme.text)
        write(painter, small.body, x + first, baseline, text, small.scheme.soft)
    words.draw(painter, left, top + rows * row + small.px(0.8), small.scheme.soft)
