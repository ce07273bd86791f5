"""The window over a running session: it pulls, it reacts to keys, and it closes by itself when it should."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import pytest
from PyQt6.QtCore import QEvent, QPointF, QSize, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from realtime_micacl.errors import EngineError, MicaclError, SourceError, StageFailed
from realtime_micacl.live.session import LiveSession
from realtime_micacl.testing import IMAGE, Conduct, FakeCamera, FakeRecognizer, FakeStages, shares
from realtime_micacl.types import Bag, EmotionDistribution, Frame, Retry, State
from realtime_micacl_ui import canvas
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.timeline import parts
from realtime_micacl_ui.watch import LINGER_S
from realtime_micacl_ui.window import LiveWindow, Options, show

pytestmark = pytest.mark.usefixtures("qapp")


camera = partial(FakeCamera, rate_hz=60)


def session(source: Iterable[Frame | Retry], stages: FakeStages | None = None, *, holds: bool = False) -> LiveSession:
    return LiveSession(source, *(stages or FakeStages()).openers, holds=holds)


class Script:
    """Does one thing after the other in a shown window, each as soon as it may; closes it at the end."""

    def __init__(self, *steps: Callable[[LiveWindow], bool | None], limit_s: float = 8) -> None:
        self.steps, self.until_s = list(steps), time.monotonic() + limit_s
        self.window: LiveWindow | None = None

    def __call__(self, window: LiveWindow) -> None:
        self.window = window
        assert time.monotonic() < self.until_s, f"{len(self.steps)} steps are left"
        if self.steps and self.steps[0](window) is not False:
            self.steps.pop(0)
        if not self.steps:
            window.close()


def reading_shown(window: LiveWindow) -> bool:
    return any(window.view.reading(face) for face in window.view.faces)


def test_it_shows_readings_and_measures_itself() -> None:
    until_s = time.monotonic() + 1.2
    script = Script(reading_shown, lambda w: time.monotonic() > until_s)
    with session(FakeCamera(rate_hz=30)) as running:
        show(running, source_name="camera 0", on_tick=script)
        assert running.stopping
    window = script.window
    assert window is not None
    assert window.first_picture_s is not None
    analysed, painted = running.meters["perceive"].count, window.meters["latency"].count
    assert analysed > 20
    assert painted > 0.8 * analysed
    assert window.meters["paint"].count >= painted
    assert window.meters["latency"].percentile_ms(50) < 100
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


def test_it_closes_a_little_after_the_source_ended() -> None:
    states = set()
    with session(camera(frames=20)) as running:
        show(running, source_name="clip.mp4", on_tick=lambda window: states.add(window.view.state))
        ended_s = time.monotonic()
    assert {State.LIVE, State.ENDED} <= states
    assert 1.4 < ended_s - running.started_s < 3.5


def test_a_failure_is_shown_and_then_it_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LINGER_S, State.FAILED, 0.4)
    views = []
    with (
        pytest.raises(SourceError, match="boom"),
        session(camera(frames=10, error=SourceError("boom"))) as running,
    ):
        show(running, source_name="x", on_tick=lambda window: views.append(window.view))
    assert views[-1].state is State.FAILED
    assert "boom" in views[-1].detail


def test_any_key_closes_a_failed_window(qtbot: QtBot) -> None:
    def failed(window: LiveWindow) -> bool:
        return window.view.state is State.FAILED

    def press(window: LiveWindow) -> None:
        qtbot.keyClick(window, Qt.Key.Key_X)
        assert not window.isVisible()

    start_s = time.monotonic()
    with (
        pytest.raises(SourceError, match="boom"),
        session(camera(frames=5, error=SourceError("boom"))) as running,
    ):
        show(running, source_name="x", on_tick=Script(failed, press))
    assert time.monotonic() - start_s < 2


@pytest.mark.parametrize("fault", ["source", "engine"])
def test_a_failure_before_the_first_scene_closes_at_once(fault: str) -> None:
    stages = FakeStages(perceive=Conduct(refuses=EngineError("no engine") if fault == "engine" else None))
    source = camera(frames=0, error=SourceError("no camera 7")) if fault == "source" else camera()
    start_s = time.monotonic()
    with pytest.raises(MicaclError, match="no "), session(source, stages) as running:
        show(running, source_name="x")
    assert time.monotonic() - start_s < 1.2


def test_a_stop_from_outside_closes_at_once() -> None:
    asked_s: list[float] = []

    def stop(window: LiveWindow) -> bool:
        if not asked_s:
            asked_s.append(time.monotonic())
            running.stop()
        return False

    with session(camera()) as running:
        show(running, source_name="x", on_tick=Script(reading_shown, stop))
        assert time.monotonic() - asked_s[0] < 0.3


def test_a_stop_closes_even_while_the_source_blocks() -> None:
    release = threading.Event()

    def stuck() -> Iterator[Frame | Retry]:
        yield Frame(IMAGE, time.monotonic(), 0)
        release.wait(5)

    with session(stuck()) as running:
        start_s = time.monotonic()
        show(running, source_name="x", on_tick=Script(reading_shown, lambda w: running.stop()))
        assert time.monotonic() - start_s < 1.5
        release.set()


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, None])
def test_escape_and_closing_the_window_stop_the_session(qtbot: QtBot, key: Qt.Key | None) -> None:
    def leave(window: LiveWindow) -> None:
        if key is None:
            window.close()
        else:
            qtbot.keyClick(window, key)

    with session(camera()) as running:
        show(running, source_name="x", on_tick=Script(reading_shown, leave))
        assert running.stopping


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


def test_a_hanging_analysis_is_started_again() -> None:
    stages = FakeStages(perceive=Conduct(hangs=(10,)))

    def started_again(window: LiveWindow) -> bool:
        return running.look().failures["perceive"] == 1 and stages.perceive.calls > 20

    def calm(window: LiveWindow) -> None:
        assert window.view.state is State.LIVE
        stages.perceive.release.set()

    with session(camera(), stages) as running:
        show(running, source_name="x", on_tick=Script(reading_shown, started_again, calm, reading_shown))


def test_an_analysis_that_fails_for_good_leaves_the_picture_live() -> None:
    frames = []

    def broken(window: LiveWindow) -> bool:
        assert not (window.view.state is State.FAILED and reading_shown(window))
        return window.view.state is State.FAILED

    def goes_on(window: LiveWindow) -> bool:
        assert window.view.title == "The analysis has stopped"
        assert "boom" in window.view.detail
        frames.append(window.view.frame)
        return len(set(frames)) > 20

    with (
        pytest.raises(StageFailed, match="boom"),
        session(camera(), FakeStages(perceive=Conduct(raises_from=10))) as running,
    ):
        show(running, source_name="x", on_tick=Script(reading_shown, broken, goes_on, limit_s=20))


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


def test_a_fault_of_the_window_itself_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("pixels")

    monkeypatch.setattr(canvas, "paint", broken)
    with (
        pytest.raises(StageFailed, match="the window failed: ZeroDivisionError: pixels"),
        session(camera()) as running,
    ):
        show(running, source_name="x")


def test_a_window_can_be_shown_again() -> None:
    for _ in range(3):
        with session(camera()) as running:
            show(running, source_name="x", on_tick=Script(reading_shown))
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
