"""The last minute of one face: a stacked ribbon, what each moment weighed, and the window of now with its crops."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, sqrt

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QImage, QPainter, QPen

from realtime_micacl.types import EMOTIONS, State
from realtime_micacl_ui.cards import bars
from realtime_micacl_ui.ink import hatch, panel, write, write_right
from realtime_micacl_ui.layout import card_size, header_px
from realtime_micacl_ui.past import SPAN_S, Past, Weighed
from realtime_micacl_ui.ribbon import bar_share, raster, spread
from realtime_micacl_ui.texts import AGO, EMOTION_WORDS, FACE, NO_READING, NOW, UNSURE, WEIGHT, say
from realtime_micacl_ui.theme import INK, TEXT, Theme
from realtime_micacl_ui.view import View

LEAST_WIDTH, LEAST_HEIGHT = 24, 20  # in units: a smaller window has no timeline
WINDOW_WIDTH, WHOLE_HEIGHT = 46, 40  # in units: a narrower one has no crops, a lower one the ribbon alone
STEP_PX = 2  # the ribbon moves on by so much: drawing it anew for each pixel would cost twice as much
GRID_S = (15, 30, 45)


@dataclass(frozen=True, eq=False)
class Parts:
    """Where the parts of the timeline are; `window` is empty where there is no room for it."""

    panel: QRectF
    ribbon: QRectF
    weights: QRectF
    window: QRectF
    side: int
    """Of a crop."""

    @property
    def axis(self) -> QRectF:
        """The line of words below."""
        bottom = self.weights.bottom()
        return QRectF(self.ribbon.left(), bottom, self.ribbon.width(), self.panel.bottom() - bottom)

    @property
    def asked(self) -> QRectF:
        """Where the mouse asks for the figures of a moment."""
        return QRectF(self.ribbon.topLeft(), self.weights.bottomRight())


def parts(view: View, theme: Theme, size: tuple[int, int]) -> Parts | None:
    """Return where the timeline of a view is; None where none is shown. In a low window it is the ribbon alone."""
    hidden = not view.timeline or not view.overlay or view.followed not in view.pasts
    hidden = hidden or view.state in (State.ENDED, State.FAILED)
    if hidden or size[0] < LEAST_WIDTH * theme.unit or size[1] < LEAST_HEIGHT * theme.unit:
        return None
    pad, gap = theme.px(0.8), theme.px(0.4)
    low = size[1] < WHOLE_HEIGHT * theme.unit
    tall = theme.px(2.4 if low else 4.4)
    if size[1] > size[0]:
        tall = max(tall, min(theme.px(10.0), int(0.12 * size[1])))
    slim, axis = (0, pad) if low else (theme.px(1.3), theme.px(1.7))
    height = pad + tall + (0 if low else gap) + slim + axis
    whole = QRectF(pad, size[1] - pad - height, size[0] - 2 * pad, height)
    gutter = pad + round(max(theme.strong.width(say(FACE, number=9)), theme.body.width(say(WEIGHT)))) + pad
    window = view.weighed.get(view.followed) if view.followed else None
    instances = len(window.importance) if window else 4
    side = 0 if low or size[0] < WINDOW_WIDTH * theme.unit else min(tall, int(size[0] * 0.36 / instances))
    room = instances * (side + theme.px(0.3)) + theme.px(0.6) if side else 0
    ribbon = QRectF(whole.left() + gutter, whole.top() + pad, whole.width() - gutter - pad - room, tall)
    weights = QRectF(ribbon.left(), ribbon.bottom() + (0 if low else gap), ribbon.width(), slim)
    squares = QRectF(whole.right() - pad - room, ribbon.top(), room, weights.bottom() - ribbon.top())
    return Parts(whole, ribbon, weights, squares, side)


def timeline(painter: QPainter, view: View, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the timeline of the face that the view follows."""
    at = parts(view, theme, size)
    if at is None or view.followed is None or view.followed not in view.pasts:
        return
    past, window = view.pasts[view.followed], view.weighed.get(view.followed)
    panel(painter, at.panel, theme)
    _words(painter, view, at, theme)
    scale = spread(past)
    _ribbon(painter, past, window.instance_s if window else 0.0, view.scene_s, at, scale, theme)
    _markers(painter, view, at, theme)
    if at.side:
        _window(painter, window if view.privacy == "clear" else None, scale, at, theme)
    _hover(painter, view, past, at, theme.dark)


