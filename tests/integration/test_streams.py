"""Several sources at once: none waits for another, each ends by itself, all end together."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.config import Settings
from realtime_micacl.errors import EngineError, SourceError, StageFailed
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.shared import SharedEngine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import offline, openers
from realtime_micacl.live.records.sinks import one_at_a_time
from realtime_micacl.live.session import JOIN_S, LiveSession
from realtime_micacl.live.sources.paced import paced
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.live.streams import NICENESS, Streams, low_priority, unique_names
from realtime_micacl.testing import IMAGE, Conduct, FakeCamera, FakeStages, until
from realtime_micacl.types import EmotionDistribution, Event, Frame, Retry, State, StateChange


def refuses() -> Iterator[Frame | Retry]:
    raise SourceError("rtsp://away was refused")
    yield


class Heard:
    """A sink that counts who said what."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def readings(self) -> Counter[str]:
        return Counter(e.source for e in list(self.events) if isinstance(e, EmotionDistribution))

    def states(self, source: str) -> list[State]:
        changes = (e for e in list(self.events) if isinstance(e, StateChange) and e.track_id is None)
        return [e.state for e in changes if e.source == source]


def session(name: str, source: Iterable[Frame | Retry], heard: Heard, perceive: Conduct | None = None) -> LiveSession:
    stages = FakeStages(faces=False, perceive=perceive)
    return LiveSession(source, *stages.openers, [one_at_a_time(heard)], name=name)


def test_dead_hanging_slow_and_broken_ones_do_not_delay_the_others() -> None:
    release = threading.Event()

    def hangs() -> Iterator[Frame | Retry]:
        yield Frame(IMAGE, time.monotonic(), 0)
        release.wait(30)

    heard = Heard()
    running = Streams(
        [
            session("good", FakeCamera(), heard),
            session("dead", refuses(), heard),
            session("hangs", hangs(), heard),
            session("slow", FakeCamera(), heard, Conduct(takes_s=0.3)),
            session("broken", FakeCamera(), heard, Conduct(raises_from=1)),
            session("short", FakeCamera(frames=20), heard),
            session("also good", FakeCamera(), heard),
        ]
    )

    def watched() -> None:
        with running:
            until(lambda: running.wait(0.05) or heard.states("broken")[-1:] == [State.FAILED])
            for name, state in (("dead", State.FAILED), ("short", State.ENDED)):
                assert heard.states(name)[-1] is state, "said when it happens, not in the end"
            before = heard.readings()
            until(lambda: running.wait(0.05) or min((heard.readings() - before)[n] for n in ("good", "slow")) >= 4)
            gained = heard.readings() - before
            assert set(gained) == {"good", "also good", "slow"}
            assert 0.5 < gained["good"] / gained["also good"] < 2.0
            assert gained["good"] > 2 * gained["slow"]
            asked_s.append(time.monotonic())

    asked_s: list[float] = []
    with pytest.raises(SourceError, match="rtsp://away"):
        watched()
    try:
        assert time.monotonic() - asked_s[0] < JOIN_S + 0.5
        assert {heard.states(n)[-1] for n in ("good", "slow", "hangs", "also good")} == {State.ENDED}
    finally:
        release.set()


def test_all_that_hang_are_left_after_the_time_of_one() -> None:
    release = threading.Event()

    def hangs() -> Iterator[Frame | Retry]:
        yield Frame(IMAGE, time.monotonic(), 0)
        release.wait(30)

    heard = Heard()
    with Streams([session(f"{n}", hangs(), heard) for n in range(4)]) as running:
        until(lambda: all(s.look().scene for s in running.sessions))
        asked_s = time.monotonic()
    try:
        assert time.monotonic() - asked_s < JOIN_S + 0.5
        assert [s.stuck for s in running.sessions] == [["capture"]] * 4
    finally:
        release.set()


