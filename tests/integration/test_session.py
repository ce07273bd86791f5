"""The three threads: what is fed in comes out, every failure reaches the caller, everything ends."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import numpy as np
import pytest

from realtime_micacl.errors import EngineError, MicaclError, SourceError, StageFailed
from realtime_micacl.live.session import JOIN_S, LiveSession
from realtime_micacl.types import Bag, EmotionDistribution, Event, Frame, Retry, Scene, State, StateChange
from realtime_micacl_ui.figures import DropShare

IMAGE = np.zeros((4, 4, 3), np.uint8)
CROPS = np.zeros((4, 4, 1, 1, 3), np.uint8)


class Camera:
    """Frames at a rate; closes like a device."""

    def __init__(self, rate_hz: float = 200, n: int | None = None, error: Exception | None = None) -> None:
        self.rate_hz, self.n, self.error = rate_hz, n, error
        self.given = 0
        self.closed = False

    def __iter__(self) -> Iterator[Frame | Retry]:
        try:
            while self.n is None or self.given < self.n:
                yield Frame(IMAGE, time.monotonic(), self.given)
                self.given += 1
                time.sleep(1 / self.rate_hz)
            if self.error:
                raise self.error
        finally:
            self.closed = True


class Stage:
    """Both stages of an analysis: every frame gives a bag, every bag a reading."""

    def __init__(self, perceive_s: float = 0, recognize_s: float = 0, fail: str = "", at: int = 5) -> None:
        self.perceive_s, self.recognize_s, self.fail, self.at = perceive_s, recognize_s, fail, at
        self.perceived = self.recognized = self.closed = 0

    def open_perceiver(self) -> Stage:
        if self.fail == "open":
            raise EngineError("no engine")
        return self

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        time.sleep(self.perceive_s)
        self.perceived += 1
        if self.fail == "perceive" and self.perceived >= self.at:
            raise ValueError("boom")
        bag = Bag(1, frame.index, CROPS, frame.time_s, frame.time_s, 1.0, 1.0)
        return Scene(frame.time_s, frame, (), State.LIVE), (bag,)

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        time.sleep(self.recognize_s)
        self.recognized += 1
        if self.fail == "recognize" and self.recognized >= self.at:
            raise ValueError("boom")
        p = np.full(7, 1 / 7, np.float32)
        return tuple(EmotionDistribution(b.track_id, b.end_s, p, p[:4], None, 1.0, 1.0) for b in bags)

    def close(self) -> None:
        self.closed += 1


def session(
    camera: Camera | Iterator[Frame | Retry], stage: Stage, *sinks: Callable[[Event], None], **more: object
) -> LiveSession:
    return LiveSession(camera, stage.open_perceiver, lambda: stage, sinks, **more)  # type: ignore[arg-type]


def test_the_last_frame_is_read_before_the_end() -> None:
    got: list[Event] = []
    camera, stage = Camera(n=40), Stage(0.001, 0.01)
    with session(camera, stage, got.append) as s:
        assert s.wait(5.0)
    readings = [e for e in got if isinstance(e, EmotionDistribution)]
    last = s.look().scene
    assert last is not None and last.frame is not None and last.frame.index == 39
    assert readings[-1].time_s == last.time_s
    states = [e.state for e in got if isinstance(e, StateChange)]
    assert states == [State.STARTING, State.LIVE, State.ENDED]
    assert camera.closed
    assert stage.closed == 2


@pytest.mark.parametrize("where", ["perceive", "recognize"])
def test_a_source_of_which_nothing_could_be_analysed_does_not_end_well(where: str) -> None:
    got: list[Event] = []
    said = f"{where} failed at every picture, last: ValueError: boom"
    with pytest.raises(StageFailed, match=said), session(Camera(n=3), Stage(fail=where, at=1), got.append) as s:
        assert s.wait(5.0)
    assert isinstance(got[-1], StateChange) and got[-1].state is State.FAILED


def test_a_file_waits_until_somebody_looks() -> None:
    camera, stage = Camera(n=5), Stage()

    def slow() -> Stage:
        time.sleep(0.5)
        return stage

    with LiveSession(camera, slow, lambda: stage, holds=True) as s:
        assert s.wait(5.0)
    assert stage.perceived == 5


@pytest.mark.parametrize("where", ["capture", "sink", "open"])
def test_a_failure_of_any_stage_ends_all_and_reaches_the_caller(where: str) -> None:
    camera = Camera(n=5 if where == "capture" else None, error=OSError("unplugged"))
    got: list[Event] = []

    def sink(event: Event) -> None:
        got.append(event)
        if where == "sink" and isinstance(event, EmotionDistribution):
            raise ValueError("boom")

    started_s = time.monotonic()
    with pytest.raises(MicaclError) as error, session(camera, Stage(fail=where), sink) as s:
        s.wait(5.0)
    assert time.monotonic() - started_s < 1.5
    assert camera.closed
    assert [e.state for e in got if isinstance(e, StateChange)][-1] is State.FAILED
    if where == "open":
        assert isinstance(error.value, EngineError)
        return
    assert isinstance(error.value, StageFailed)
    assert error.value.__cause__ is not None
    assert str(error.value).startswith({"sink": "recognize"}.get(where, where))


def test_an_error_that_is_meant_for_people_stays_as_it_is() -> None:
    with (
        pytest.raises(SourceError, match="refused"),
        session(Camera(n=0, error=SourceError("refused")), Stage()) as s,
    ):
        s.wait(5.0)


def test_stopping_is_prompt() -> None:
    camera = Camera()
    with session(camera, Stage(0.005, 0.05)) as s:
        time.sleep(0.1)
        started_s = time.monotonic()
        s.stop()
        assert s.stopping
    assert time.monotonic() - started_s < 0.5
    assert camera.closed


def test_a_device_that_hangs_cannot_hold_the_exit() -> None:
    release = threading.Event()

    def hangs() -> Iterator[Frame | Retry]:
        yield Frame(IMAGE, time.monotonic(), 0)
        release.wait(30)

    with session(hangs(), Stage()) as s:
        time.sleep(0.1)
        started_s = time.monotonic()
    try:
        assert time.monotonic() - started_s < JOIN_S + 0.5
        assert s.stuck == ["capture"]
    finally:
        release.set()


@pytest.mark.fault("R8")
def test_a_slow_engine_drops_and_never_falls_behind(measured: Callable[[str], None], long: bool) -> None:
    engine_ms, rate_hz, seconds = (100, 25, 60.0) if long else (50, 200, 1.5)
    ages: list[float] = []

    def age(event: Event) -> None:
        if isinstance(event, EmotionDistribution):
            ages.append(time.monotonic() - event.time_s)

    with session(Camera(rate_hz=rate_hz), Stage(recognize_s=engine_ms / 1e3), age) as s:
        time.sleep(seconds)
    assert s.meters["perceive"].count - s.meters["recognize"].count > 20
    assert len(ages) >= 10
    assert np.median(ages[len(ages) // 2 :]) < 0.2, "an age that does not grow"
    p95_ms, slope = 1e3 * np.percentile(ages, 95), 1e3 * np.polyfit(np.linspace(0, seconds, len(ages)), ages, 1)[0]
    measured(
        f"engine at {engine_ms} ms, {rate_hz} frames a second, {seconds:.0f} s: age p95 {p95_ms:.0f} ms, "
        f"slope {slope:+.1f} ms/s"
    )


@pytest.mark.fault("R8")
def test_drops_are_counted_exactly(measured: Callable[[str], None]) -> None:
    camera, stage = Camera(rate_hz=400, n=200), Stage(perceive_s=0.01)
    with session(camera, stage) as s:
        s.wait(10.0)
    assert s.look().dropped == camera.given - stage.perceived > 0
    measured(f"{camera.given} captured, {stage.perceived} analysed, {s.look().dropped} dropped")
    assert s.meters["capture"].count == camera.given


def test_drops_never_go_back_while_pictures_are_on_their_way() -> None:
    """The window's share of a difference of two looks was negative, and the counter of --metrics went back."""
    share, seen = DropShare(), []
    with session(Camera(rate_hz=200, n=400), Stage(perceive_s=0.004)) as s:
        while not s.wait(0.002):
            seen.append((s.look().dropped, share.update(s.meters["capture"].count, s.look().dropped)))
    dropped, shares = zip(*seen, strict=True)
    assert list(dropped) == sorted(dropped)
    assert 0 <= min(shares) <= max(shares) <= 1


