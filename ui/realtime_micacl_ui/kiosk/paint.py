"""Paints one picture of the kiosk. Works with any painter."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen

from realtime_micacl_ui.ink import elided, readable, write
from realtime_micacl_ui.kiosk.reading import live
from realtime_micacl_ui.kiosk.scenes import asking, attract, consent, farewell
from realtime_micacl_ui.kiosk.screen import MARGIN, Button, Screen, buttons, theme_for
from realtime_micacl_ui.kiosk.state import Stage
from realtime_micacl_ui.theme import GREY, INK, SOFT, TEXT, Theme


def paint_screen(painter: QPainter, screen: Screen, size: tuple[int, int]) -> None:
    """Paint a screen of `size` px; in a language that is read from the right, all lies at the other side."""
    theme = theme_for(size)
    painter.fillRect(QRectF(0, 0, *size), screen.settings.background)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.save()
    if screen.mirrored:
        painter.translate(size[0], 0)
        painter.scale(-1, 1)
    match screen.stage:
        case Stage.ATTRACT:
            attract(painter, screen, theme, size)
        case Stage.CONSENT:
            consent(painter, screen, theme, size)
        case Stage.LIVE:
            live(painter, screen, theme, size)
        case Stage.ASKING:
            asking(painter, screen, theme, size)
        case Stage.WIPING:
            farewell(painter, screen, theme, size)
    if screen.stage not in (Stage.LIVE, Stage.ASKING):
        _logo(painter, screen, theme)
    painter.restore()
    for button in buttons(screen, theme, size):
        _button(painter, button, screen, theme)


def _logo(painter: QPainter, screen: Screen, theme: Theme) -> None:
    """Draw the logo in the corner in which reading begins, 2.4 units high."""
    logo = screen.settings.logo
    if logo is None:
        return
    height = theme.px(2.4)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    width = round(height * logo.width() / max(1, logo.height()))
    with readable(painter, theme.px(MARGIN), width):
        painter.drawImage(QRectF(theme.px(MARGIN), theme.px(MARGIN), width, height), logo)


def _button(painter: QPainter, button: Button, screen: Screen, theme: Theme) -> None:
    """Draw a button: filled if it leads on, else an outline; the present language is bright."""
    radius = button.rect.height() / 2
    now = button.language is not None and button.language == screen.language
    if button.primary:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(screen.settings.accent)
    else:
        painter.setPen(QPen(SOFT if button.act or now else GREY, max(2, theme.px(0.12)) if button.act or now else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(button.rect.adjusted(1, 1, -1, -1), radius, radius)
    letters = theme.large if button.act else theme.body
    ink: QColor = INK if button.primary else TEXT if button.act or now else SOFT
    baseline = letters.baseline(button.rect.top(), button.rect.height())
    text = elided(letters, button.text, button.rect.width() - theme.px(0.6))
    write(painter, letters, button.rect.center().x() - letters.width(text) / 2, baseline, text, ink)
