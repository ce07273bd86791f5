"""The window over a running session: it pulls, it reacts to keys, and it closes by itself when it should."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPointF, QSize, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from realtime_micacl.errors import EngineError, MicaclError, SourceError, StageFailed
from realtime_micacl.live.session import LiveSession
from realtime_micacl.types import U8, Bag, EmotionDistribution, Face, Frame, Quality, Retry, Scene, State
from realtime_micacl_ui import canvas
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.timeline import parts
from realtime_micacl_ui.watch import LINGER_S
from realtime_micacl_ui.window import LiveWindow, Options, show

pytestmark = pytest.mark.usefixtures("qapp")


def blank() -> U8:
    image = np.full((90, 160, 3), 60, np.uint8)
    image.flags.writeable = False
    return image


IMAGE = blank()
CROPS = np.zeros((4, 4, 1, 1, 3), np.uint8)
SHARES = np.array((0.70, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05), np.float32)


def camera(rate_hz: float = 60, n: int | None = None, error: MicaclError | None = None) -> Iterator[Frame | Retry]:
    index = 0
    while n is None or index < n:
        yield Frame(IMAGE, time.monotonic(), index)
        index += 1
        time.sleep(1 / rate_hz)
    if error:
        raise error


class Seer:
    """Sees one live face in every frame; may take long to open, hang or fail."""

    def __init__(self, opens_s: float = 0, hangs_at: int = -1, fails_from: int = 1 << 30) -> None:
        time.sleep(opens_s)
        self.hangs_at, self.fails_from, self.seen = hangs_at, fails_from, 0
        self.free = threading.Event()

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        self.seen += 1
        if self.seen == self.hangs_at:
            self.free.wait(5)
        if self.seen >= self.fails_from:
            raise ValueError("boom")
        box = np.array([20, 20, 60, 60], np.float32)
        face = Face(1, box, IMAGE, 0.9, Quality(1.0), State.LIVE, 1.0)
        return Scene(frame.time_s, frame, (face,), State.LIVE), (
            Bag(1, frame.index, CROPS, frame.time_s, frame.time_s, 1.0, 1.0),
        )

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        return tuple(EmotionDistribution(b.track_id, b.end_s, SHARES, SHARES[:4], "happy", 1.0, 1.0) for b in bags)

    def close(self) -> None:
        pass


def session(
    source: Iterator[Frame | Retry], open_seer: Callable[[], Seer] = Seer, *, holds: bool = False
) -> LiveSession:
    return LiveSession(source, open_seer, Seer, holds=holds)


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
    with session(camera(30)) as running:
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

    with session(camera(), lambda: Seer(opens_s=0.6)) as running:
        show(running, source_name="x", on_tick=Script(raw, reading_shown))


def test_nothing_is_painted_while_nothing_changes() -> None:
    counts: list[int] = []

    def paused(window: LiveWindow) -> bool:
        running.paused = True
        return window.view.state is State.PAUSED

    def still(window: LiveWindow) -> bool:
        counts.append(window.meters["paint"].count)
        return len(counts) > 100

    with session(camera(60, n=20), holds=True) as running:
        show(running, source_name="x", on_tick=Script(reading_shown, paused, still))
    assert counts[-1] - counts[0] <= 6, "figures twice a second, nothing else"


def test_it_closes_a_little_after_the_source_ended() -> None:
    states = set()
    with session(camera(n=20)) as running:
        show(running, source_name="clip.mp4", on_tick=lambda window: states.add(window.view.state))
        ended_s = time.monotonic()
    assert {State.LIVE, State.ENDED} <= states
    assert 1.4 < ended_s - running.started_s < 3.5


def test_a_failure_is_shown_and_then_it_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LINGER_S, State.FAILED, 0.4)
    views = []
    with pytest.raises(SourceError, match="boom"), session(camera(n=10, error=SourceError("boom"))) as running:
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
    with pytest.raises(SourceError, match="boom"), session(camera(n=5, error=SourceError("boom"))) as running:
        show(running, source_name="x", on_tick=Script(failed, press))
    assert time.monotonic() - start_s < 2


@pytest.mark.parametrize("fault", ["source", "engine"])
def test_a_failure_before_the_first_scene_closes_at_once(fault: str) -> None:
    def broken() -> Seer:
        raise EngineError("no engine")

    source = camera(n=0, error=SourceError("no camera 7")) if fault == "source" else camera()
    start_s = time.monotonic()
    with pytest.raises(MicaclError, match="no "), session(source, broken if fault == "engine" else Seer) as running:
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


class Fickle(Seer):
    """Reads happy and fear in turn, ten readings each."""

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        self.seen += 1
        p = SHARES if self.seen % 20 < 10 else SHARES[::-1]
        return tuple(replace(reading, probabilities=p) for reading in super().recognize(bags))


@pytest.mark.parametrize("reduced", [False, True])
def test_bars_glide_between_readings_and_jump_where_motion_is_reduced(reduced: bool) -> None:
    seen: set[tuple[float, ...]] = set()
    until_s = time.monotonic() + 1.5

    def watch(window: LiveWindow) -> bool:
        seen.update(window.view.bars.values())
        return time.monotonic() > until_s

    with LiveSession(camera(30), Seer, Fickle) as running:
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
    seer = Seer(hangs_at=10)

    def started_again(window: LiveWindow) -> bool:
        return running.look().failures["perceive"] == 1 and seer.seen > 20

    def calm(window: LiveWindow) -> None:
        assert window.view.state is State.LIVE
        seer.free.set()

    with session(camera(), lambda: seer) as running:
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

    with pytest.raises(StageFailed, match="boom"), session(camera(), lambda: Seer(fails_from=10)) as running:
        show(running, source_name="x", on_tick=Script(reading_shown, broken, goes_on, limit_s=20))


def test_a_lost_source_is_said_with_its_attempt() -> None:
    def lost() -> Iterator[Frame | Retry]:
        yield from camera(n=10)
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
    with pytest.raises(StageFailed, match="the window failed: ZeroDivisionError: pixels"), session(camera()) as running:
        show(running, source_name="x")


def test_a_window_can_be_shown_again() -> None:
    for _ in range(3):
        with session(camera()) as running:
            show(running, source_name="x", on_tick=Script(reading_shown))
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]
