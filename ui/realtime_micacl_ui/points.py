"""What stands for a face where the picture is not shown: the detector's six points, and nothing that was not found."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from realtime_micacl.types import Face

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
    for n, point in enumerate(at):
        reach = max(1.5, 0.032 * size * (1.0 if n < 4 else 0.6))
        painter.drawEllipse(point, reach, reach)
