"""A view of faces in a picture, painted, and what is asked of its pixels."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QImage, QPainter

from realtime_micacl.types import U8, EmotionDistribution, Face, Frame, Quality, State
from realtime_micacl_ui.layout import Layout
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.view import Figure, View

HD = (1280, 720)
SHARES = (0.30, 0.05, 0.20, 0.10, 0.15, 0.08, 0.12)
FIGURES = (Figure("capture", "30.0"), Figure("latency", "98 / 152", " ms", 2), Figure("drops", "2.3", " %", 1))
MARGIN = 40


def photo(width: int = 1280, height: int = 720) -> U8:
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([x * 7 % 251, y * 5 % 241, (x + y) % 239], axis=-1).astype(np.uint8) // 2
    image.flags.writeable = False
    return image


PHOTO = photo()


def face(state: State = State.LIVE, filled: float = 1.0, fault: str = "", track_id: int = 1, x: float = 300) -> Face:
    box = np.array([x, 250, x + 160, 410], np.float32)
    return Face(track_id, box, PHOTO[:4, :4], 0.9, Quality(0.0 if fault else 1.0, fault), state, filled)


def view(*faces: Face, emotion: str | None = "happy", time_s: float = 10.0) -> View:
    p = np.array(SHARES, np.float32)
    readings = {f.track_id: EmotionDistribution(f.track_id, time_s, p, p[:4], emotion, 1.0, 1.0) for f in faces}
    return View("camera 0", State.LIVE, 10.0, Frame(PHOTO, 10.0, 0), faces, readings, figures=FIGURES)


def painted(
    v: View, size: tuple[int, int] = HD, ratio: int = 1, scale: float = 1.0, *, light: bool = False
) -> tuple[U8, Layout]:
    """The picture [H,W,3] with a margin around it that no stroke may reach, and the layout."""
    image = QImage((size[0] + 2 * MARGIN) * ratio, (size[1] + 2 * MARGIN) * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor("magenta"))
    with QPainter(image) as painter:
        painter.translate(MARGIN, MARGIN)
        layout = paint(painter, v, theme_of(unit_for(*size, scale), light=light), size)
    bits = image.constBits()
    assert bits is not None
    pixels = np.frombuffer(bits.asstring(image.sizeInBytes()), np.uint8).reshape(image.height(), image.width(), 4)
    inner = np.ascontiguousarray(pixels[..., 2::-1])
    edge = MARGIN * ratio
    outside = np.ones(inner.shape[:2], bool)
    outside[edge:-edge, edge:-edge] = False
    assert (inner[outside] == (255, 0, 255)).all(), "something was painted outside of the window"
    return inner[edge:-edge, edge:-edge], layout


def is_colour(pixels: U8, colour: QColor) -> np.ndarray:
    return (pixels == (colour.red(), colour.green(), colour.blue())).all(-1)


def part(pixels: U8, rect: QRectF) -> U8:
    left, top = round(rect.left()), round(rect.top())
    return pixels[top : top + round(rect.height()), left : left + round(rect.width())]


def top_edge(pixels: U8, box: QRectF) -> U8:
    return pixels[round(box.top()), round(box.left()) + 20 : round(box.right()) - 20]
