"""Buttons, panel and recording, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt, QTimer
from PyQt6.QtGui import QWheelEvent
from PyQt6.QtWidgets import QAbstractButton, QApplication, QComboBox, QFileDialog, QLineEdit, QSlider, QToolButton
from pytestqt.qtbot import QtBot

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import offline, openers
from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import EmotionDistribution, State
from realtime_micacl_ui import controls
from realtime_micacl_ui.window import LiveWindow, Options
from tests.integration.live_window import buttons, shown

pytestmark = pytest.mark.usefixtures("qapp")


def test_every_control_has_a_name_and_every_button_says_its_key() -> None:
    def check(window: LiveWindow) -> None:
        window.act("s")
        controls = [*buttons(window).values(), *window._controls.panel.findChildren((QComboBox, QLineEdit, QSlider))]
        assert len(controls) == 9 + 5
        assert all(control.accessibleName() for control in controls)
        assert all(button.toolTip().endswith(")") for button in buttons(window).values())
        ticks = window._controls.panel.findChildren(QAbstractButton)
        assert all(tick.text() for tick in ticks)

    shown(lambda w: w._controls.bar.isVisible(), check)


@pytest.mark.parametrize("look", ["dark", "light"])
def test_the_focus_is_seen(look: Literal["dark", "light"]) -> None:
    def check(window: LiveWindow) -> None:
        window.act("s")
        panel = window._controls.panel
        controls = [*buttons(window).values(), panel.sources, panel.address, panel.smoothing, panel.boxes["hud"]]
        ink = window.theme().scheme.text.rgb()
        for control in controls:
            edges = []
            for focus in (True, False):
                control.setFocus() if focus else window.setFocus()
                QApplication.processEvents()
                image = control.grab().toImage()
                along = [image.pixel(x, 1) for x in range(image.width() // 4, 3 * image.width() // 4)]
                edges.append(sum(pixel == ink for pixel in along) / len(along))
            assert edges[0] > 0.9 > 0.1 > edges[1], control.accessibleName()

    options = Options(look=look, recorder=Recorder(Clock(), 4), tuned=Tuned(Tuning(0.3, 0.45)))
    shown(lambda w: w._controls.bar.isVisible(), check, options=options)


def test_the_bar_goes_by_itself_and_comes_with_tab(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "AWAKE_S", 0.3)
    shown(
        lambda w: w._controls.bar.isVisible(),
        lambda w: not w._controls.bar.isVisible() and w.view.controls is None,
        lambda w: qtbot.keyClick(w, Qt.Key.Key_Tab),
        lambda w: w._controls.bar.isVisible() and w.view.controls is not None,
        lambda w: isinstance(QApplication.focusWidget(), QToolButton),
        lambda w: qtbot.wait(500),
        lambda w: w._controls.bar.isVisible(),
    )


def test_the_neutral_face_is_asked_for_by_key_and_by_button(qtbot: QtBot) -> None:
    tuned = Tuned(Tuning(0.3, 0.45))
    shown(
        lambda w: bool(w.view.readings),
        lambda w: w.act("b"),
        lambda w: w.view.notice == "Keep a neutral face for 5\u00a0s",
        lambda w: qtbot.mouseClick(buttons(w)["Set the neutral face"], Qt.MouseButton.LeftButton),
        lambda w: w.view.notice == "The neutral face is dropped",
        options=Options(tuned=tuned),
    )
    assert tuned.now.baseline.number == 2


def test_a_button_does_what_its_key_does(qtbot: QtBot) -> None:
    def click(name: str) -> Callable[[LiveWindow], object]:
        return lambda w: qtbot.mouseClick(buttons(w)[name], Qt.MouseButton.LeftButton)

    shown(
        lambda w: w._controls.bar.isVisible(),
        click("Pause"),
        lambda w: w.view.state is State.PAUSED and "Resume" in buttons(w),
        click("Resume"),
        lambda w: w.view.state is State.LIVE,
        click("Blur or hide the picture"),
        lambda w: w.view.privacy == "blurred",
        click("Hide the timeline"),
        lambda w: not w.view.timeline and "Show the timeline" in buttons(w),
        click("Set a marker"),
        lambda w: len(w.view.markers) == 1,
        click("Help"),
        lambda w: w.view.help,
        lambda w: qtbot.keyClick(w, Qt.Key.Key_Escape),
        lambda w: not w.view.help and w.isVisible(),
    )


def test_numbers_are_recorded_with_their_markers(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = tmp_path / "Dr. Meyer"  # a point begins no ending
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(chosen), ""))
    options = Options(recorder=Recorder(Clock(), 4))
    file = tmp_path / "Dr. Meyer.csv"
    shown(
        lambda w: qtbot.keyClick(w, Qt.Key.Key_R),
        lambda w: w.view.recording.startswith("REC 0:0"),
        lambda w: qtbot.keyClick(w, Qt.Key.Key_M),
        lambda w: file.read_text().count("happy,0.7") > 3,
        lambda w: qtbot.keyClick(w, Qt.Key.Key_R),
        lambda w: not w.view.recording,
        lambda w: qtbot.keyClick(w, Qt.Key.Key_R),
        lambda w: "exists" in w.view.notice and not w.view.recording,
        options=options,
    )
    assert ",marker,1," in file.read_text()
    assert sorted(tmp_path.iterdir()) == [file]


def test_the_name_that_is_proposed_for_a_recording_is_not_that_of_one_a_second_ago(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments, asked = iter([datetime(2026, 11, 30, 9, 0, 5), datetime(2026, 11, 30, 9, 0, 6)]), set[str]()
    monkeypatch.setattr(controls, "datetime", SimpleNamespace(now=lambda: next(moments)))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *words, **_: (asked.add(words[2]) or "", ""))
    recorder = Recorder(Clock(), 4)
    shown(*[lambda w: qtbot.keyClick(w, Qt.Key.Key_R)] * 2, options=Options(recorder=recorder))
    assert len(asked) == 2


def test_an_end_does_not_wait_for_who_names_a_file(qtbot: QtBot) -> None:
    asked: list[QFileDialog] = []

    def end(window: LiveWindow) -> None:
        asked.extend(window.findChildren(QFileDialog))
        window.close()

    def name(window: LiveWindow) -> None:
        QTimer.singleShot(200, lambda: end(window))
        qtbot.keyClick(window, Qt.Key.Key_R)  # comes back once the dialog is gone

    window = shown(name)
    assert len(asked) == 1 and not window.view.recording


def test_the_panel_tunes_the_readings(qtbot: QtBot) -> None:
    tuned = Tuned(Tuning(0.3, 0.45))

    def tune(window: LiveWindow) -> None:
        panel = window._controls.panel
        panel.smoothing.setFocus()
        qtbot.keyClick(panel.smoothing, Qt.Key.Key_Home)
        for _ in range(3):
            qtbot.keyClick(panel.abstaining, Qt.Key.Key_Right)
        for name in ("mixtures", "calm", "hud"):
            qtbot.keyClick(panel.boxes[name], Qt.Key.Key_Space)
        for _ in range(2):
            qtbot.keyClick(panel.veil, Qt.Key.Key_Down)

    shown(
        lambda w: qtbot.keyClick(w, Qt.Key.Key_S),
        lambda w: w._controls.busy,
        tune,
        lambda w: w.view.mixtures and w._reduced and not w.view.hud and w.view.privacy == "points",
        lambda w: qtbot.keyClick(w, Qt.Key.Key_Escape),
        lambda w: not w._controls.busy and w.isVisible(),
        options=Options(tuned=tuned),
    )
    assert tuned.now.smoothing_s == 0.0
    assert tuned.now.abstain_below == pytest.approx(0.48)


def test_a_slider_speaks_only_when_a_person_moves_it(qtbot: QtBot) -> None:
    """Values between two steps stay as they are, whatever is opened, scrolled or shown."""
    before = Tuning(0.1523, 0.6205)
    tuned = Tuned(before)
    moved: list[Tuning] = []

    def turn_the_wheel(window: LiveWindow) -> None:
        for control in (
            window._controls.panel.smoothing,
            window._controls.panel.abstaining,
            window._controls.panel.veil,
        ):
            at = QPointF(5, 5)
            none, no_phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
            turn = QPoint(0, 120)
            keys = Qt.KeyboardModifier.NoModifier
            QApplication.sendEvent(control, QWheelEvent(at, at, turn, turn, none, keys, no_phase, False))
        moved.append(tuned.now)

    def check(window: LiveWindow) -> None:
        panel = window._controls.panel
        assert panel.smoothing.accessibleName() == "Smoothed over 0.15\u00a0s"
        assert panel.abstaining.accessibleName() == "Unsure below 62\u00a0%"
        assert window.view.privacy == "clear"

    shown(
        lambda w: qtbot.keyClick(w, Qt.Key.Key_S),
        lambda w: w._controls.busy,
        turn_the_wheel,
        check,
        lambda w: qtbot.keyClick(w._controls.panel.smoothing, Qt.Key.Key_Right),
        options=Options(tuned=tuned),
    )
    assert moved == [before]
    assert tuned.now == Tuning(0.2, 0.6205), "one slider moves one value"


def test_readings_are_the_same_with_a_window_and_without(qtbot: QtBot, clips: Path) -> None:
    folder, sidecar = read_sidecar(default_engine())
    plain = Tuned(Tuning(0.1523, sidecar.calibration.abstain_below))
    behind_a_window = Tuned(plain.now)
    shown(
        lambda w: qtbot.keyClick(w, Qt.Key.Key_S),
        lambda w: w._controls.busy,
        lambda w: qtbot.keyClick(w, Qt.Key.Key_Escape),
        options=Options(tuned=behind_a_window),
    )
    read = []
    for tuned in (plain, behind_a_window):
        perceiver, recognizer = (opens() for opens in openers(Settings(), folder, sidecar, tuned))
        frames = islice(read_file(clips / "one_face_720p.mp4"), 60)
        with closing(perceiver), closing(recognizer):
            found = list(offline(frames, perceiver, recognizer))
        read.append([(r.emotion, r.probabilities.tolist()) for r in found if isinstance(r, EmotionDistribution)])
    assert len(read[0]) > 5
    assert read[0] == read[1]
