"""A session whose source is silent, late, lost or paused."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from realtime_micacl.live.sources.items import Pending
from realtime_micacl.testing import IMAGE, FakeCamera
from realtime_micacl.types import Event, Frame, Retry, State, StateChange
from tests.integration.test_session import session, staged


def test_a_source_that_falls_silent_is_stalled_once_and_comes_back() -> None:
    def stream() -> Iterator[Frame | Retry]:
        for n in range(30):
            yield Frame(IMAGE, time.monotonic(), n)
            time.sleep(0.7 if n == 10 else 0.01)

    got: list[Event] = []
    with session(stream(), staged(), got.append, stall_s=0.3) as s:
        s.wait(5.0)
    states = [e.state for e in got if isinstance(e, StateChange)]
    assert states == [State.STARTING, State.LIVE, State.STALLED, State.LIVE, State.ENDED]


def test_a_session_ends_when_it_ends_however_long_its_source_was_silent() -> None:
    """A recording that ended with the last change of state had lost the hours of a stall."""

    def stream() -> Iterator[Frame | Pending]:
        yield Frame(IMAGE, time.monotonic(), 0)
        while True:
            time.sleep(0.01)
            yield Pending()

    got: list[Event] = []
    with session(stream(), staged(), got.append, stall_s=0.05) as s:
        while State.STALLED not in [e.state for e in got if isinstance(e, StateChange)]:
            assert not s.wait(0.01)
        asked_s = time.monotonic()
    (ended,) = [e for e in got if isinstance(e, StateChange) and e.state is State.ENDED]
    assert ended.time_s >= asked_s


@pytest.mark.fault("R2")
def test_a_stale_frame_is_not_analysed() -> None:
    def stream() -> Iterator[Frame | Retry]:
        yield Frame(IMAGE, time.monotonic(), 0)
        time.sleep(0.1)
        yield Frame(IMAGE, time.monotonic() - 5.0, 1)
        time.sleep(0.1)

    stages = staged()
    with session(stream(), stages) as s:
        s.wait(5.0)
    assert stages.perceive.calls == 1


def test_a_source_all_of_whose_pictures_are_stale_says_so_once() -> None:
    def stream() -> Iterator[Frame | Retry]:
        for n in range(4):
            yield Frame(IMAGE, time.monotonic() - 5.0, n)
            time.sleep(0.1)

    got: list[Event] = []
    with session(stream(), staged(), got.append) as s:
        s.wait(5.0)
    changes = [e for e in got if isinstance(e, StateChange)]
    assert [e.state for e in changes] == [State.STARTING, State.STALLED, State.ENDED]
    assert changes[1].detail == "its pictures are 5 s old when they come"


def test_a_lost_source_is_shown_as_reconnecting() -> None:
    def stream() -> Iterator[Frame | Retry]:
        yield Frame(IMAGE, time.monotonic(), 0)
        time.sleep(0.05)
        for left in (0.2, 0.1, 0.0):
            yield Retry(1, left, "the camera is gone")
            time.sleep(0.05)
        yield Frame(IMAGE, time.monotonic(), 1)
        time.sleep(0.05)

    got: list[Event] = []
    with session(stream(), staged(), got.append) as s:
        s.wait(5.0)
    changes = [(e.state, e.detail) for e in got if isinstance(e, StateChange)]
    assert [state for state, _ in changes] == [
        State.STARTING,
        State.LIVE,
        State.RECONNECTING,
        State.LIVE,
        State.ENDED,
    ]
    assert "the camera is gone; attempt 1" in changes[2][1]


@pytest.mark.parametrize("holds", [True, False])
def test_pausing_holds_a_file_and_drops_a_camera(holds: bool) -> None:
    camera, stages = FakeCamera(rate_hz=100), staged()
    with session(camera, stages, holds=holds) as s:
        time.sleep(0.3)
        s.paused = True
        time.sleep(0.3)
        given, perceived = camera.given, stages.perceive.calls
        scene = s.look().scene
        assert scene is not None and scene.state is State.PAUSED
        time.sleep(0.4)
        assert (camera.given == given) is holds
        assert stages.perceive.calls == perceived
        s.paused = False
        time.sleep(0.3)
        assert stages.perceive.calls > perceived + 10
        scene = s.look().scene
        assert scene is not None and scene.state is State.LIVE
