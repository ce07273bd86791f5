"""The three threads: what is fed in comes out, every failure reaches the caller, everything ends."""

from __future__ import annotations

import gc
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import numpy as np
import pytest

from realtime_micacl.errors import EngineError, MicaclError, SourceError, StageFailed
from realtime_micacl.live.session import JOIN_S, LiveSession
from realtime_micacl.testing import IMAGE, Conduct, FakeCamera, FakeStages
from realtime_micacl.types import EmotionDistribution, Event, Frame, Retry, State, StateChange
from realtime_micacl_ui.figures import DropShare


def session(
    camera: Iterable[Frame | Retry], stages: FakeStages, *sinks: Callable[[Event], None], **more: object
) -> LiveSession:
    return LiveSession(camera, *stages.openers, sinks, **more)  # type: ignore[arg-type]


def staged(**conduct: Conduct) -> FakeStages:
    return FakeStages(faces=False, **conduct)  # type: ignore[arg-type]


def failing(where: str, at: int = 5) -> FakeStages:
    """Stages of which one fails from a call on, or that cannot be opened."""
    if where == "open":
        return staged(perceive=Conduct(refuses=EngineError("no engine")))
    return staged(**{where: Conduct(raises_from=at)} if where in ("perceive", "recognize") else {})


def test_the_last_frame_is_read_before_the_end() -> None:
    got: list[Event] = []
    camera, stages = FakeCamera(rate_hz=200, frames=40), staged(perceive=Conduct(0.001), recognize=Conduct(0.01))
    with session(camera, stages, got.append) as s:
        assert s.wait(5.0)
    readings = [e for e in got if isinstance(e, EmotionDistribution)]
    last = s.look().scene
    assert last is not None and last.frame is not None and last.frame.index == 39
    assert readings[-1].time_s == last.time_s
    states = [e.state for e in got if isinstance(e, StateChange)]
    assert states == [State.STARTING, State.LIVE, State.ENDED]
    assert camera.closed
    assert stages.perceive.closed == stages.recognize.closed == 1


@pytest.mark.parametrize("where", ["perceive", "recognize"])
def test_a_source_of_which_nothing_could_be_analysed_does_not_end_well(where: str) -> None:
    got: list[Event] = []
    said = f"{where} failed at every picture, last: ValueError: boom"
    with pytest.raises(StageFailed, match=said), session(FakeCamera(frames=3), failing(where, 1), got.append) as s:
        assert s.wait(5.0)
    assert isinstance(got[-1], StateChange) and got[-1].state is State.FAILED


def test_a_session_goes_with_its_owner_and_with_it_all_that_was_seen() -> None:
    gc.collect()
    gc.disable()  # a visitor's pictures do not wait for it
    try:
        with session(FakeCamera(rate_hz=200, frames=5), staged()) as s:
            assert s.wait(5.0)
            last = s.look().newest
        seen = weakref.ref(s), weakref.ref(last)
        del s, last
        assert [one() for one in seen] == [None, None]
    finally:
        gc.enable()


def test_a_file_waits_until_somebody_looks() -> None:
    stages = staged(perceive=Conduct(opens_s=0.5))
    with session(FakeCamera(rate_hz=10, frames=5), stages, holds=True) as s:  # time enough for each on a busy machine
        assert s.wait(20.0)
    assert stages.perceive.calls == 5


@pytest.mark.parametrize("where", ["capture", "sink", "open"])
def test_a_failure_of_any_stage_ends_all_and_reaches_the_caller(where: str) -> None:
    camera = FakeCamera(frames=5 if where == "capture" else None, error=OSError("unplugged"))
    got: list[Event] = []

    def sink(event: Event) -> None:
        got.append(event)
        if where == "sink" and isinstance(event, EmotionDistribution):
            raise ValueError("boom")

    started_s = time.monotonic()
    with pytest.raises(MicaclError) as error, session(camera, failing(where), sink) as s:
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
        session(FakeCamera(frames=0, error=SourceError("refused")), staged()) as s,
    ):
        s.wait(5.0)


def test_stopping_is_prompt() -> None:
    camera = FakeCamera()
    with session(camera, staged(perceive=Conduct(0.005), recognize=Conduct(0.05))) as s:
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

    with session(hangs(), staged()) as s:
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

    with session(FakeCamera(rate_hz=rate_hz), staged(recognize=Conduct(engine_ms / 1e3)), age) as s:
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
    camera, stages = FakeCamera(rate_hz=400, frames=200), staged(perceive=Conduct(0.01))
    with session(camera, stages) as s:
        s.wait(10.0)
    assert s.look().dropped == camera.given - stages.perceive.calls > 0
    measured(f"{camera.given} captured, {stages.perceive.calls} analysed, {s.look().dropped} dropped")
    assert s.meters["capture"].count == camera.given


def test_drops_never_go_back_while_pictures_are_on_their_way() -> None:
    """The window's share of a difference of two looks was negative, and the counter of --metrics went back."""
    share, seen = DropShare(), []
    with session(FakeCamera(rate_hz=200, frames=400), staged(perceive=Conduct(0.004))) as s:
        while not s.wait(0.002):
            seen.append((s.look().dropped, share.update(s.meters["capture"].count, s.look().dropped)))
    dropped, shares = zip(*seen, strict=True)
    assert list(dropped) == sorted(dropped)
    assert 0 <= min(shares) <= max(shares) <= 1


def test_a_sink_that_cannot_write_is_left_out_and_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    got: list[Event] = []

    def full(event: Event) -> None:
        raise OSError(28, "No space left on device")

    with session(FakeCamera(frames=20), staged(), full, got.append) as s:
        s.wait(5.0)
    assert sum(isinstance(e, EmotionDistribution) for e in got) > 3
    assert caplog.text.count("No space left") == 1


def test_a_reader_that_leaves_ends_the_session() -> None:
    def gone(event: Event) -> None:
        if isinstance(event, EmotionDistribution):
            raise BrokenPipeError

    started_s = time.monotonic()
    with session(FakeCamera(), staged(), gone) as s:
        assert s.wait(5.0)
    assert time.monotonic() - started_s < 2.0


def test_a_hundred_random_starts_and_failures_leave_no_thread() -> None:
    before = set(threading.enumerate())
    rng = random.Random(0)
    for _ in range(100):
        fail = rng.choice(["", "capture", "perceive", "recognize", "open"])
        n = rng.choice([0, 1, 30, None])
        broken = fail == "capture"
        frames, error = (rng.randrange(9), OSError("x")) if broken else (n, None)
        camera = FakeCamera(rate_hz=5000, frames=frames, error=error)
        with suppress(MicaclError), session(camera, failing(fail, rng.randrange(1, 5))):
            time.sleep(rng.random() * 0.01)
        assert set(threading.enumerate()) <= before
