"""The window over a running session: it pulls, it reacts to keys, and it closes by itself when it should."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import pytest
from PyQt6.QtCore import QEvent, QPointF, QSize, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from realtime_micacl.live.session import LiveSession
from realtime_micacl.testing import Conduct, FakeCamera, FakeRecognizer, FakeStages, shares
from realtime_micacl.types import Bag, EmotionDistribution, Frame, Retry, State
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.timeline import parts
from realtime_micacl_ui.window import LiveWindow, Options, show
from tests.integration.live_window import Script, camera, reading_shown, session

pytestmark = pytest.mark.usefixtures("qapp")


def test_it_shows_readings_and_measures_itself() -> None:
    script = Script(reading_shown, lambda w: w.meters["latency"].count > 20)
    with session(FakeCamera(rate_hz=30)) as running:
        show(running, source_name="camera 0", on_tick=script)
        assert running.stopping
    window = script.window
    assert window is not None
    assert window.first_picture_s is not None
    assert window.meters["paint"].count >= window.meters["latency"].count
    assert window.meters["latency"].percentile_ms(50) > 0
    assert window.windowTitle() == "realtime-micacl - camera 0"
    assert window.accessibleDescription().startswith("live; face 1: happy")
    assert [figure.label for figure in window.view.figures] == ["capture", "analysis", "painted", "latency", "drops"]


def test_the_picture_is_there_before_the_analysis() -> None:
    def raw(window: LiveWindow) -> bool:
        return window.first_picture_s is not None and window.view.state is State.STARTING

    with session(camera(), FakeStages(perceive=Conduct(opens_s=0.6))) as running:
        show(running, source_name="x", on_tick=Script(raw, reading_shown))


def test_nothing_is_painted_while_nothing_changes() -> None:
    counts: list[int] = []

    def paused(window: LiveWindow) -> bool:
        running.paused = True
        return window.view.state is State.PAUSED

    def still(window: LiveWindow) -> bool:
        counts.append(window.meters["paint"].count)
        return len(counts) > 100

    with session(camera(frames=20), holds=True) as running:
        show(running, source_name="x", on_tick=Script(reading_shown, paused, still))
    assert counts[-1] - counts[0] <= 6, "figures twice a second, nothing else"


def test_keys(qtbot: QtBot) -> None:
    def press(key: Qt.Key, then: Callable[[LiveWindow], bool]) -> tuple[Callable[[LiveWindow], bool | None], ...]:
        return lambda w: qtbot.keyClick(w, key), then

    with session(camera()) as running:
        steps = (
            *press(Qt.Key.Key_Space, lambda w: running.paused and w.view.state is State.PAUSED),
            *press(Qt.Key.Key_Space, lambda w: not running.paused and reading_shown(w)),
            *press(Qt.Key.Key_O, lambda w: not w.view.overlay),
            *press(Qt.Key.Key_H, lambda w: not w.view.hud),
            *press(Qt.Key.Key_T, lambda w: not w.view.timeline),
            *press(Qt.Key.Key_M, lambda w: [marker.number for marker in w.view.markers] == [1]),
            *press(Qt.Key.Key_Question, lambda w: w.view.help),
            *press(Qt.Key.Key_1, lambda w: w.view.selected == 1),
            *press(Qt.Key.Key_0, lambda w: w.view.selected is None),
            *press(Qt.Key.Key_F11, lambda w: w.isFullScreen()),
            *press(Qt.Key.Key_F11, lambda w: not w.isFullScreen()),
            lambda w: qtbot.keyClick(w, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier),
            lambda w: not w.view.overlay,
        )
        show(running, source_name="x", on_tick=Script(*steps))


def test_the_timeline_grows_and_gives_figures_where_the_mouse_is() -> None:
    def grown(window: LiveWindow) -> bool:
        followed = window.view.followed
        return followed in window.view.pasts and len(window.view.pasts[followed].times_s) > 10

    def move(window: LiveWindow) -> None:
        at = parts(window.view, theme_of(unit_for(window.width(), window.height(), 1.0)), (1280, 720))
        assert at is not None
        for point, asks in ((at.ribbon.center(), True), (QPointF(5, 5), False), (at.ribbon.center(), True)):
            kind = QEvent.Type.MouseMove
            none = Qt.MouseButton.NoButton
            window.mouseMoveEvent(QMouseEvent(kind, point, point, none, none, Qt.KeyboardModifier.NoModifier))
            assert (window.view.pointer is not None) is asks
        window.leaveEvent(None)
        assert window.view.pointer is None

    with session(camera()) as running:
        show(running, source_name="x", on_tick=Script(grown, lambda w: w.resize(1280, 720), move))


class Fickle(FakeRecognizer):
    """Reads happy and neutral in turn, ten readings each."""

    read = 0

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        self.read += 1
        found = shares("happy" if self.read % 20 < 10 else "neutral")
        return tuple(replace(reading, probabilities=found) for reading in super().recognize(bags))


@pytest.mark.parametrize("reduced", [False, True])
def test_bars_glide_between_readings_and_jump_where_motion_is_reduced(reduced: bool) -> None:
    seen: set[tuple[float, ...]] = set()
    until_s = time.monotonic() + 1.5

    def watch(window: LiveWindow) -> bool:
        seen.update(window.view.bars.values())
        return time.monotonic() > until_s

    stages = FakeStages()
    with LiveSession(FakeCamera(rate_hz=30), stages.openers.perceiver, lambda: Fickle(stages)) as running:
        show(running, source_name="x", on_tick=Script(watch), options=Options(reduced_motion=reduced))
    assert (len(seen) <= 2) is reduced
    assert all(0.049 <= bars[0] <= 0.701 for bars in seen)


@pytest.mark.parametrize(("look", "light"), [("light", True), ("dark", False)])
def test_the_surroundings_are_as_asked(look: Literal["light", "dark"], light: bool) -> None:
    shots: list[int] = []

    def shoot(window: LiveWindow) -> bool:
        window.resize(400, 700)
        shots.append(window.grab().toImage().pixelColor(395, 345).lightness())
        return window.size() == QSize(400, 700) and len(shots) > 3

    with session(camera()) as running:
        show(running, source_name="x", on_tick=Script(reading_shown, shoot), options=Options(look=look))
    assert (shots[-1] > 128) is light


def test_a_lost_source_is_said_with_its_attempt() -> None:
    def lost() -> Iterator[Frame | Retry]:
        yield from camera(frames=10)
        for _ in range(200):
            yield Retry(3, 0.0, "camera 0 is gone")
            time.sleep(0.01)

    def reconnecting(window: LiveWindow) -> bool:
        return window.view.state is State.RECONNECTING and window.view.attempt == 3

    def calm(window: LiveWindow) -> bool:
        assert not reading_shown(window)
        drops = window.view.figures[-1]
        return (drops.value, drops.level) == ("0.0", 0)

    with session(lost()) as running:
        show(running, source_name="camera 0", on_tick=Script(reading_shown, reconnecting, calm))


def test_a_window_can_be_shown_again() -> None:
    for _ in range(3):
        with session(camera()) as running:
            show(running, source_name="x", on_tick=Script(reading_shown))
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
