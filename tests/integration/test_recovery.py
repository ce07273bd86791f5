"""A stage of the analysis that raises or hangs: started again, or given up while the picture stays live."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from realtime_micacl.config import Settings
from realtime_micacl.errors import StageFailed
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live import supervision
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.paced import paced
from realtime_micacl.live.sources.source import looped
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.testing import Conduct, FakeCamera, FakeStages, until
from realtime_micacl.types import Bag, EmotionDistribution, Event, Frame, Scene, State, StateChange


def session(perceive: Conduct, recognize: Conduct, got: list[Event]) -> LiveSession:
    stages = FakeStages(faces=False, perceive=perceive, recognize=recognize)
    return LiveSession(FakeCamera(), *stages.openers, [got.append])


def readings(got: list[Event]) -> int:
    return sum(isinstance(event, EmotionDistribution) for event in list(got))


def seen(running: LiveSession) -> tuple[State, int]:
    """The state that is shown, and the number of the picture."""
    scene = running.look().scene
    return (scene.state, scene.frame.index) if scene and scene.frame else (State.STARTING, -1)


@pytest.mark.fault("R10")
@pytest.mark.parametrize("name", ["perceive", "recognize"])
def test_a_stage_that_raises_is_closed_and_opened_again(name: str, caplog: pytest.LogCaptureFixture) -> None:
    broken, whole, got = Conduct(raises=(5, 6)), Conduct(), list[Event]()
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
    broken, whole, got = Conduct(raises_from=5), Conduct(), list[Event]()
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
def test_a_stage_that_hangs_is_replaced_and_its_late_answer_ignored(
    name: str, monkeypatch: pytest.MonkeyPatch, measured: Callable[[str], None], long: bool
) -> None:
    if not long:
        monkeypatch.setattr(supervision, "HANG_S", 0.3)
    broken, whole, got = Conduct(hangs=(5,)), Conduct(), list[Event]()
    stages = (broken, whole) if name == "perceive" else (whole, broken)
    with session(*stages, got) as running:
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
