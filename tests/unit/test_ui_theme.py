"""Colours and letters: contrast and growth."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtGui import QColor, QFont

from realtime_micacl.types import EMOTIONS
from realtime_micacl_ui.theme import DARK, EMOTION_COLOURS, INK, LIGHT, Scheme, font_scale, theme_of, unit_for

pytestmark = pytest.mark.usefixtures("qapp")
HD = (1280, 720)


def contrast(a: QColor, b: QColor) -> float:
    def luminance(colour: QColor) -> float:
        channels = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3] if c is not None
        ]
        return float(np.dot(channels, (0.2126, 0.7152, 0.0722)))

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def behind(panel: QColor, ground: QColor) -> QColor:
    """The colour of a panel that lies on `ground`."""
    alpha = panel.alphaF()
    pairs = zip(panel.getRgb()[:3], ground.getRgb()[:3], strict=True)
    return QColor(*(round((a or 0) * alpha + (b or 0) * (1 - alpha)) for a, b in pairs))


@pytest.mark.parametrize(("scheme", "worst"), [(DARK, "white"), (LIGHT, "black")])
def test_text_and_bars_stand_out_from_their_ground(scheme: Scheme, worst: str) -> None:
    panel = behind(scheme.panel, QColor(worst))
    for text in (scheme.text, scheme.soft, *scheme.levels, *scheme.states.values()):
        assert contrast(text, panel) >= 4.5
    for colour in EMOTION_COLOURS.values():
        assert contrast(colour, INK) >= 3.0
    assert tuple(EMOTION_COLOURS) == EMOTIONS


def test_letters_grow_with_the_window_and_the_system_font() -> None:
    assert unit_for(*HD, 1.0) == 13.5
    assert unit_for(1920, 1080, 1.0) == pytest.approx(20, abs=0.5)
    assert unit_for(*HD, 2.0) == 27
    usual, large = QFont(), QFont()
    usual.setPixelSize(13)
    large.setPixelSize(25)
    assert (font_scale(usual), font_scale(large)) == (1.0, 2.0)
    figures = theme_of(13.5).body
    assert figures.width("111") == figures.width("888")