def test_a_source_that_falls_silent_is_stalled_once_and_comes_back() -> None:
    def stream() -> Iterator[Frame | Retry]:
        for n in range(30):
            yield Frame(IMAGE, time.monotonic(), n)
            time.sleep(0.7 if n == 10 else 0.01)

    got: list[Event] = []
    with session(stream(), Stage(), got.append, stall_s=0.3) as s:
        s.wait(5.0)
    states = [e.state for e in got if isinstance(e, StateChange)]
    assert states == [State.STARTING, State.LIVE, State.STALLED, State.LIVE, State.ENDED]


@pytest.mark.fault("R2")
def test_a_stale_frame_is_not_analysed() -> None:
    def stream() -> Iterator[Frame | Retry]:
        yield Frame(IMAGE, time.monotonic(), 0)
        time.sleep(0.1)
        yield Frame(IMAGE, time.monotonic() - 5.0, 1)
        time.sleep(0.1)

    stage = Stage()
    with session(stream(), stage) as s:
        s.wait(5.0)
    assert stage.perceived == 1


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
    with session(stream(), Stage(), got.append) as s:
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
    camera, stage = Camera(rate_hz=100), Stage()
    with session(camera, stage, holds=holds) as s:
        time.sleep(0.3)
        s.paused = True
        time.sleep(0.3)
        given, perceived = camera.given, stage.perceived
        scene = s.look().scene
        assert scene is not None and scene.state is State.PAUSED
        time.sleep(0.4)
        assert (camera.given == given) is holds
        assert stage.perceived == perceived
        s.paused = False
        time.sleep(0.3)
        assert stage.perceived > perceived + 10
        scene = s.look().scene
        assert scene is not None and scene.state is State.LIVE


