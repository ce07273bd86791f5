"""The badges at the upper edge: that numbers are recorded, and the notice."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QPainter

from realtime_micacl_ui.ink import elided, panel, write
from realtime_micacl_ui.theme import AMBER, RED, Theme
from realtime_micacl_ui.view import View


def recording_rect(view: View, theme: Theme, size: tuple[int, int]) -> QRectF:
    """Return the place of the recording badge: top right, below the buttons if they are shown; empty without one."""
    if not view.recording:
        return QRectF()
    margin = theme.px(0.8)
    width = round(theme.px(2.4) + theme.strong.width(view.recording))
    top = view.controls[3] + theme.px(0.3) if view.controls else margin
    return QRectF(size[0] - margin - width, top, width, theme.px(2.1))


def recording(painter: QPainter, view: View, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the badge that says for how long numbers have been recorded."""
    rect = recording_rect(view, theme, size)
    if rect.isEmpty():
        return
    panel(painter, rect, theme)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(RED)
    painter.drawEllipse(QPointF(rect.left() + theme.px(1.1), rect.center().y()), theme.px(0.4), theme.px(0.4))
    baseline = theme.strong.baseline(rect.top(), rect.height())
    write(painter, theme.strong, rect.left() + theme.px(1.8), baseline, view.recording, theme.scheme.text)


def notice_rect(view: View, theme: Theme, size: tuple[int, int]) -> QRectF:
    """Return the place of the notice, below the state; empty without one."""
    if not view.notice:
        return QRectF()
    margin, pad = theme.px(0.8), theme.px(0.8)
    width = round(theme.strong.width(_notice(view, theme, size))) + 2 * pad
    return QRectF(margin, margin + theme.px(2.5), width, theme.px(2.1))


def notice(painter: QPainter, view: View, theme: Theme, size: tuple[int, int]) -> None:
    """Draw the notice, in one line below the state."""
    rect = notice_rect(view, theme, size)
    if rect.isEmpty():
        return
    panel(painter, rect, theme, AMBER, 2)
    baseline = theme.strong.baseline(rect.top(), rect.height())
    text = _notice(view, theme, size)
    write(painter, theme.strong, rect.left() + theme.px(0.8), baseline, text, theme.scheme.text)


def _notice(view: View, theme: Theme, size: tuple[int, int]) -> str:
    return elided(theme.strong, view.notice, size[0] - 4 * theme.px(0.8))