def test_they_end_when_the_last_has_ended_and_none_of_them_failed() -> None:
    heard = Heard()
    with Streams([session(f"{n}", FakeCamera(frames=10 * n), heard) for n in range(1, 4)]) as running:
        until(lambda: running.wait(0.1))
    assert all(heard.states(f"{n}") == [State.STARTING, State.LIVE, State.ENDED] for n in range(1, 4))


@pytest.mark.parametrize("how", ["signal", "reader"])
def test_what_ends_one_by_request_ends_all(how: str) -> None:
    heard = Heard()

    def gone(event: Event) -> None:
        if isinstance(event, EmotionDistribution):
            raise BrokenPipeError

    def away() -> Iterator[Frame | Retry]:
        while True:
            yield Retry(1, 5.0, "away")
            time.sleep(0.05)

    sink = gone if how == "reader" else heard
    quiet = LiveSession(away(), *FakeStages().openers, [heard], name="quiet")
    leaving = LiveSession(FakeCamera(), *FakeStages(faces=False).openers, [sink], name="leaving")
    with Streams([session("other", FakeCamera(), heard), quiet, leaving]) as running:
        if how == "signal":
            running.stop()
        until(lambda: running.wait(0.1))
    assert heard.states("other")[-1] is State.ENDED


def test_a_fault_of_the_analysis_of_all_reaches_the_caller() -> None:
    heard = Heard()
    with (
        pytest.raises(StageFailed, match="perceive of a failed 6 times"),
        Streams([session("a", FakeCamera(), heard, Conduct(raises_from=1))]) as running,
    ):
        until(lambda: running.wait(0.1))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
def test_who_looks_for_faces_lets_the_others_go_first() -> None:
    def nice() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    with ThreadPoolExecutor(1) as other:
        before = nice()
        assert other.submit(low_priority(nice)).result() == min(19, before + NICENESS)
        assert other.submit(low_priority(nice)).result() == min(19, before + NICENESS), "and no further"
        assert nice() == before


def test_names_are_distinct() -> None:
    assert unique_names(["a", "b", "a", "a"]) == ["a", "b", "a (2)", "a (3)"]


def test_the_real_stages_share_an_engine_and_read_each_stream_as_if_it_were_alone(clips: Path) -> None:
    """Three clips at once, every frame of each: what is read of one does not depend on the others."""
    folder, sidecar = read_sidecar(default_engine())
    opened = []

    def opens():  # type: ignore[no-untyped-def]
        opened.append(open_engine(folder, sidecar))
        return opened[-1]

    names = ("one_face_720p.mp4", "two_cross.mp4", "face_leaves.mp4")
    joint, found = SharedEngine(opens), dict[str, list[Event]]()

    def read(name: str, share: object = None) -> list[Event]:
        stages = [opens() for opens in openers(Settings(), folder, sidecar, None, share)]  # type: ignore[arg-type]
        events = list(offline(read_file(clips / name), *stages))  # type: ignore[arg-type]
        for stage in stages:
            stage.close()
        return events

    threads = [threading.Thread(target=lambda n=name: found.update({n: read(n, joint.share)})) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(opened) == 1
    for name in names:
        alone = [e for e in read(name) if isinstance(e, EmotionDistribution)]
        together = [e for e in found[name] if isinstance(e, EmotionDistribution)]
        assert [(e.track_id, e.time_s) for e in alone] == [(e.track_id, e.time_s) for e in together]
        worst = max(np.abs(a.probabilities - b.probabilities).max() for a, b in zip(alone, together, strict=True))
        assert worst < 1e-4


def test_an_engine_that_does_not_open_ends_all_with_its_words(clips: Path) -> None:
    def opens() -> None:
        raise EngineError("no such engine")

    joint = SharedEngine(opens)  # type: ignore[arg-type]
    stages = openers(Settings(), *read_sidecar(default_engine()), None, joint.share)
    sources = [paced(read_file(clips / "no_face.mp4")) for _ in range(2)]
    sessions = [LiveSession(source, *stages, name=str(n)) for n, source in enumerate(sources)]
    with pytest.raises(EngineError, match="no such engine"), Streams(sessions) as running:
        until(lambda: running.wait(0.1))
