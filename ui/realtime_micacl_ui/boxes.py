"""The boxes around faces, and their colours."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from realtime_micacl.types import Face, State
from realtime_micacl_ui.ink import hatch, ring
from realtime_micacl_ui.theme import EMOTION_COLOURS, GREY, INK, SOFT, TEXT, Theme
from realtime_micacl_ui.view import View


def colour(view: View, face: Face) -> QColor:
    """Return the colour of a face's box: of the leading emotion, white before there is one, grey without a lead."""
    if view.state is State.STALLED:
        return GREY
    if face.state is State.LOW_QUALITY:
        return SOFT
    reading = view.reading(face)
    if reading is None:
        return TEXT
    return EMOTION_COLOURS[reading.emotion] if reading.emotion else GREY


def draw_box(painter: QPainter, box: QRectF, view: View, face: Face, theme: Theme) -> None:
    """Draw the box of a face over a dark edge, so that it stands out on any picture."""
    radius = theme.px(0.7)
    width_px = max(2, theme.px(0.35 if face.track_id == view.selected else 0.2))
    if view.state is State.STALLED:
        painter.fillRect(box, hatch(theme.px(0.8)))
    if face.state is not State.LOW_QUALITY:
        ring(painter, box, radius, width_px, colour(view, face), INK)
        return
    box = box.translated(width_px % 2 / 2, width_px % 2 / 2)  # an odd line is crisp between the pixels
    pen = QPen(colour(view, face), width_px)
    pen.setDashPattern([3.0, 2.5])
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for stroke in (QPen(INK, width_px + 2), pen):
        painter.setPen(stroke)
        painter.drawRoundedRect(box, radius, radius)
