"""The part of the panel that turns and cuts the picture, and asks a camera for more."""

from __future__ import annotations

from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from realtime_micacl.live.sources.framing import WHOLE, Framer, Framing
from realtime_micacl_ui.framing import FramingControls
from realtime_micacl_ui.panel import Panel


@pytest.fixture
def framer() -> Framer:
    return Framer(Framing(turn=90, region=(0.25, 0.0, 0.5, 1.0)))


@pytest.fixture
def panel(qtbot: QtBot, framer: Framer) -> Panel:
    parent = QWidget()
    qtbot.addWidget(parent)
    made = Panel(parent, None, framer)
    made.window_of_the_test = parent  # type: ignore[attr-defined]  # it would go, and the panel with it
    return made


def choose(box: Any, value: object) -> None:
    box.setCurrentIndex(next(n for n in range(box.count()) if box.itemData(n) == value))
    box.activated.emit(box.currentIndex())


def written(controls: FramingControls, text: str) -> None:
    controls.region.setText(text)
    controls.region.editingFinished.emit()


def test_it_begins_with_what_was_asked_for(panel: Panel, framer: Framer) -> None:
    before = framer.now
    assert panel.framing.turn.currentData() == 90
    assert panel.framing.region.text() == "25, 0, 50, 100"
    assert framer.now is before, "showing it changes nothing"


def test_turn_and_part_are_swapped_in_at_once(panel: Panel, framer: Framer) -> None:
    choose(panel.framing.turn, 180)
    written(panel.framing, "10 20, 30% 40 %")
    assert framer.now == Framing(turn=180, region=(0.1, 0.2, 0.3, 0.4))
    written(panel.framing, " ")
    assert framer.now.region == WHOLE


@pytest.mark.parametrize("wrong", ["1, 2, 3", "60, 0, 60, 100", "a, b, c, d", "0, 0, 0, 100"])
def test_what_is_no_part_is_said_and_changes_nothing(panel: Panel, framer: Framer, wrong: str) -> None:
    before = framer.now
    written(panel.framing, wrong)
    assert framer.now is before
    assert not panel.framing.fault.isHidden()
    written(panel.framing, "0, 0, 50, 50")
    assert panel.framing.fault.isHidden()


@pytest.mark.parametrize("camera", [True, False])
def test_a_camera_is_opened_anew_for_another_size_or_rate(panel: Panel, framer: Framer, camera: bool) -> None:
    asked: list[object] = []
    panel.source_asked.connect(asked.append)
    framer.of_camera = camera
    choose(panel.framing.size, (1920, 1080))
    choose(panel.framing.rate, 60.0)
    assert (framer.now.size, framer.now.fps) == ((1920, 1080), 60.0)
    assert asked == ([None, None] if camera else [])


def test_a_source_that_is_refused_is_told_as_it_was_typed_and_to_whoever_only_hears(panel: Panel) -> None:
    panel.ask("<b>none</b>.mp4")
    assert panel.fault.text() == panel.address.accessibleDescription()
    assert panel.fault.text().startswith("no file at <b>none</b>.mp4")
    assert panel.fault.textFormat() is Qt.TextFormat.PlainText
    panel.ask("synthetic")
    assert panel.address.accessibleDescription() == ""
