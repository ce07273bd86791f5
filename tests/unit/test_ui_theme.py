"""Colours and letters: contrast, growth, and room for every word."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QFont

from realtime_micacl.types import EMOTIONS
from realtime_micacl_ui import theme
from realtime_micacl_ui.theme import (
    DARK,
    EMOTION_COLOURS,
    INK,
    LIGHT,
    Letters,
    Scheme,
    font_scale,
    theme_for,
    theme_of,
    unit_for,
)

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


@pytest.mark.parametrize("word", EMOTIONS)
def test_names_and_headers_have_room_for_each_word(word: str) -> None:
    its = theme_of(13.5)
    assert its.name_px >= its.strong.width(word)
    assert its.lead_px >= its.lead.width(f"{word} 100 %")


def test_letters_of_another_size_keep_their_colours_and_can_be_read() -> None:
    light = theme_of(13.5, light=True)
    assert (light.scaled(2.0).unit, light.scaled(2.0).scheme) == (27.0, LIGHT)
    assert 4 < light.scaled(0.1).unit < 8
    assert light.dark.scheme is DARK


@pytest.mark.parametrize(
    ("look", "bright", "scheme"),
    [
        ("light", False, LIGHT),
        ("dark", True, DARK),
        ("auto", True, LIGHT),
        ("auto", False, DARK),
    ],
)
def test_the_look_is_what_was_asked_for_or_the_systems(
    look: str, bright: bool, scheme: Scheme, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = Qt.ColorScheme.Light if bright else Qt.ColorScheme.Dark
    hints = SimpleNamespace(colorScheme=lambda: system)
    monkeypatch.setattr(theme, "QApplication", SimpleNamespace(styleHints=lambda: hints, font=QFont))
    assert theme_for(*HD, look).scheme is scheme


def test_widths_are_measured_once_and_not_kept_for_ever() -> None:
    measured: list[str] = []
    metrics: Any = SimpleNamespace(horizontalAdvance=lambda text: measured.append(text) or 1.0)
    letters = Letters(QFont(), metrics)
    for text in ("happy", "sad", "happy"):
        letters.width(text)
    assert measured == ["happy", "sad"]
    for number in range(5000):
        letters.width(str(number))
    assert len(letters._widths) < 2500
