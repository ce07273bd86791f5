"""The pill with the state at the top left, and the figures at the bottom left."""

from __future__ import annotations

from functools import lru_cache

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from realtime_micacl.types import State
from realtime_micacl_ui.ink import draw_panel, elided, press, write
from realtime_micacl_ui.texts import ATTEMPT, FIGURE_WORDS, HELP_HINT, STATES, named, say
from realtime_micacl_ui.theme import Letters, Theme
from realtime_micacl_ui.view import Figure, View

Line = tuple[tuple[Figure | None, str, float], ...]
"""The figures, or None for the hint to the help; of each its label and the width of both."""


def pill_rect(view: View, theme: Theme, size: tuple[int, int]) -> QRectF:
    """Return the place of the pill."""
    margin = theme.px(0.8)
    parts = _pill_parts(view.state, view.attempt, view.source, view.controls, theme, size)
    width = theme.px(1.9) + sum(letters.width(text) for letters, text, _ in parts) + theme.px(0.9) * len(parts)
    return QRectF(margin, margin, round(width), theme.px(2.1))


def pill(painter: QPainter, view: View, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the pill: the sign and name of the state, and the name of the source."""
    texts = _pill_parts(view.state, view.attempt, view.source, view.controls, theme, size)
    press(painter, pill_rect(view, theme, size), _pill, theme, view.state, texts)


def _pill(
    painter: QPainter, rect: QRectF, theme: Theme, state: State, texts: tuple[tuple[Letters, str, int], ...]
) -> None:
    draw_panel(painter, rect, theme.px(0.5), theme.scheme.panel.rgba(), theme.scheme.edge.rgba(), 1)
    reach = theme.px(0.36)
    centre = QPointF(theme.px(0.8) + reach, rect.center().y())
    sign(painter, state, centre, reach, theme.scheme.states.get(state, theme.scheme.text))
    baseline, x = theme.strong.baseline(0, rect.height()), float(theme.px(2.0))
    for letters, text, colour in texts:
        write(painter, letters, x, baseline, text, QColor.fromRgba(colour))
        x += letters.width(text) + theme.px(0.9)


@lru_cache(maxsize=32)
def _pill_parts(
    state: State,
    attempt: int,
    source: str,
    controls: tuple[int, int, int, int] | None,
    theme: Theme,
    size: tuple[int, int],
) -> tuple[tuple[Letters, str, int], ...]:
    """Return the texts of the pill and their colours; a long name of a source is shortened in its middle."""
    parts = [(theme.strong, say(STATES[state]).upper(), theme.scheme.text.rgba())]
    if attempt:
        parts.append((theme.body, say(ATTEMPT, attempt=attempt), theme.scheme.text.rgba()))
    end = controls[0] if controls else size[0]
    room = end - theme.px(5.5) - sum(letters.width(text) for letters, text, _ in parts)
    if room > theme.px(3) and (name := elided(theme.body, named(source), min(room, size[0] * 0.45))):
        parts.append((theme.body, name, theme.scheme.soft.rgba()))
    return tuple(parts)


def sign(painter: QPainter, state: State, centre: QPointF, reach: int, colour: QColor) -> None:
    """Draw the sign of a state; each has its own shape, so that nobody needs to see its colour."""
    square = QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach)
    pen = QPen(colour, max(1.5, reach * 0.45))
    filled = state in (State.LIVE, State.PAUSED, State.ENDED)
    painter.setPen(Qt.PenStyle.NoPen if filled else pen)
    painter.setBrush(colour if filled else Qt.BrushStyle.NoBrush)
    match state:
        case State.LIVE | State.NO_FACE:
            painter.drawEllipse(square)
        case State.PAUSED:
            for shift in (0.0, 1.3):
                painter.drawRect(QRectF(square.left() + shift * reach, square.top(), 0.7 * reach, 2 * reach))
        case State.ENDED:
            painter.drawRect(square)
        case State.FAILED:
            painter.drawLine(square.topLeft(), square.bottomRight())
            painter.drawLine(square.bottomLeft(), square.topRight())
        case State.STALLED:
            painter.drawPolygon(QPointF(centre.x(), square.top()), square.bottomRight(), square.bottomLeft())
        case _:  # starting and reconnecting: an open ring
            painter.drawArc(square, 60 * 16, 270 * 16)


def hud_rect(view: View, theme: Theme, size: tuple[int, int], bottom: float | None = None) -> QRectF:
    """Return the place of the figures, above `bottom`; empty if there are none."""
    if not view.hud or not view.figures:
        return QRectF()
    margin, height = theme.px(0.8), theme.px(1.9)
    width = min(sum(w for *_, w in _line(view.figures, theme, size)) + theme.px(0.6), size[0] - 2 * margin)
    return QRectF(margin, (size[1] if bottom is None else bottom) - margin - height, round(width), height)


def hud(painter: QPainter, view: View, theme: Theme, size: tuple[int, int], rect: QRectF) -> None:
    """Draw the figures in one line in `rect`; one beyond its limits is coloured and bold."""
    if not rect.isEmpty():
        press(painter, rect, _hud, theme, _line(view.figures, theme, size))


def _hud(painter: QPainter, rect: QRectF, theme: Theme, line: Line) -> None:
    draw_panel(painter, rect, theme.px(0.5), theme.scheme.panel.rgba(), theme.scheme.edge.rgba(), 1)
    baseline, x = theme.body.baseline(0, rect.height()), float(theme.px(0.8))
    for figure, label, width in line:
        write(painter, theme.body, x, baseline, label, theme.scheme.soft)
        if figure:
            letters = theme.strong if figure.level else theme.body
            ink = theme.scheme.levels[figure.level] if figure.level else theme.scheme.text
            write(painter, letters, x + theme.body.width(f"{label} "), baseline, f"{figure.value}{figure.unit}", ink)
        x += width


@lru_cache(maxsize=32)
def _line(figures: tuple[Figure, ...], theme: Theme, size: tuple[int, int]) -> Line:
    """Return each figure with its label and the width of both, and the hint to the help; the last ones that fit."""
    line: list[tuple[Figure | None, str, float]] = []
    for figure in figures:
        label = say(FIGURE_WORDS[figure.label])
        width = theme.body.width(f"{label} {figure.value}{figure.unit}") + theme.px(1.1)
        line.append((figure, label, width))
    hint = say(HELP_HINT)
    line.append((None, hint, theme.body.width(hint) + theme.px(0.8)))
    while len(line) > 1 and sum(width for *_, width in line) > size[0] - theme.px(2.4):
        line.pop(0)
    return tuple(line)
