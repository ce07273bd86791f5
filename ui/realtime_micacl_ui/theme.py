"""Colours, fonts and lengths of the window; all lengths derive from one unit, the size of body text in px."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import floor

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QFont, QFontInfo, QFontMetricsF
from PyQt6.QtWidgets import QApplication

from realtime_micacl.palette import COLOURS
from realtime_micacl.types import State
from realtime_micacl_ui.texts import EMOTION_WORDS, say

INK = QColor("#1B1F24")
PANEL = QColor(27, 31, 36, 224)  # ink at 88 %
TEXT = QColor("#F4F6F8")
SOFT = QColor("#C3CBD4")
GREY = QColor("#9AA4AF")
GREEN = QColor("#7EE0A1")
AMBER = QColor("#FFC857")
RED = QColor("#FF8A80")
TRACK = QColor(255, 255, 255, 30)
EDGE = QColor(255, 255, 255, 28)

EMOTION_COLOURS = {name: QColor(colour) for name, colour in COLOURS.items()}
DIMMED = {  # how far the last picture is darkened, 0 to 255
    State.PAUSED: 90,
    State.STALLED: 150,
    State.RECONNECTING: 150,
    State.ENDED: 150,
    State.FAILED: 180,
}
MOST_WIDTHS = 1000
USUAL_PX = 12.5  # the usual text size of systems at 100 %


@dataclass(frozen=True, eq=False)
class Scheme:
    """The colours around the picture, dark or light; the colours of the emotions are the same in both."""

    ground: QColor
    panel: QColor
    text: QColor
    soft: QColor
    edge: QColor
    plate: QColor
    """The background of bars and ribbons."""
    levels: tuple[QColor, QColor, QColor]
    """Colours of a figure: within its limits, beyond the first, beyond the second."""
    states: Mapping[State, QColor]


DARK = Scheme(
    ground=INK,
    panel=PANEL,
    text=TEXT,
    soft=SOFT,
    edge=EDGE,
    plate=TRACK,
    levels=(SOFT, AMBER, RED),
    states={State.LIVE: GREEN, State.STALLED: AMBER, State.RECONNECTING: AMBER, State.FAILED: RED},
)
_BROWN, _BRICK = QColor("#7A4F00"), QColor("#A3201A")
LIGHT = Scheme(
    ground=QColor("#E6EAEE"),
    panel=QColor(250, 251, 252, 240),
    text=INK,
    soft=QColor("#46515C"),
    edge=QColor(0, 0, 0, 46),
    plate=QColor("#CDD5DC"),
    levels=(QColor("#46515C"), _BROWN, _BRICK),
    states={
        State.LIVE: QColor("#17793F"),
        State.STALLED: _BROWN,
        State.RECONNECTING: _BROWN,
        State.FAILED: _BRICK,
    },
)


@dataclass(frozen=True, eq=False)
class Letters:
    """A font with its metrics; widths are cached, as most words repeat in every picture."""

    font: QFont
    metrics: QFontMetricsF
    _widths: dict[str, float] = field(default_factory=dict)

    def width(self, text: str) -> float:
        """Return the width of `text` in px."""
        if text not in self._widths:
            if len(self._widths) >= MOST_WIDTHS:
                self._widths.clear()
            self._widths[text] = self.metrics.horizontalAdvance(text)
        return self._widths[text]

    def baseline(self, top: float, height: float) -> float:
        """Return the baseline that centres capitals in a row, on a whole pixel."""
        return floor(top + (height + self.metrics.capHeight()) / 2 + 0.5)  # `round` would make rows uneven


@dataclass(frozen=True, eq=False)
class Theme:
    """The fonts and lengths that belong to one `unit`."""

    unit: float
    scheme: Scheme
    body: Letters
    strong: Letters
    large: Letters
    header: Letters
    lead: Letters
    """For the word on a card, which should be legible from afar."""
    title: Letters
    name_px: float
    """Width of the longest emotion's name."""
    share_px: float
    """Width of the longest share, 100."""
    lead_px: float
    """Width of the longest header."""

    @property
    def dark(self) -> Theme:
        """The theme for what lies on the picture, which is always dark."""
        return theme_of(self.unit)

    def scaled(self, factor: float) -> Theme:
        """Return the same theme with letters of another size."""
        return theme_of(max(6.0, self.unit * factor), light=self.scheme is LIGHT)

    def px(self, units: float) -> int:
        """Return a length in whole px."""
        return round(units * self.unit)


def unit_for(width: int, height: int, scale: float) -> float:
    """Return the size of body text for a window: 13.5 px at 1280 x 720, and no more than fits."""
    wanted = max(11.0, 13.5 * min(height / 720, width / 760)) * scale
    return round(2 * max(6.0, min(wanted, height / 18, width / 26))) / 2


def font_scale(font: QFont) -> float:
    """Return how much larger than usual the system's text is, 1 to 3; small differences do not count."""
    scale = QFontInfo(font).pixelSize() / USUAL_PX
    return min(3.0, scale) if scale > 1.2 else 1.0


def theme_for(width: int, height: int, look: str) -> Theme:
    """Return the theme of a window, by its size, the system's text size and the `look` that was asked for."""
    hints = QApplication.styleHints()
    bright = hints is not None and hints.colorScheme() is Qt.ColorScheme.Light
    unit = unit_for(width, height, font_scale(QApplication.font()))
    return theme_of(unit, light=look == "light" or (look == "auto" and bright))


@lru_cache(maxsize=16)
def theme_of(unit: float, *, light: bool = False) -> Theme:
    """Return the theme of a `unit` in px, dark or light."""
    words = [say(word) for word in EMOTION_WORDS.values()]
    strong, header = _letters(unit, QFont.Weight.DemiBold), _letters(unit * 1.5, QFont.Weight.DemiBold)
    lead = _letters(unit * 1.75, QFont.Weight.DemiBold)
    return Theme(
        unit=unit,
        scheme=LIGHT if light else DARK,
        body=_letters(unit, QFont.Weight.Normal),
        strong=strong,
        large=_letters(unit * 1.3, QFont.Weight.Normal),
        header=header,
        lead=lead,
        title=_letters(unit * 2.1, QFont.Weight.DemiBold),
        name_px=max(strong.width(word) for word in words),
        share_px=strong.width("100"),
        lead_px=max(lead.width(f"{word} 100 %") for word in words) + unit + strong.width("9"),
    )


def _letters(size_px: float, weight: QFont.Weight) -> Letters:
    font = QFont()
    font.setPixelSize(max(1, round(size_px)))
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)  # digits of equal width, so that numbers do not jump
    return Letters(font, QFontMetricsF(font))
