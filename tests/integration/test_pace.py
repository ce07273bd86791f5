"""A machine that is too slow says so in words: on the screen and in what is written, once, and takes it back."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from realtime_micacl.live.pace import SAMPLES, Pace
from realtime_micacl.live.pipeline import Changes
from realtime_micacl.live.session import LiveSession
from realtime_micacl.meter import Meter
from realtime_micacl.testing import Conduct, FakeCamera, FakeStages, bag, face
from realtime_micacl.types import (
    Bag,
    Event,
    Face,
    Scene,
    State,
    StateChange,
    Strain,
)
from realtime_micacl_ui.view import View, follow

TICK_S = 0.08


def faces(count: int, state: State = State.LIVE) -> tuple[Face, ...]:
    return tuple(face(n + 1, state) for n in range(count))


def run(
    *, seconds: float, count: int = 3, rate_hz: float = 25, looks: float = 1.0, reads: float = 1.0, full: bool = True
) -> tuple[Pace, list[Scene]]:
    """Let time pass: of the pictures a share is looked at, of the windows, where any is `full`, a share is read."""
    meters = {name: Meter() for name in ("capture", "perceive", "reading")}
    pace, shown = Pace(meters), []
    go_on(pace, meters, shown, seconds=seconds, count=count, rate_hz=rate_hz, looks=looks, reads=reads, full=full)
    return pace, shown


def go_on(pace, meters, shown, *, seconds, count, rate_hz, looks, reads, full=True, begin_s=0.0) -> None:
    owed = read = 0.0
    tick = -1
    for n in range(int(seconds * rate_hz)):
        now_s = begin_s + n / rate_hz
        meters["capture"].add(0.0)
        owed += looks
        if owed < 1:
            continue
        owed -= 1
        meters["perceive"].add(0.0)
        bags: tuple[Bag, ...] = ()
        if full and int(now_s / TICK_S) != tick:
            tick = int(now_s / TICK_S)
            bags = tuple(bag(now_s, f + 1, tick, lasts_s=15 * TICK_S) for f in range(count))
        shown.append(pace.judged(Scene(now_s, None, faces(count), State.LIVE), bags))
        read += reads * len(bags)
        while read >= 1:
            read -= 1
            meters["reading"].add(0.0)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({}, None),
        ({"rate_hz": 5}, None),  # a slow source is not the machine's fault
        ({"looks": 0.55}, None),  # between two ticks nobody needs to look
        ({"reads": 0.9}, None),
        ({"reads": 0.5}, Strain(1, 3)),
        ({"reads": 0.7}, Strain(2, 3)),
        ({"reads": 0.2}, Strain(0, 3)),
        ({"looks": 0.2}, Strain(1, 3)),
        ({"looks": 0.1, "count": 1}, Strain(0, 1)),
        ({"reads": 0.0}, None),  # the engine is not there yet
        ({"looks": 0.2, "reads": 0.0}, Strain(1, 3)),
        ({"looks": 0.2, "reads": 3.0}, Strain(1, 3)),  # what was left over is read as well
        ({"looks": 0.2, "full": False}, Strain(1, 3)),  # too slow for any window to be full
        ({"looks": 0.55, "full": False}, None),
    ],
)
def test_what_is_said_is_how_many_readings_come(how: dict, said: Strain | None) -> None:
    _, shown = run(seconds=9, **how)
    assert shown[-1].strain == said
    assert shown[-1].detail == ("" if said is None else str(said))
    assert all(scene.strain is None for scene in shown if scene.time_s < 4.9), "not before five seconds have passed"


def test_the_words() -> None:
    assert str(Strain(1, 3)) == "this machine keeps up with 1 of 3 faces"
    assert str(Strain(0, 3)) == "this machine keeps up with none of 3 faces"
    assert str(Strain(0, 1)) == "this machine keeps up with none of 1 face"


def test_it_is_taken_back_and_a_pause_begins_anew() -> None:
    meters = {name: Meter() for name in ("capture", "perceive", "reading")}
    pace, shown = Pace(meters), []
    for begin_s, reads in ((0.0, 0.5), (20.0, 1.0)):
        go_on(pace, meters, shown, seconds=20, count=3, rate_hz=25, looks=1.0, reads=reads, begin_s=begin_s)
    strains = [scene.strain for scene in shown]
    changes = [b for a, b in pairwise(strains) if a != b]
    assert (changes[0], changes[-1]) == (Strain(1, 3), None)
    pace.judged(Scene(50.0, None, (), State.PAUSED), ())
    assert len(pace._samples) < SAMPLES == 11


def test_it_is_taken_back_only_when_the_machine_clearly_keeps_up() -> None:
    meters = {name: Meter() for name in ("capture", "perceive", "reading")}
    pace, shown, last = Pace(meters), [], []
    for begin_s, reads in ((0.0, 0.85), (20.0, 0.5), (40.0, 0.85), (60.0, 0.95)):
        go_on(pace, meters, shown, seconds=20, count=10, rate_hz=25, looks=1.0, reads=reads, begin_s=begin_s)
        last.append(shown[-1].strain is not None)
    assert last == [False, True, True, False]


def test_a_window_of_one_moment_tells_nothing_of_the_ticks() -> None:
    meters = {name: Meter() for name in ("capture", "perceive", "reading")}
    pace = Pace(meters)
    for n in range(20):
        for meter in meters.values():
            meter.add(0.0)
        now_s = n * 0.5
        scene = pace.judged(Scene(now_s, None, faces(1), State.LIVE), (bag(now_s, 1, n, lasts_s=0.0),))
    assert scene.strain is None


def test_it_is_written_once() -> None:
    changes, written = Changes(), []
    for n, strain in enumerate([None, None, Strain(1, 3), Strain(1, 3), None, None]):
        written += changes.update(Scene(float(n), None, (), State.LIVE, str(strain or ""), strain=strain))
    assert [(change.time_s, change.detail) for change in written] == [
        (0.0, ""),
        (2.0, "this machine keeps up with 1 of 3 faces"),
        (4.0, ""),
    ]


def test_a_slow_engine_is_said_on_the_screen_and_in_what_is_written() -> None:
    events: list[Event] = []
    view = View("x")
    stages = FakeStages(tracks=(1, 2, 3), emotion=None, recognize=Conduct(takes_s=0.2))
    camera = FakeCamera(rate_hz=1 / TICK_S)
    with LiveSession(camera, *stages.openers, [events.append], holds=True) as session:
        until_s = time.monotonic() + 12
        while not view.notice and time.monotonic() < until_s:
            time.sleep(0.1)
            view = follow(view, session.look())
    assert view.notice == "This machine keeps up with 1 of 3 faces"
    details = [event.detail for event in events if isinstance(event, StateChange) and event.detail]
    assert details[0] == "this machine keeps up with 1 of 3 faces"
