"""The part of the panel that rotates and crops the picture, and asks a camera for another size or rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PyQt6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.framing import TURNS, WHOLE, Framer, Region, checked_region
from realtime_micacl_ui import texts
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.widgets import Choice

SIZES = (None, (640, 480), (1280, 720), (1920, 1080))
RATES = (None, 15.0, 30.0, 60.0)


class FramingControls:
    """Adds its controls to a column. Choices take effect at once; for those of a camera `reopen` is called."""

    def __init__(self, column: QVBoxLayout, framer: Framer, reopen: Callable[[], None]) -> None:
        self._framer, self._reopen = framer, reopen
        self.turn = self._choice(
            texts.TURN, {n: say(texts.TURNED, degrees=n) if n else say(texts.UPRIGHT) for n in TURNS}
        )
        self.size = self._choice(
            texts.CAMERA_SIZE, {one: f"{one[0]} x {one[1]}" if one else say(texts.ANY_SIZE) for one in SIZES}
        )
        self.rate = self._choice(
            texts.CAMERA_RATE, {one: say(texts.RATE, hz=f"{one:g}") if one else say(texts.ANY_RATE) for one in RATES}
        )
        now = framer.now
        for choice, value in ((self.turn, now.turn), (self.size, now.size), (self.rate, now.fps)):
            place = next((n for n in range(choice.count()) if choice.itemData(n) == value), -1)
            choice.setCurrentIndex(place)
        self.turn.activated.connect(lambda _: self._swap(turn=self.turn.currentData()))
        self.size.activated.connect(lambda _: self._swap(size=self.size.currentData(), reopens=True))
        self.rate.activated.connect(lambda _: self._swap(fps=self.rate.currentData(), reopens=True))
        self.region = QLineEdit(_percents(now.region))
        self.region.setPlaceholderText(say(texts.PART))
        self.region.setAccessibleName(say(texts.REGION))
        self.region.setToolTip(say(texts.REGION))
        self.region.editingFinished.connect(self._cut)
        self.fault = QLabel()
        self.fault.setObjectName("fault")
        self.fault.setWordWrap(True)
        self.fault.hide()
        for pair in ((self.turn, self.region), (self.size, self.rate)):
            line = QHBoxLayout()
            for widget in pair:
                line.addWidget(widget, 1)
            column.addLayout(line)
        column.addWidget(self.fault)

    def _choice(self, name: str, words: dict[Any, str]) -> Choice:
        choice = Choice()
        choice.setAccessibleName(say(name))
        choice.setToolTip(say(name))
        choice.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for value, word in words.items():
            choice.addItem(word, value)
        return choice

    def _swap(self, *, reopens: bool = False, **chosen: Any) -> None:
        self._framer.now = replace(self._framer.now, **chosen)
        if reopens and self._framer.of_camera:
            self._reopen()

    def _cut(self) -> None:
        """Crop to the part that was entered, or show what is wrong with it."""
        try:
            self._swap(region=_region(self.region.text()))
        except ConfigError:
            self.fault.setText(say(texts.NO_REGION))
            self.fault.show()
        else:
            self.fault.hide()


def _region(text: str) -> Region:
    """Parse left, top, width and height in percent; return them as shares, for no text the whole picture."""
    words = text.replace("%", " ").replace(",", " ").split()
    if not words:
        return WHOLE
    try:
        left, top, width, height = (float(word) / 100 for word in words)
    except ValueError:
        raise ConfigError("expected four numbers in percent") from None
    return checked_region((left, top, width, height))


def _percents(region: Region) -> str:
    return "" if region == WHOLE else ", ".join(f"{100 * share:g}" for share in region)
