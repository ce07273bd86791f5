"""Draws a face without its picture: the detector's six points, and how the head is turned."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from realtime_micacl.types import F32, Face
from realtime_micacl_ui.ink import write
from realtime_micacl_ui.theme import Theme

NOSE = 2
LONG = 0.5  # length of the arrow of a head turned by 90 degrees, over the width of the face's box
EYES, PROFILE = (4, 0, 2, 1, 5), (2, 3)  # from ear to ear over eyes and nose; from the nose to the mouth


def points(painter: QPainter, face: Face, picture: QRectF, frame_width: int, colour: QColor, *, mirror: bool) -> None:
    """Draw the points of a face in `picture`, joined by thin lines."""
    if face.points is None:
        return
    scale = picture.width() / frame_width
    size = float(face.box[2] - face.box[0]) * scale
    across = [frame_width - x if mirror else x for x in face.points[:, 0].tolist()]
    at = [
        QPointF(picture.left() + x * scale, picture.top() + y * scale)
        for x, y in zip(across, face.points[:, 1].tolist(), strict=True)
    ]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    thin = QColor(colour)
    thin.setAlpha(120)
    painter.setPen(QPen(thin, max(1.0, 0.012 * size)))
    for line in (EYES, PROFILE):
        painter.drawPolyline(*(at[n] for n in line))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if face.head is not None:
        _arrow(painter, at[NOSE], pointed(face.head, mirror=mirror) * LONG * size, colour, max(1.0, 0.02 * size))
    for n, point in enumerate(at):
        reach = max(1.5, 0.032 * size * (1.0 if n < 4 else 0.6))
        painter.drawEllipse(point, reach, reach)


def pointed(head: F32, *, mirror: bool) -> QPointF:
    """Return the direction of a head with these angles in the picture, x right and y down, of length 1 at most."""
    yaw, pitch, roll = np.radians(head).tolist()
    across, down = np.sin(yaw), np.cos(yaw) * np.sin(pitch)
    x, y = across * np.cos(roll) - down * np.sin(roll), across * np.sin(roll) + down * np.cos(roll)
    return QPointF(-x if mirror else x, y)


def degrees(painter: QPainter, head: F32, box: QRectF, theme: Theme, *, mirror: bool) -> None:
    """Write the angles of a head, as it is shown, at the bottom of its box in px."""
    yaw, pitch, roll = np.asarray(head * ((-1, 1, -1) if mirror else 1)).round().astype(int).tolist()
    signs = (yaw, "\u2190", "\u2192"), (pitch, "\u2191", "\u2193"), (roll, "\u21b6", "\u21b7")
    text = "   ".join(f"{(before if one < 0 else after)} {abs(one)}°" for one, before, after in signs)
    if (width := theme.body.width(text)) < box.width() - theme.px(1):
        at = box.center().x() - width / 2
        write(painter, theme.body, at, box.bottom() - theme.px(0.8), text, theme.scheme.soft)


def _arrow(painter: QPainter, start: QPointF, along: QPointF, colour: QColor, thick: float) -> None:
    """Draw a line with a small ring at its end."""
    painter.save()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, thick, cap=Qt.PenCapStyle.RoundCap))
    painter.drawLine(start, start + along)
    painter.drawEllipse(start + along, 2 * thick, 2 * thick)
    painter.restore()
