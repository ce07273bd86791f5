"""A half of the pipeline that raises or hangs: started again, or given up while the picture stays live."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.config import Settings
from realtime_micacl.errors import StageFailed
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live import supervision
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.source import looped
from realtime_micacl.live.sources.video import paced, read_file
from realtime_micacl.types import Bag, EmotionDistribution, Event, Frame, Retry, Scene, State, StateChange

IMAGE = np.zeros((4, 4, 3), np.uint8)
CROPS = np.zeros((4, 4, 1, 1, 3), np.uint8)
P = np.full(7, 1 / 7, np.float32)


def camera() -> Iterator[Frame | Retry]:
    for n in count():
        yield Frame(IMAGE, time.monotonic(), n)
        time.sleep(0.01)


class Plan:
    """Says at which calls a stage raises or hangs, over all the stages that are opened."""

    def __init__(self, raises: Sequence[int] = (), hangs: Sequence[int] = (), always_from: int | None = None) -> None:
        self.raises, self.hangs, self.always_from = raises, hangs, always_from
        self.calls = self.opened = self.closed = 0
        self.release = threading.Event()

    def call(self) -> None:
        self.calls += 1
        if self.calls in self.hangs:
            self.release.wait(20)
        if self.calls in self.raises or (self.always_from is not None and self.calls >= self.always_from):
            raise ValueError("boom")


class Half:
    """Both stages of an analysis; every frame gives a bag, every bag a reading."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        plan.opened += 1

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        self.plan.call()
        bag = Bag(1, frame.index, CROPS, frame.time_s, frame.time_s, 1.0, 1.0)
        return Scene(frame.time_s, frame, (), State.LIVE), (bag,)

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        self.plan.call()
        return tuple(EmotionDistribution(b.track_id, b.end_s, P, P[:4], None, 1.0, 1.0) for b in bags)

    def close(self) -> None:
        self.plan.closed += 1


def until(true: Callable[[], bool], timeout_s: float = 15.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.01)


def session(perceive: Plan, recognize: Plan, got: list[Event]) -> LiveSession:
    return LiveSession(camera(), lambda: Half(perceive), lambda: Half(recognize), [got.append])


def readings(got: list[Event]) -> int:
    return sum(isinstance(event, EmotionDistribution) for event in list(got))


def seen(running: LiveSession) -> tuple[State, int]:
    """The state that is shown, and the number of the picture."""
    scene = running.look().scene
    return (scene.state, scene.frame.index) if scene and scene.frame else (State.STARTING, -1)


@pytest.mark.fault("R10")
@pytest.mark.parametrize("name", ["perceive", "recognize"])
def test_a_half_that_raises_is_closed_and_opened_again(name: str, caplog: pytest.LogCaptureFixture) -> None:
    broken, whole, got = Plan(raises=(5, 6)), Plan(), list[Event]()
    stages = (broken, whole) if name == "perceive" else (whole, broken)
    with session(*stages, got) as running:
        until(lambda: broken.calls > 20 and readings(got) > 20)
        assert running.look().failures[name] == 2
        assert running.fault is None
    assert broken.opened == broken.closed == 3
    assert whole.opened == whole.closed == 1
    assert f"{name} failed: ValueError: boom" in caplog.text
    if name == "perceive":
        states = [e.state for e in got if isinstance(e, StateChange)]
        assert states[-3:] == [State.STARTING, State.LIVE, State.ENDED]


@pytest.mark.fault("R10")
@pytest.mark.parametrize("name", ["perceive", "recognize"])
def test_six_failures_in_a_minute_leave_a_live_picture_and_a_message(
    name: str, measured: Callable[[str], None]
) -> None:
    broken, whole, got = Plan(always_from=5), Plan(), list[Event]()
    stages = (broken, whole) if name == "perceive" else (whole, broken)
    said = f"{name} failed 6 times within a minute, last: ValueError: boom"

    def watched() -> None:
        with session(*stages, got) as running:
            until(lambda: running.fault is not None)
            until(lambda: seen(running)[0] is State.FAILED)
            calls, given, shown = broken.calls, readings(got), seen(running)[1]
            until(lambda: seen(running)[1] > shown + 20)
            assert (broken.calls, readings(got)) == (calls, given), "nothing is analysed any more"
            assert running.running

    with pytest.raises(StageFailed, match=said):
        watched()
    assert broken.opened == broken.closed == 6
    measured(f"{name} fails six times: failed, picture live")
    failed = next(e for e in got if isinstance(e, StateChange) and e.state is State.FAILED)
    assert "boom" in failed.detail


@pytest.mark.fault("R10")
@pytest.mark.parametrize("name", ["perceive", "recognize"])
def test_a_half_that_hangs_is_replaced_and_its_late_answer_ignored(
    name: str, monkeypatch: pytest.MonkeyPatch, measured: Callable[[str], None], long: bool
) -> None:
    if not long:
        monkeypatch.setattr(supervision, "HANG_S", 0.3)
    broken, whole, got = Plan(hangs=(5,)), Plan(), list[Event]()
    plans = (broken, whole) if name == "perceive" else (whole, broken)
    with session(*plans, got) as running:
        until(lambda: broken.calls == 5)
        hangs_s = time.monotonic()
        until(lambda: running.look().failures[name] == 1)
        late_s = time.monotonic() - hangs_s - supervision.HANG_S
        measured(f"{name} hangs: given up {late_s:.2f} s after {supervision.HANG_S:g} s")
        before = readings(got)
        until(lambda: readings(got) > before + 20)
        calls = broken.calls
        broken.release.set()
        until(lambda: broken.calls > calls + 5 and broken.closed == 1)
        times = [e.time_s for e in list(got) if isinstance(e, EmotionDistribution)]
        assert times == sorted(set(times)), "no reading twice, none out of order"
    assert broken.opened == broken.closed == 2
    assert running.stuck == []


@pytest.mark.fault("R10", "R17")
def test_the_real_stages_come_back_with_new_track_ids(clips: Path, measured: Callable[[str], None]) -> None:
    """A person met after the analysis was started again is a new track: no window, feature or reading is shared."""
    opens = openers(Settings(), *read_sidecar(default_engine()))
    source = paced(looped(lambda: read_file(clips / "one_face_720p.mp4")))
    got: list[Event] = []

    def open_perceiver():  # type: ignore[no-untyped-def]
        perceiver = opens[0]()
        if not opened:
            whole, calls = perceiver.perceive, count()

            def fails(frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
                if next(calls) > 5 and readings(got) > 2:
                    failed_s.append(time.monotonic())
                    raise RuntimeError("graph is broken")
                return whole(frame)

            perceiver.perceive = fails  # type: ignore[method-assign]
        opened.append(perceiver)
        return perceiver

    opened: list[object] = []
    failed_s: list[float] = []
    with LiveSession(source, open_perceiver, opens[1], [got.append]) as running:
        until(lambda: len({e.track_id for e in list(got) if isinstance(e, EmotionDistribution)}) == 2, 40.0)
    assert running.look().failures["perceive"] == 1
    assert len(opened) == 2
    back_s = time.monotonic() - failed_s[0]
    measured(f"mediapipe raises: started again, next reading after {back_s:.1f} s, of which 1.3 s fill the window")