def test_a_sink_that_cannot_write_is_left_out_and_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    got: list[Event] = []

    def full(event: Event) -> None:
        raise OSError(28, "No space left on device")

    with session(Camera(n=20), Stage(), full, got.append) as s:
        s.wait(5.0)
    assert sum(isinstance(e, EmotionDistribution) for e in got) > 3
    assert caplog.text.count("No space left") == 1


def test_a_reader_that_leaves_ends_the_session() -> None:
    def gone(event: Event) -> None:
        if isinstance(event, EmotionDistribution):
            raise BrokenPipeError

    started_s = time.monotonic()
    with session(Camera(), Stage(), gone) as s:
        assert s.wait(5.0)
    assert time.monotonic() - started_s < 2.0


def test_a_hundred_random_starts_and_failures_leave_no_thread() -> None:
    before = set(threading.enumerate())
    rng = random.Random(0)
    for _ in range(100):
        fail = rng.choice(["", "capture", "perceive", "recognize", "open"])
        n = rng.choice([0, 1, 30, None])
        camera = Camera(5000, n if fail != "capture" else rng.randrange(9), OSError("x") if fail == "capture" else None)
        with suppress(MicaclError), session(camera, Stage(fail=fail, at=rng.randrange(1, 5))):
            time.sleep(rng.random() * 0.01)
        assert set(threading.enumerate()) == before
