"""What stands in the middle of the window: a message where there is no live picture, and the help."""

from __future__ import annotations

from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QPainter

from realtime_micacl.types import State
from realtime_micacl_ui.ink import Paragraph, panel, write
from realtime_micacl_ui.texts import DISCLAIMER, KEYS, KEYS_TITLE, say
from realtime_micacl_ui.theme import SOFT, TEXT, Theme, theme_of
from realtime_micacl_ui.view import View

SHRINKS = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)  # what is tried to make a text fit
SHADE = QColor(27, 31, 36, 150)


def message(painter: QPainter, view: View, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the calm message, if there is one: in the middle, or below it where the picture matters more."""
    if not view.title:
        return
    failed = view.state is State.FAILED
    for shrink in SHRINKS:  # an error may be long, a window small
        small = theme_of(max(6.0, theme.unit * shrink))
        pad = small.px(1.6)
        width = min(size[0] * 0.9, 52 * small.unit) - 2 * pad
        title = Paragraph(small.title, view.title, width, centred=not failed)
        detail = Paragraph(small.large if failed else small.body, view.detail, width, centred=not failed)
        gap = small.px(0.7) if view.detail else 0
        height = title.size.height() + (gap + detail.size.height() if view.detail else 0) + 2 * pad
        if height <= size[1] - 2 * theme.px(3.4):
            break
    wide = max(title.size.width(), detail.size.width() if view.detail else 0.0) + 2 * pad
    low = view.frame is not None and view.state in (State.STARTING, State.PAUSED)
    y = (size[1] - height) * (0.8 if low else 0.5)
    rect = QRectF(round((size[0] - wide) / 2), round(y), round(wide), round(height))
    panel(painter, rect, small)
    for text, top, colour in (
        (title, rect.top() + pad, TEXT),
        (detail, rect.bottom() - pad - detail.size.height(), SOFT),
    ):
        x = rect.left() + pad if failed else rect.center().x() - text.size.width() / 2
        text.draw(painter, x, top, colour)


def help_card(painter: QPainter, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the keys and what the words on the cards mean, over a darkened picture."""
    painter.fillRect(QRectF(0, 0, *size), SHADE)
    rows = [(key, say(text)) for key, text in KEYS]
    for shrink in SHRINKS:
        small = theme_of(max(6.0, theme.unit * shrink))
        pad, row = small.px(1.4), small.px(1.8)
        keys = max(small.strong.width(key) for key, _ in rows) + small.px(1.6)
        width = keys + max(small.body.width(text) for _, text in rows)
        words = Paragraph(small.body, say(DISCLAIMER), width)
        height = 2 * pad + small.px(2.6) + row * len(rows) + small.px(0.8) + words.size.height()
        if height <= size[1] - theme.px(1) and width + 2 * pad <= size[0] - theme.px(1):
            break
    rect = QRectF(round((size[0] - width) / 2 - pad), round((size[1] - height) / 2), round(width + 2 * pad), height)
    panel(painter, rect, small)
    x, y = rect.left() + pad, rect.top() + pad
    write(painter, small.header, x, small.header.baseline(y, small.px(1.6)), say(KEYS_TITLE), TEXT)
    y += small.px(2.6)
    for key, text in rows:
        baseline = small.body.baseline(y, row)
        write(painter, small.strong, x, baseline, key, TEXT)
        write(painter, small.body, x + keys, baseline, text, SOFT)
        y += row
    words.draw(painter, x, y + small.px(0.8), SOFT)
