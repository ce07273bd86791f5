"""Draws the last minute of a face: a stacked ribbon, the weights of its moments, and the newest window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainter

from realtime_micacl.types import State
from realtime_micacl_ui.ink import draw_panel, hatch, press, press_briefly, ratio_of, write, write_right
from realtime_micacl_ui.moments import hover, window
from realtime_micacl_ui.past import HOLD_S, SPAN_S, STEP_S, Past, Weighed
from realtime_micacl_ui.ribbon import TILE, spread, tiles
from realtime_micacl_ui.texts import FACE, NOW, WEIGHT, say
from realtime_micacl_ui.theme import INK, TEXT, Theme
from realtime_micacl_ui.view import Marker, View

LEAST_WIDTH, LEAST_HEIGHT = 24, 20  # in units: a smaller window has no timeline
WINDOW_WIDTH, WHOLE_HEIGHT = 46, 40  # in units: a narrower one has no crops, a lower one the ribbon alone
UPRIGHT_HEIGHT, MOST_OTHERS = 60, 3  # in units: an upright window as tall has room for the other faces' ribbons
GRID_S = (15, 30, 45)
AXIS = 1.7  # height of the line of words, in units


@dataclass(frozen=True, eq=False)
class Parts:
    """The places of the timeline's parts; `window` is empty if there is no room for it."""

    panel: QRectF
    ribbon: QRectF
    weights: QRectF
    window: QRectF
    """The crops, each of which is as wide as this is high."""
    others: tuple[tuple[int, QRectF], ...] = ()
    """Tracks and ribbons of the other faces."""

    @property
    def asked(self) -> QRectF:
        """Where the mouse shows the reading of a moment."""
        return QRectF(self.ribbon.topLeft(), self.weights.bottomRight())


def parts(view: View, theme: Theme, size: tuple[int, int]) -> Parts | None:
    """Return the places of the timeline's parts; None if it is not shown.

    A low window has only the ribbon; an upright one has the crops below it, and the other faces' ribbons above.
    """
    hidden = not view.timeline or not view.overlay or view.followed not in view.pasts
    hidden = hidden or view.state in (State.ENDED, State.FAILED)
    if hidden or size[0] < LEAST_WIDTH * theme.unit or size[1] < LEAST_HEIGHT * theme.unit:
        return None
    seen = view.weighed.get(view.followed) if view.followed else None
    tracks = [face.track_id for face in view.faces if face.track_id in view.pasts and face.track_id != view.followed]
    return _parts(theme, size, len(seen.importance) if seen else 4, tuple(tracks[:MOST_OTHERS]))


