"""When a window closes by itself, at a key and from outside, and what it says of failures until then."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from realtime_micacl.errors import EngineError, MicaclError, SourceError, StageFailed
from realtime_micacl.testing import IMAGE, Conduct, FakeStages
from realtime_micacl.types import Frame, Retry, State
from realtime_micacl_ui import canvas
from realtime_micacl_ui.watch import LINGER_S
from realtime_micacl_ui.window import LiveWindow, show
from tests.integration.live_window import Script, camera, reading_shown, session

pytestmark = pytest.mark.usefixtures("qapp")


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


def test_a_fault_of_the_window_itself_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("pixels")

    monkeypatch.setattr(canvas, "paint", broken)
    with (
        pytest.raises(StageFailed, match="the window failed: ZeroDivisionError: pixels"),
        session(camera()) as running,
    ):
        show(running, source_name="x")
