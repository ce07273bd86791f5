"""The drawn face of the attract loop, which slowly changes through the seven expressions."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import lru_cache
from math import ceil, pi, sin

from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QRadialGradient

from realtime_micacl.types import EMOTIONS
from realtime_micacl_ui.theme import EMOTION_COLOURS, INK, TEXT

ORDER = ("happy", "neutral", "surprise", "sad", "neutral", "angry", "disgust", "fear")
HOLD_S, PASS_S = 3.2, 1.4  # each expression stays, then changes into the next
BLINK_EVERY_S, BLINK_S = 4.7, 0.22


@dataclass(frozen=True)
class Pose:
    """The shape of a drawn face; lengths are shares of its radius."""

    smile: float = 0.0
    """How far the corners of the mouth are above its middle."""
    width: float = 0.32
    open: float = 0.0
    skew: float = 0.0
    """How much higher one corner of the mouth is."""
    brow: float = 0.0
    """How far the brows are raised."""
    frown: float = 0.0
    """How far their inner ends are lowered."""
    eye: float = 1.0
    """Height of the eyes; 1 is neutral."""


POSES = {
    "happy": Pose(smile=0.17, width=0.44, open=0.15, brow=0.04, eye=0.85),
    "sad": Pose(smile=-0.11, width=0.27, brow=0.03, frown=-0.11, eye=0.75),
    "neutral": Pose(),
    "angry": Pose(smile=-0.08, width=0.30, brow=-0.05, frown=0.11, eye=0.8),
    "surprise": Pose(width=0.17, open=0.30, brow=0.14, eye=1.35),
    "disgust": Pose(smile=-0.07, width=0.30, skew=0.10, brow=-0.04, frown=0.06, eye=0.55),
    "fear": Pose(smile=-0.09, width=0.29, open=0.11, brow=0.11, frown=-0.08, eye=1.25),
}


def shares(time_s: float) -> dict[str, float]:
    """Return the share of each expression in the drawn face at a time; they sum to 1."""
    step, within_s = divmod(time_s, HOLD_S + PASS_S)
    now, then = ORDER[int(step) % len(ORDER)], ORDER[(int(step) + 1) % len(ORDER)]
    passed = min(1.0, max(0.0, (within_s - HOLD_S) / PASS_S))
    passed = passed * passed * (3 - 2 * passed)
    found = dict.fromkeys(EMOTIONS, 0.0)
    found[now] += 1 - passed
    found[then] += passed
    return found


def face(painter: QPainter, centre: QPointF, radius: float, time_s: float) -> None:
    """Draw the face at a time: glow and ring in the colours of its expressions, and its strokes."""
    mix = shares(time_s)
    pose = _pose(mix)
    for name, share in mix.items():
        if share > 0:
            painter.setOpacity(0.55 * share)
            stamp = _glow(max(1, round(1.5 * radius)), EMOTION_COLOURS[name].rgb())
            painter.drawImage(centre - QPointF(stamp.width() / 2, stamp.height() / 2), stamp)
    painter.setOpacity(1.0)
    painter.save()
    painter.translate(centre)
    radius *= 1 + 0.012 * sin(2 * pi * time_s / 6)
    painter.setPen(QPen(_mixed(mix), radius * 0.035))
    painter.setBrush(INK)
    painter.drawEllipse(QPointF(0, 0), radius, radius)
    painter.translate(radius * 0.05 * sin(2 * pi * time_s / 11), radius * 0.02 * sin(2 * pi * time_s / 7))
    _brows_and_eyes(painter, pose, radius, time_s)
    _mouth(painter, pose, radius)
    painter.restore()


def _brows_and_eyes(painter: QPainter, pose: Pose, radius: float, time_s: float) -> None:
    phase_s = time_s % BLINK_EVERY_S
    lid = 1.0 - sin(pi * phase_s / BLINK_S) if phase_s < BLINK_S else 1.0
    y = -0.42 * radius - pose.brow * radius
    for side in (-1, 1):
        inner = QPointF(side * 0.20 * radius, y + pose.frown * radius)
        outer = QPointF(side * 0.53 * radius, y - 0.3 * pose.frown * radius)
        brow = QPainterPath(inner)
        brow.quadTo(QPointF(side * 0.39 * radius, min(inner.y(), outer.y()) - 0.05 * radius), outer)
        painter.strokePath(brow, _pen(radius))
        eye = QPainterPath()
        eye.addEllipse(
            QPointF(side * 0.36 * radius, -0.14 * radius),
            0.08 * radius,
            max(0.014, 0.105 * pose.eye * lid) * radius,
        )
        painter.fillPath(eye, TEXT)


def _mouth(painter: QPainter, pose: Pose, radius: float) -> None:
    """Draw upper and lower lip between the corners; they are one line while the mouth is closed."""
    height = 0.40 - pose.smile / 2
    left = QPointF(-pose.width * radius, (height - pose.skew / 2) * radius)
    right = QPointF(pose.width * radius, (height + pose.skew / 2) * radius)
    bend, part = pose.smile * 1.3 * radius, 0.62 * pose.open * radius
    reach = 0.55 * pose.width * radius * (1 - min(1.0, pose.open / 0.3))  # a wide open mouth is round
    lips = QPainterPath(left)
    lips.cubicTo(left + QPointF(reach, bend - part), right + QPointF(-reach, bend - part), right)
    lips.cubicTo(right + QPointF(-reach, bend + part), left + QPointF(reach, bend + part), left)
    painter.strokePath(lips, _pen(radius))


def _pen(radius: float) -> QPen:
    pen = QPen(TEXT, radius * 0.06)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def _pose(mix: dict[str, float]) -> Pose:
    columns = zip(*([share * value for value in astuple(POSES[name])] for name, share in mix.items()), strict=True)
    return Pose(*(sum(column) for column in columns))


def _mixed(mix: dict[str, float]) -> QColor:
    parts = [(share, EMOTION_COLOURS[name]) for name, share in mix.items()]
    red, green, blue = (sum(s * channel(c) for s, c in parts) for channel in (QColor.red, QColor.green, QColor.blue))
    return QColor(round(red), round(green), round(blue))


@lru_cache(maxsize=8)
def _glow(radius: int, rgb: int) -> QImage:
    """Return the glow as an image: drawing its gradient in every frame would take longer than all the rest."""
    stamp = QImage(ceil(2 * radius), ceil(2 * radius), QImage.Format.Format_ARGB32_Premultiplied)
    stamp.fill(Qt.GlobalColor.transparent)
    gradient = QRadialGradient(radius, radius, radius)
    for at, alpha in ((0.0, 110), (0.62, 70), (0.8, 24), (1.0, 0)):
        colour = QColor.fromRgb(rgb)
        colour.setAlpha(alpha)
        gradient.setColorAt(at, colour)
    with QPainter(stamp) as painter:
        painter.fillRect(stamp.rect(), gradient)
    return stamp
