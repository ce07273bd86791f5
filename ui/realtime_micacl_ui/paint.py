"""One picture: the camera's image and all that lies over it. Pure: it paints a view into any painter."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QColor, QImage, QPainter

from realtime_micacl.types import Frame, State
from realtime_micacl_ui.cards import overlay
from realtime_micacl_ui.hud import hud, hud_rect, notice, pill, pill_rect
from realtime_micacl_ui.ink import hatch
from realtime_micacl_ui.layout import Layout, arrange
from realtime_micacl_ui.messages import help_card, message
from realtime_micacl_ui.theme import DIMMED, INK, Theme
from realtime_micacl_ui.timeline import parts, timeline
from realtime_micacl_ui.view import View


def paint(painter: QPainter, view: View, theme: Theme, size: tuple[int, int], last: Layout | None = None) -> Layout:
    """Paint a view into `size` px and return where everything is, which is `last` of the next picture."""
    past = parts(view, theme, size)
    figures = hud_rect(view, theme, size, past.panel.top() if past else None)
    taken = [pill_rect(view, theme, size), figures] + ([past.panel] if past else [])
    layout = arrange(view, theme, size, taken, last)
    window = QRectF(0, 0, *size)
    if view.frame is None or layout.picture != window:
        painter.fillRect(window, theme.scheme.ground)
    if view.frame is not None:
        _picture(painter, view.frame, layout.picture)
        _shade(painter, view, layout.picture, theme)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    overlay(painter, view, layout, theme.dark)
    pill(painter, view, theme.dark, size)
    notice(painter, view, theme.dark, size)
    hud(painter, view, theme.dark, size, figures)
    timeline(painter, view, theme, size)
    if view.help and view.state is not State.FAILED:
        help_card(painter, theme, size)
    else:
        bottom = min([size[1] - theme.px(1)] + [r.top() for r in (figures, past.panel if past else figures) if r])
        message(painter, view, theme, size, layout.picture, bottom)
    return layout


def _picture(painter: QPainter, frame: Frame, rect: QRectF) -> None:
    """Draw a frame: without a copy where no pixel is scaled, else from 32 bits, which Qt scales three times faster."""
    pixels = np.ascontiguousarray(frame.image)
    height, width, _ = pixels.shape
    rgb = QImage.Format.Format_RGB888
    image = QImage(pixels.data, width, height, 3 * width, rgb)  # type: ignore[call-overload]  # any buffer, uncopied
    device = painter.deviceTransform().mapRect(rect)
    if (device.width(), device.height()) == (width, height) and device.size() == rect.size():
        painter.drawImage(rect.topLeft(), image)
        return
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(rect, image.convertToFormat(QImage.Format.Format_RGB32))


def _shade(painter: QPainter, view: View, rect: QRectF, theme: Theme) -> None:
    """Darken a picture that is not of now; hatch a stalled one."""
    if view.state in DIMMED and not view.broken:
        painter.fillRect(rect, QColor(INK.red(), INK.green(), INK.blue(), DIMMED[view.state]))
    if view.state is State.STALLED:
        painter.setBrushOrigin(QPointF(rect.topLeft()))
        painter.setOpacity(0.25)
        painter.fillRect(rect, hatch(theme.px(1.2)))
        painter.setOpacity(1.0)