@lru_cache(maxsize=32)
def _parts(theme: Theme, size: tuple[int, int], count: int, tracks: tuple[int, ...]) -> Parts:
    """Return the places for `count` crops and, in an upright window, for the ribbons of other `tracks`."""
    pad, gap, between = theme.px(0.8), theme.px(0.4), theme.px(0.3)
    low = size[1] < WHOLE_HEIGHT * theme.unit
    upright = size[1] > size[0] and size[1] >= UPRIGHT_HEIGHT * theme.unit
    tall = theme.px(2.4 if low else 5.0 if upright else 4.4)
    slim, axis = (0, pad) if low else (theme.px(1.3), theme.px(AXIS))
    left = 2 * pad + round(max(theme.strong.width(say(FACE, number=9)), theme.body.width(say(WEIGHT)))) + pad
    right = size[0] - 2 * pad
    others = tracks if upright else ()
    side = 0
    if upright:
        side = min(theme.px(11), (right - left + between) // count - between)
    elif not low and size[0] >= WINDOW_WIDTH * theme.unit:
        side = min(tall, int(size[0] * 0.36 / count))
    crops = count * (side + between) - between if side else 0
    below = side + gap + slim + axis if upright else 0
    height = pad + len(others) * (tall + gap) + tall + (0 if low else gap) + slim + axis + below
    whole = QRectF(pad, size[1] - pad - height, size[0] - 2 * pad, height)
    rows = [QRectF(left, whole.top() + pad + n * (tall + gap), right - left, tall) for n in range(len(others) + 1)]
    ribbon = rows[-1] if upright or not side else rows[-1].adjusted(0, 0, -crops - pad, 0)
    weights = QRectF(left, ribbon.bottom() + (0 if low else gap), ribbon.width(), slim)
    place = (left, weights.bottom() + axis) if upright else (right - crops, ribbon.bottom() - side)
    squares = QRectF(*place, crops, side)
    return Parts(whole, ribbon, weights, squares, tuple(zip(others, rows[:-1], strict=True)))


Row = tuple[int, int, int, int]
"""Left, top, width and height of a ribbon in the panel, in px."""


class _Shown(NamedTuple):
    """All that a timeline shows, for the cache of stamps: equal ones look the same."""

    rows: tuple[tuple[int, Past, Row, int], ...]
    """Of each ribbon: the number of its face or 0, the past, where it is, and its last column on the device."""
    weights: Row
    window: Row
    seen: Weighed | None
    instance_s: float
    markers: tuple[tuple[int, int], ...]
    """Of each: where it is in the panel, in px, and its number."""
    clear: bool
    mirror: bool


def timeline(painter: QPainter, view: View, at: Parts | None, theme: Theme) -> None:
    """Draw the timeline of the face that the view follows, and the other faces' ribbons if there is room."""
    if at is None or view.followed is None:
        return
    numbers = {face.track_id: number for number, face in enumerate(view.faces, start=1)}
    ratio, end_s = ratio_of(painter), _end_s(view)
    shown = _Shown(
        rows=tuple(
            (
                numbers.get(track_id, 0),
                view.pasts[track_id],
                _below(at, rect),
                int(end_s / SPAN_S * round(rect.width() * ratio)),
            )
            for track_id, rect in (*at.others, (view.followed, at.ribbon))
        ),
        weights=_below(at, at.weights),
        window=_below(at, at.window) if at.window else (0, 0, 0, 0),
        seen=view.weighed.get(view.followed),
        instance_s=round(view.instance_s, 2),
        markers=tuple((_across(marker, end_s, at), marker.number) for marker in view.markers),
        clear=view.privacy == "clear",
        mirror=view.mirror,
    )
    press_briefly(painter, at.panel, _timeline, theme, shown)
    hover(painter, view.pointer, view.pasts[view.followed], end_s, at.asked, at.panel, theme.dark)


def _timeline(painter: QPainter, rect: QRectF, theme: Theme, shown: _Shown) -> None:
    press(painter, rect, _base, theme, tuple((n, *row) for n, _, row, _ in shown.rows), shown.weights)
    past = shown.rows[-1][1]
    scale = spread(past)
    for n, (_, its, row, last) in enumerate(shown.rows, start=1):
        weights = shown.weights if n == len(shown.rows) else (0, 0, 0, 0)
        _ribbon(painter, its, last, (QRectF(*row), QRectF(*weights)), shown.instance_s, scale, theme)
    ribbon = QRectF(*shown.rows[-1][2])
    _markers(painter, shown.markers, ribbon, ribbon.united(QRectF(*shown.weights)).height(), theme)
    if shown.window[2]:
        slim = shown.weights[3]
        window(painter, shown.seen, scale, QRectF(*shown.window), slim, theme, clear=shown.clear, mirror=shown.mirror)


def _below(at: Parts, rect: QRectF) -> Row:
    left, top = rect.left() - at.panel.left(), rect.top() - at.panel.top()
    return round(left), round(top), round(rect.width()), round(rect.height())


def _end_s(view: View) -> float:
    """Return the time at which the ribbons end: that of the newest reading in them, or while none comes soon after."""
    return max(view.scene_s - HOLD_S - STEP_S, *(float(past.times_s[-1]) for past in view.pasts.values()))


def _across(marker: Marker, end_s: float, at: Parts) -> int:
    ago_s = max(0.0, end_s - marker.time_s)
    return round(at.ribbon.right() - at.ribbon.width() * ago_s / SPAN_S) - round(at.panel.left())


def _base(painter: QPainter, rect: QRectF, theme: Theme, rows: tuple[tuple[int, ...], ...], weights: Row) -> None:
    """Draw the unchanging parts: the panel, the names of the faces, the tracks of the ribbons, the axis."""
    draw_panel(painter, rect, theme.px(0.5), theme.scheme.panel.rgb(), theme.scheme.edge.rgba(), 1)
    pad, soft = theme.px(0.8), theme.scheme.soft
    for number, left, top, width, height in rows:
        painter.fillRect(left, top, width, height, theme.scheme.plate)
        if number:
            baseline = theme.strong.baseline(top, min(height, theme.px(2.4)))
            write(painter, theme.strong, pad, baseline, say(FACE, number=number), theme.scheme.text)
    left, top, width, height = weights
    painter.fillRect(left, top, width, height, theme.scheme.plate)
    if height == 0:
        return
    write(painter, theme.body, pad, theme.body.baseline(top, height), say(WEIGHT), soft)
    baseline = theme.body.baseline(top + height, theme.px(AXIS))
    write_right(painter, theme.body, left + width, baseline, say(NOW), soft)
    write(painter, theme.body, left, baseline, f"\u2212{SPAN_S:.0f} s", soft)
    for ago_s in GRID_S:
        text = f"\u2212{ago_s}"
        x = left + width * (1 - ago_s / SPAN_S)
        write(painter, theme.body, x - theme.body.width(text) / 2, baseline, text, soft)


def _ribbon(
    painter: QPainter,
    past: Past,
    last: int,
    places: tuple[QRectF, QRectF],
    instance_s: float,
    scale: float,
    theme: Theme,
) -> None:
    """Draw a ribbon up to its `last` column and the weights under it, and hatch the gaps."""
    ratio = ratio_of(painter)
    ribbon, weights = places
    width, tall, slim = (round(v * ratio) for v in (ribbon.width(), ribbon.height(), weights.height()))
    ink = theme.scheme.soft.rgb()
    painter.setBrushOrigin(ribbon.topLeft())
    for first, tile in tiles(past, last, (width, tall, slim), instance_s, scale, ink):
        begin, end = max(0, -first), min(TILE, width - first)
        left, across = ribbon.left() + (first + begin) / ratio, (end - begin) / ratio
        for gap_begin, gap_end in tile.gaps:
            a, b = max(begin, gap_begin), min(end, gap_end)
            if a < b:
                gap = QRectF(ribbon.left() + (first + a) / ratio, ribbon.top(), (b - a) / ratio, ribbon.height())
                painter.fillRect(gap, hatch(theme.px(0.6)))
        for place, top, high in ((ribbon, 0, tall), (weights, tall, slim)):
            if high:
                target = QRectF(left, place.top(), across, place.height())
                painter.drawImage(target, tile.image, QRectF(begin, top, end - begin, high))


def _markers(
    painter: QPainter, markers: Sequence[tuple[int, int]], ribbon: QRectF, height: float, theme: Theme
) -> None:
    """Draw a line with its number for each marker."""
    for x, number in markers:
        for wide, colour in ((3, INK), (1, TEXT)):
            painter.fillRect(QRectF(x - wide // 2 - 1, ribbon.top(), wide, height), colour)
        text = str(number)
        width = round(theme.strong.width(text)) + theme.px(0.6)
        left = min(max(round(x - width / 2), ribbon.left()), ribbon.right() - width)
        flag = QRectF(left, ribbon.top() - theme.px(0.5), width, theme.px(1.3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(TEXT)
        painter.drawRoundedRect(flag, theme.px(0.25), theme.px(0.25))
        write(painter, theme.strong, left + theme.px(0.3), theme.strong.baseline(flag.top(), flag.height()), text, INK)