def _ribbon(
    painter: QPainter, past: Past, instance_s: float, end_s: float, at: Parts, scale: float, theme: Theme
) -> None:
    """Draw the ribbon, the weights under it, and hatch the gaps."""
    device = painter.device()
    ratio = device.devicePixelRatioF() if device else 1.0
    width, tall, slim = (round(v * ratio) for v in (at.ribbon.width(), at.ribbon.height(), at.weights.height()))
    last = int(end_s / SPAN_S * width) // STEP_PX * STEP_PX
    drawn = raster(past, last, (width, tall, slim), round(instance_s, 2), scale, theme.scheme.soft.rgb())
    for rect in (at.ribbon, at.weights):
        painter.fillRect(rect, theme.scheme.plate)
    painter.setBrushOrigin(at.ribbon.topLeft())
    for first, end in drawn.gaps:
        gap = QRectF(at.ribbon.left() + first / ratio, at.ribbon.top(), (end - first) / ratio, at.ribbon.height())
        painter.fillRect(gap, hatch(theme.px(0.6)))
    painter.drawImage(at.ribbon, drawn.image, QRectF(0, 0, width, tall))
    painter.drawImage(at.weights, drawn.image, QRectF(0, tall, width, slim))


def _words(painter: QPainter, view: View, at: Parts, theme: Theme) -> None:
    """Write whose past it is, and how long ago things were."""
    x = at.panel.left() + theme.px(0.8)
    number = next((n for n, face in enumerate(view.faces, start=1) if face.track_id == view.followed), None)
    if number:
        baseline = theme.strong.baseline(at.ribbon.top(), min(at.ribbon.height(), theme.px(2.4)))
        write(painter, theme.strong, x, baseline, say(FACE, number=number), theme.scheme.text)
    if at.weights.height() == 0:
        return
    write(
        painter,
        theme.body,
        x,
        theme.body.baseline(at.weights.top(), at.weights.height()),
        say(WEIGHT),
        theme.scheme.soft,
    )
    baseline = theme.body.baseline(at.axis.top(), at.axis.height())
    write_right(painter, theme.body, at.axis.right(), baseline, say(NOW), theme.scheme.soft)
    write(painter, theme.body, at.axis.left(), baseline, f"\u2212{SPAN_S:.0f} s", theme.scheme.soft)
    for ago_s in GRID_S:
        text = f"\u2212{ago_s}"
        x = at.axis.right() - at.axis.width() * ago_s / SPAN_S
        write(painter, theme.body, x - theme.body.width(text) / 2, baseline, text, theme.scheme.soft)


