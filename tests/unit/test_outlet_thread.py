"""Behind each outlet stands a ring: nobody waits for it, and what it raises ends it alone."""

from __future__ import annotations

import threading
import time
from statistics import median

import pytest

from realtime_micacl.live.records.slots import Slots
from realtime_micacl.outlets import feed as module
from realtime_micacl.outlets.feed import Feed
from realtime_micacl.outlets.thread import KEPT, OutletThread, Ring
from realtime_micacl.types import Event, Mark, State, StateChange
from tests.unit.test_slots import reading

SENT = KEPT + 50


class Ear:
    """An outlet that keeps what it hears; `deaf` holds it up, `fault` makes it fail."""

    name = "ear"

    def __init__(self, fault: Exception | None = None) -> None:
        self.notice, self.lost = "", 0
        self.heard: list[Event] = []
        self.deaf = threading.Event()
        self.deaf.set()
        self.busy = threading.Event()
        self._fault = fault

    def run(self, ring: Ring) -> None:
        while not ring.over:
            for event in ring.take(0.05):
                self.busy.set()
                self.deaf.wait(60.0)
                if self._fault:
                    raise self._fault
                self.heard.append(event)


def test_everything_arrives_in_order_and_the_end_is_read_out() -> None:
    ear = Ear()
    feed = Feed([OutletThread(ear)], Slots())
    events = [reading(1, float(n)) for n in range(KEPT)]
    for event in events:
        feed(event)
    feed(Mark(99.0, 1))
    feed.close()
    assert ear.heard == [*events, Mark(99.0, 1)][-len(ear.heard) :]
    assert len(ear.heard) + feed.outlets[0].dropped == KEPT + 1


def test_a_reader_may_be_behind_by_some_seconds_and_no_more() -> None:
    ring = Ring()
    for n in range(50):
        ring.put(reading(1, float(n)))
    assert ring.dropped == 0
    for n in range(50, 500):
        ring.put(reading(1, float(n)))
    kept = ring.take(0.0)
    assert 50 < len(kept) < 150, "old readings would come late"
    assert [event.time_s for event in kept] == [float(n) for n in range(500 - len(kept), 500)]


def test_an_outlet_that_does_not_read_holds_nobody_up_and_readings_make_room_for_states() -> None:
    deaf, good = Ear(), Ear()
    feed = Feed([OutletThread(deaf), OutletThread(good)], Slots())
    deaf.deaf.clear()
    feed(reading(1, -1.0))
    assert deaf.busy.wait(60.0)
    change = StateChange(0.0, None, State.STALLED)
    feed(change)
    took_s = []
    for n in range(SENT):
        started_s = time.perf_counter()
        feed(reading(1, float(n)))
        took_s.append(time.perf_counter() - started_s)
        time.sleep(2e-4)
    assert median(took_s) < 2e-3, "a machine with much else to do holds up a few calls, a wait holds up each"
    assert feed.outlets[0].dropped == SENT + 1 - KEPT
    deaf.deaf.set()
    feed.close()
    assert all(outlet.wait(60.0) for outlet in feed.outlets)
    assert len(good.heard) + feed.outlets[1].dropped == SENT + 2
    assert change in deaf.heard, "a change of state was kept"
    assert [e.time_s for e in deaf.heard if e is not change][1:] == [float(n) for n in range(SENT - KEPT + 1, SENT)]


def test_what_still_waits_when_its_reader_is_gone_is_dropped() -> None:
    ring = Ring()
    for n in range(3):
        ring.put(reading(1, float(n)))
    ring.end()
    ring.put(reading(1, 3.0))
    assert (ring.dropped, ring.take(0.0), ring.over) == (4, [], True)


def test_what_one_raises_ends_it_alone_and_is_told() -> None:
    bad, good = Ear(ValueError("no such thing")), Ear()
    feed = Feed([OutletThread(bad), OutletThread(good)], Slots())
    feed(reading(1))
    deadline_s = time.monotonic() + 5.0
    while not feed.notice:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    assert feed.notice == "ear: nothing more is sent: no such thing"
    feed(reading(1, 1.0))
    feed.close()
    assert len(good.heard) == 2
    assert feed.outlets[0].dropped >= 1


@pytest.mark.fault("R24")
def test_one_that_does_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_S", 0.05)
    stuck, good = Ear(), Ear()
    feed = Feed([OutletThread(stuck), OutletThread(good)], Slots())
    stuck.deaf.clear()
    feed(reading(1))
    started_s = time.monotonic()
    feed.close()
    assert time.monotonic() - started_s < 0.5
    assert len(good.heard) == 1
    stuck.deaf.set()


def test_without_outlets_there_is_no_thread() -> None:
    before = set(threading.enumerate())
    feed = Feed([], Slots())
    feed(reading(1))
    assert (set(threading.enumerate()) - before, feed.notice) == (set(), "")
    feed.close()
