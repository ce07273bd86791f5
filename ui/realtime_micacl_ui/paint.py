"""Paints one picture of the window: the camera's image and all that lies over it. Works with any painter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QImage, QPainter, QRegion

from realtime_micacl.types import Face, Frame, State
from realtime_micacl_ui.badges import notice, notice_rect, recording, recording_rect
from realtime_micacl_ui.boxes import colour
from realtime_micacl_ui.cards import overlay
from realtime_micacl_ui.hud import hud, hud_rect, pill, pill_rect
from realtime_micacl_ui.ink import hatch
from realtime_micacl_ui.layout import Layout, arrange
from realtime_micacl_ui.messages import help_card, message
from realtime_micacl_ui.points import degrees, points
from realtime_micacl_ui.theme import DIMMED, INK, Theme
from realtime_micacl_ui.timeline import Parts, parts, timeline
from realtime_micacl_ui.view import View

COARSE_PX, COARSE_FACE_PX = 32, 5


def paint(
    painter: QPainter,
    view: View,
    theme: Theme,
    size: tuple[int, int],
    last: Layout | None = None,
    region: QRegion | None = None,
) -> Layout:
    """Paint a view into `size` px and return the layout, which is `last` for the next picture.

    With a `region` the last layout is used again, and nothing outside the region is painted.
    """

    def shows(rect: QRectF) -> bool:
        return region is None or region.intersects(rect.toAlignedRect())

    past = parts(view, theme, size)
    figures = hud_rect(view, theme, size, past.panel.top() if past else None)
    taken = _taken(view, theme, size, figures, past)
    layout = last if last and region is not None else arrange(view, theme, size, taken, last)
    _ground(painter, view, theme, QRectF(0, 0, *size), layout.picture, past)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for face in view.faces if view.privacy == "points" else ():
        if face.head is not None and face.track_id in layout.boxes:
            degrees(painter, face.head, layout.boxes[face.track_id], theme.dark, mirror=view.mirror)
    overlay(painter, view, layout, theme.dark, shows)
    if any(shows(rect) for rect in taken):
        pill(painter, view, theme.dark, size)
        recording(painter, view, theme.dark, size)
        notice(painter, view, theme.dark, size)
        hud(painter, view, theme.dark, size, figures)
        timeline(painter, view, past, theme)
    if view.help and view.state is not State.FAILED:
        help_card(painter, theme, size)
    else:
        bottom = min([size[1] - theme.px(1)] + [r.top() for r in (figures, past.panel if past else figures) if r])
        message(painter, view, theme, size, layout.picture, bottom)
    return layout


def _taken(view: View, theme: Theme, size: tuple[int, int], figures: QRectF, past: Parts | None) -> list[QRectF]:
    """Return the places of other things, which cards must not cover."""
    taken = [pill_rect(view, theme, size), figures, recording_rect(view, theme, size)]
    taken += [past.panel] if past else []
    taken += [rect for rect in [notice_rect(view, theme, size)] if rect]
    if view.controls:
        taken.append(QRectF(QPointF(*view.controls[:2]), QPointF(*view.controls[2:])))
    return taken


def _ground(painter: QPainter, view: View, theme: Theme, window: QRectF, place: QRectF, past: Parts | None) -> None:
    """Paint the background: the camera's picture in its place, and the window around it."""
    if view.frame is None or place != window:
        painter.fillRect(window, theme.scheme.ground)
    if view.frame is None:
        return
    painter.save()
    if past:
        painter.setClipRegion(_beside(past, theme, window), Qt.ClipOperation.IntersectClip)
    picture(painter, view, view.frame, place)
    shade(painter, view, place, theme)
    painter.restore()


def _beside(past: Parts, theme: Theme, window: QRectF) -> QRegion:
    """Return the window without the timeline, which is opaque, but with its round corners."""
    inset = theme.px(0.5)
    hidden = past.panel.adjusted(inset, inset, -inset, -inset).toRect()
    return QRegion(window.toRect()) - QRegion(hidden)


def picture(painter: QPainter, view: View, frame: Frame, rect: QRectF) -> None:
    """Draw a frame: without a copy if it is not scaled, else from 32 bits, which Qt scales three times faster."""
    if view.privacy in ("points", "hidden"):
        painter.fillRect(rect, INK)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for face in view.faces if view.privacy == "points" else ():
            points(painter, face, rect, frame.shape[1], colour(view, face), mirror=view.mirror)
        return
    pixels = np.ascontiguousarray(frame.image)
    height, width, _ = pixels.shape
    rgb = QImage.Format.Format_RGB888
    image = QImage(pixels.data, width, height, 3 * width, rgb)  # type: ignore[call-overload]  # any buffer, uncopied
    if view.privacy == "blurred":
        image = coarse(image, view.faces)
    if view.mirror:
        image = image.flipped(Qt.Orientation.Horizontal)
    device = painter.deviceTransform().mapRect(rect)
    if (device.width(), device.height()) == (image.width(), image.height()) and device.size() == rect.size():
        painter.drawImage(rect.topLeft(), image)
        return
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(rect, image.convertToFormat(QImage.Format.Format_RGB32))


def coarse(image: QImage, faces: Sequence[Face]) -> QImage:
    """Return a picture so small that nobody can be recognised: at most 32 px wide, and faces at most 5 px."""
    widest = max([float(face.box[2] - face.box[0]) for face in faces], default=1.0)
    columns = max(2, min(COARSE_PX, int(COARSE_FACE_PX * image.width() / max(1.0, widest))))
    rows = max(1, round(columns * image.height() / image.width()))
    mode, how = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    return image.scaled(columns, rows, mode, how)


def shade(painter: QPainter, view: View, rect: QRectF, theme: Theme) -> None:
    """Darken a picture that is not live; hatch a stalled one."""
    if view.state in DIMMED and not view.broken:
        painter.fillRect(rect, QColor(INK.red(), INK.green(), INK.blue(), DIMMED[view.state]))
    if view.state is State.STALLED:
        painter.setBrushOrigin(QPointF(rect.topLeft()))
        painter.setOpacity(0.25)
        painter.fillRect(rect, hatch(theme.px(1.2)))
        painter.setOpacity(1.0)