def _markers(painter: QPainter, view: View, at: Parts, theme: Theme) -> None:
    """Draw a line with its number for each marker."""
    for marker in view.markers:
        ago_s = max(0.0, view.scene_s - marker.time_s)
        x = round(at.ribbon.right() - at.ribbon.width() * ago_s / SPAN_S)
        for wide, colour in ((3, INK), (1, TEXT)):
            painter.fillRect(QRectF(x - wide // 2 - 1, at.ribbon.top(), wide, at.asked.height()), colour)
        text = str(marker.number)
        width = round(theme.strong.width(text)) + theme.px(0.6)
        left = min(max(round(x - width / 2), at.ribbon.left()), at.ribbon.right() - width)
        flag = QRectF(left, at.ribbon.top() - theme.px(0.5), width, theme.px(1.3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(TEXT)
        painter.drawRoundedRect(flag, theme.px(0.25), theme.px(0.25))
        write(painter, theme.strong, left + theme.px(0.3), theme.strong.baseline(flag.top(), flag.height()), text, INK)


def _window(painter: QPainter, window: Weighed | None, scale: float, at: Parts, theme: Theme) -> None:
    """Draw one crop of each instance of the newest window, as strong as it weighed, and its weight."""
    step = at.side + theme.px(0.3)
    left = at.window.right() - round(at.window.width() / step) * step + theme.px(0.3)
    if window is None:
        for n in range(round((at.window.right() - left) / step + 0.5)):
            square = QRectF(left + n * step, at.ribbon.bottom() - at.side, at.side, at.side)
            painter.fillRect(square, theme.scheme.plate)
        return
    device = painter.device()
    strip = _crops(window, at.side, theme.px(0.3), scale, device.devicePixelRatioF() if device else 1.0)
    painter.drawImage(QPointF(left, at.ribbon.bottom() - at.side), strip)
    for n, weight in enumerate(window.importance.tolist()):
        slim = QRectF(left + n * step, at.weights.top(), at.side, at.weights.height())
        painter.fillRect(slim, theme.scheme.plate)
        high = round(slim.height() * float(bar_share(weight, scale)))
        painter.fillRect(slim.adjusted(0, slim.height() - high, 0, 0), theme.scheme.soft)
        text = f"{weight:.2f}"
        baseline = theme.body.baseline(at.axis.top(), at.axis.height())
        middle = slim.center().x() - theme.body.width(text) / 2
        write(painter, theme.body, middle, baseline, text, theme.scheme.soft)


@lru_cache(maxsize=2)
def _crops(window: Weighed, side: int, gap: int, scale: float, ratio: float) -> QImage:
    """Return the crops side by side: a window stays for a few pictures, and scaling them is dear."""
    wide = len(window.importance) * (side + gap)
    strip = QImage(ceil(wide * ratio), ceil(side * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    strip.setDevicePixelRatio(ratio)
    strip.fill(Qt.GlobalColor.transparent)
    with QPainter(strip) as painter:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for n, (crop, weight) in enumerate(zip(window.crops, window.importance.tolist(), strict=True)):
            pixels = np.ascontiguousarray(crop)
            height, width, _ = pixels.shape
            square = QRectF(n * (side + gap), 0, side, side)
            painter.fillRect(square, INK)
            painter.setOpacity(0.3 + 0.7 * sqrt(float(bar_share(weight, scale))))
            painter.drawImage(square, QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888))
            painter.setOpacity(1.0)
    return strip


def _hover(painter: QPainter, view: View, past: Past, at: Parts, theme: Theme) -> None:
    """Draw the figures of the moment under the mouse."""
    if view.pointer is None or not at.asked.contains(*view.pointer):
        return
    x, _ = view.pointer
    ago_s = (at.ribbon.right() - x) / at.ribbon.width() * SPAN_S
    index = past.at(view.scene_s - ago_s)
    painter.setPen(QPen(TEXT, 1))
    painter.drawLine(QPointF(x + 0.5, at.ribbon.top()), QPointF(x + 0.5, at.weights.bottom()))
    wide, high = card_size(theme, small=index is None)
    high += theme.px(1.4)
    left = min(max(x - wide // 2, at.panel.left()), at.panel.right() - wide)
    rect = QRectF(round(left), at.panel.top() - theme.px(0.4) - high, wide, high)
    panel(painter, rect, theme, theme.scheme.text)
    pad = theme.px(0.8)
    inner = QRectF(rect.left() + pad, rect.top() + theme.px(0.4), rect.width() - 2 * pad, header_px(theme))
    baseline = theme.body.baseline(inner.top(), theme.px(1.4))
    write(painter, theme.body, inner.left(), baseline, say(AGO, seconds=f"{ago_s:.1f}"), theme.scheme.soft)
    inner.translate(0, theme.px(1.4))
    baseline = theme.header.baseline(inner.top(), inner.height())
    if index is None:
        write(painter, theme.strong, inner.left(), baseline, say(NO_READING), theme.scheme.soft)
        return
    lead = EMOTIONS[past.leads[index]] if past.leads[index] >= 0 else None
    write(
        painter, theme.header, inner.left(), baseline, say(EMOTION_WORDS[lead] if lead else UNSURE), theme.scheme.text
    )
    inner.translate(0, inner.height() + theme.px(0.2))
    bars(painter, inner, past.shares[index], lead, theme)
