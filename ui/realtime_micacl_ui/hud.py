"""What frames the picture: the state at the top left, the figures at the bottom left."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from realtime_micacl.types import State
from realtime_micacl_ui.ink import elided, panel, write
from realtime_micacl_ui.texts import ATTEMPT, FIGURE_WORDS, HELP_HINT, STATES, say
from realtime_micacl_ui.theme import Letters, Theme
from realtime_micacl_ui.view import Figure, View


def pill_rect(view: View, theme: Theme, size: tuple[int, int]) -> QRectF:
    """Return where the state is shown."""
    margin = theme.px(0.8)
    parts = _pill_parts(view, theme, size)
    width = theme.px(1.9) + sum(letters.width(text) for letters, text, _ in parts) + theme.px(0.9) * len(parts)
    return QRectF(margin, margin, round(width), theme.px(2.1))


def pill(painter: QPainter, view: View, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the state, with a sign of its own shape, and the name of the source."""
    rect = pill_rect(view, theme, size)
    panel(painter, rect, theme)
    reach = theme.px(0.36)
    centre = QPointF(rect.left() + theme.px(0.8) + reach, rect.center().y())
    _sign(painter, view.state, centre, reach, theme.scheme.states.get(view.state, theme.scheme.text))
    baseline = theme.strong.baseline(rect.top(), rect.height())
    x = rect.left() + theme.px(2.0)
    for letters, text, colour in _pill_parts(view, theme, size):
        write(painter, letters, x, baseline, text, colour)
        x += letters.width(text) + theme.px(0.9)


def _pill_parts(view: View, theme: Theme, size: tuple[int, int]) -> list[tuple[Letters, str, QColor]]:
    """Return the texts of the pill; a long name of a source is shortened in its middle."""
    parts = [(theme.strong, say(STATES[view.state]).upper(), theme.scheme.text)]
    if view.attempt:
        parts.append((theme.body, say(ATTEMPT, attempt=view.attempt), theme.scheme.text))
    end = view.controls[0] if view.controls else size[0]
    room = end - theme.px(5.5) - sum(letters.width(text) for letters, text, _ in parts)
    name = elided(theme.body, view.source, min(room, size[0] * 0.45)) if room > theme.px(3) else ""
    return [*parts, (theme.body, name, theme.scheme.soft)] if name else parts


def _sign(painter: QPainter, state: State, centre: QPointF, reach: int, colour: QColor) -> None:
    """Draw the sign of a state: every one has its own shape, so that colour is never needed."""
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
    """Return where the figures are shown, above `bottom`; empty where there are none."""
    if not view.hud or not view.figures:
        return QRectF()
    margin, height = theme.px(0.8), theme.px(1.9)
    width = min(sum(w for *_, w in _line(view.figures, theme, size)) + theme.px(0.6), size[0] - 2 * margin)
    return QRectF(margin, (size[1] if bottom is None else bottom) - margin - height, round(width), height)


def hud(painter: QPainter, view: View, theme: Theme, size: tuple[int, int], rect: QRectF) -> None:
    """Draw the figures in one line in `rect`; one beyond its limits is coloured and bold."""
    if rect.isEmpty():
        return
    panel(painter, rect, theme)
    baseline = theme.body.baseline(rect.top(), rect.height())
    x = rect.left() + theme.px(0.8)
    for figure, label, width in _line(view.figures, theme, size):
        write(painter, theme.body, x, baseline, label, theme.scheme.soft)
        if figure:
            letters = theme.strong if figure.level else theme.body
            value = f"{figure.value}{figure.unit}"
            after = x + theme.body.width(f"{label} ")
            write(
                painter,
                letters,
                after,
                baseline,
                value,
                theme.scheme.levels[figure.level] if figure.level else theme.scheme.text,
            )
        x += width


def _line(figures: tuple[Figure, ...], theme: Theme, size: tuple[int, int]) -> list[tuple[Figure | None, str, float]]:
    """Return each figure with its label and the width of both, and the way to the help; the last ones that fit."""
    line: list[tuple[Figure | None, str, float]] = []
    for figure in figures:
        label = say(FIGURE_WORDS[figure.label])
        width = theme.body.width(f"{label} {figure.value}{figure.unit}") + theme.px(1.1)
        line.append((figure, label, width))
    hint = say(HELP_HINT)
    line.append((None, hint, theme.body.width(hint) + theme.px(0.8)))
    while len(line) > 1 and sum(width for *_, width in line) > size[0] - theme.px(2.4):
        line.pop(0)
    return line
