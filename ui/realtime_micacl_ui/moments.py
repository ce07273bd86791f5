"""Draws single moments of the timeline: the newest window with its crops, and the moment under the mouse."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt

import numpy as np
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QImage, QPainter, QPen

from realtime_micacl.types import EMOTIONS
from realtime_micacl_ui.cards import bars
from realtime_micacl_ui.ink import blank, panel, ratio_of, write
from realtime_micacl_ui.layout import card_size, header_px
from realtime_micacl_ui.past import SPAN_S, Past, Weighed
from realtime_micacl_ui.ribbon import bar_share
from realtime_micacl_ui.texts import AGO, EMOTION_WORDS, NO_READING, UNSURE, say
from realtime_micacl_ui.theme import INK, TEXT, Theme


def window(
    painter: QPainter,
    seen: Weighed | None,
    scale: float,
    squares: QRectF,
    slim: int,
    theme: Theme,
    *,
    clear: bool,
    mirror: bool,
) -> None:
    """Draw one crop of each instance of the newest window, the stronger the more it weighed, and its weight.

    Without a window `seen` the places are empty; unless the picture is shown `clear`, only the weights are drawn.
    """
    gap = theme.px(0.3)
    count = len(seen.importance) if seen else round((squares.width() + gap) / (squares.height() + gap))
    side = round((squares.width() + gap) / count) - gap
    places = [QRectF(squares.left() + n * (side + gap), squares.top(), side, side) for n in range(count)]
    if seen is not None and clear:
        painter.drawImage(squares.topLeft(), _crops(seen, side, gap, scale, ratio_of(painter), mirror=mirror))
    else:
        for place in places:
            painter.fillRect(place, theme.scheme.plate)
    for place, weight in zip(places, seen.importance.tolist() if seen else (), strict=False):
        below = QRectF(place.left(), place.bottom() + theme.px(0.4), side, slim)
        painter.fillRect(below, theme.scheme.plate)
        high = round(slim * float(bar_share(weight, scale)))
        painter.fillRect(below.adjusted(0, slim - high, 0, 0), theme.scheme.soft)
        text = f"{weight:.2f}"
        baseline = theme.body.baseline(below.bottom(), theme.px(1.7))
        write(painter, theme.body, place.center().x() - theme.body.width(text) / 2, baseline, text, theme.scheme.soft)


@lru_cache(maxsize=2)
def _crops(seen: Weighed, side: int, gap: int, scale: float, ratio: float, *, mirror: bool) -> QImage:
    """Return the crops side by side; cached, as a window stays for a few pictures and scaling takes time."""
    strip = blank(len(seen.importance) * (side + gap), side, ratio)
    with QPainter(strip) as painter:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for n, (crop, weight) in enumerate(zip(seen.crops, seen.importance.tolist(), strict=True)):
            pixels = np.ascontiguousarray(crop[:, ::-1] if mirror else crop)
            height, width, _ = pixels.shape
            square = QRectF(n * (side + gap), 0, side, side)
            painter.fillRect(square, INK)
            painter.setOpacity(0.3 + 0.7 * sqrt(float(bar_share(weight, scale))))
            image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            painter.drawImage(square, image.convertToFormat(QImage.Format.Format_RGB32))  # Qt scales it faster
            painter.setOpacity(1.0)
    return strip


def hover(
    painter: QPainter,
    pointer: tuple[int, int] | None,
    past: Past,
    end_s: float,
    asked: QRectF,
    whole: QRectF,
    theme: Theme,
) -> None:
    """Draw the reading under the `pointer` above a timeline that ends at `end_s`, if it is in `asked`."""
    if pointer is None or not asked.contains(*pointer):
        return
    x, _ = pointer
    ago_s = (asked.right() - x) / asked.width() * SPAN_S
    index = past.at(end_s - ago_s)
    painter.setPen(QPen(TEXT, 1))
    painter.drawLine(QPointF(x + 0.5, asked.top()), QPointF(x + 0.5, asked.bottom()))
    wide, high = card_size(theme)
    high = high + theme.px(1.4) if index is not None else theme.px(3.4)
    left = min(max(x - wide // 2, whole.left()), whole.right() - wide)
    rect = QRectF(round(left), whole.top() - theme.px(0.4) - high, wide, high)
    panel(painter, rect, theme, theme.scheme.text)
    pad = theme.px(0.8)
    inner = QRectF(rect.left() + pad, rect.top() + theme.px(0.4), rect.width() - 2 * pad, header_px(theme))
    baseline = theme.body.baseline(inner.top(), theme.px(1.4))
    write(painter, theme.body, inner.left(), baseline, say(AGO, seconds=f"{ago_s:.1f}"), theme.scheme.soft)
    inner.translate(0, theme.px(1.4))
    if index is None:
        baseline = theme.strong.baseline(inner.top(), theme.px(1.4))
        write(painter, theme.strong, inner.left(), baseline, say(NO_READING), theme.scheme.soft)
        return
    lead = EMOTIONS[past.leads[index]] if past.leads[index] >= 0 else None
    word, baseline = say(EMOTION_WORDS[lead] if lead else UNSURE), theme.lead.baseline(inner.top(), inner.height())
    write(painter, theme.lead, inner.left(), baseline, word, theme.scheme.text)
    inner.translate(0, inner.height() + theme.px(0.2))
    largest = EMOTIONS[int(past.shares[index].argmax())]
    bars(painter, inner, past.shares[index], lead if lead == largest else None, theme)
