"""Faces have slots: the lowest free one, as long as they are there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.records.origin import Hello
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.sinks import Sinks
from realtime_micacl.live.records.slots import STALE_S, Board, Slots
from realtime_micacl.outlets.about import About
from realtime_micacl.types import EMOTIONS, EmotionDistribution, Event, Mark, State, StateChange

P = np.full(len(EMOTIONS), 1 / len(EMOTIONS), np.float32)


def about(**changes: Any) -> About:
    """Return what outlets get of a run that begins now."""
    hello = Hello(
        program="realtime-micacl 1.0",
        engine="default",
        engine_sha256="ab12",
        sources=["camera 0"],
        started_utc="2026-01-01T00:00:00.000Z",
        settings={"smoothing_s": 0.15, "abstain_below": 0.4},
    )
    whole: dict[str, Any] = {"hello": lambda: hello, "clock": Clock.started(), "sources": ("camera 0",), "instances": 4}
    return About(**whole | changes)


def reading(track: int, time_s: float = 0.0, source: str = "", slot: int | None = None) -> EmotionDistribution:
    return EmotionDistribution(track, time_s, P, np.ones(4, np.float32), "sad", 0.9, 1.0, None, source, slot=slot)


def comes(track: int, source: str = "") -> StateChange:
    return StateChange(0.0, track, State.COLLECTING, source=source)


def leaves(track: int, source: str = "") -> StateChange:
    return StateChange(0.0, track, State.NO_FACE, source=source)


def test_a_face_takes_the_lowest_free_slot_and_keeps_it() -> None:
    slots = Slots(3)
    assert [slots.with_slot(comes(track)).slot for track in (7, 8, 9)] == [1, 2, 3]
    assert slots.with_slot(reading(8)).slot == 2
    assert slots.with_slot(leaves(7)).slot == 1, "whose slot it was is said with the leaving"
    assert slots.with_slot(reading(9)).slot == 3, "nobody moves up"
    assert slots.with_slot(comes(10)).slot == 1


def test_somebody_alone_who_is_lost_and_found_again_has_the_same_slot() -> None:
    slots = Slots(4)
    for track in range(1, 20):
        assert slots.with_slot(comes(track)).slot == 1
        slots.with_slot(leaves(track))


def test_where_all_slots_are_taken_one_waits_until_one_is_free() -> None:
    slots = Slots(1)
    assert slots.with_slot(comes(1)).slot == 1
    assert slots.with_slot(comes(2)).slot is None
    assert slots.with_slot(leaves(2)).slot is None
    slots.with_slot(comes(2))
    slots.with_slot(leaves(1))
    assert slots.with_slot(reading(2)).slot == 1


def test_sources_share_the_slots_and_one_that_ends_gives_its_own_back() -> None:
    slots = Slots(4)
    assert [slots.with_slot(comes(track, source)).slot for track, source in ((1, "a"), (2, "b"), (3, "a"))] == [1, 2, 3]
    assert slots.with_slot(StateChange(0.0, None, State.ENDED, source="a")).slot is None
    assert [slots.with_slot(comes(track, "b")).slot for track in (2, 4, 5)] == [2, 1, 3]
    slots.with_slot(StateChange(0.0, None, State.STALLED, source="b"))
    assert slots.with_slot(reading(2, source="b")).slot == 2, "stalled is not gone: its faces leave one by one"


@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=60), st.integers(1, 4))
def test_no_slot_has_two_faces_and_none_stays_taken(moves: list[tuple[int, bool]], count: int) -> None:
    slots, there = Slots(count), dict[int, int | None]()
    for track, stays in moves:
        placed = slots.with_slot(comes(track) if stays else leaves(track))
        there[track] = placed.slot
        if not stays:
            del there[track]
        taken = [slot for slot in there.values() if slot]
        assert len(taken) == len(set(taken))
        assert all(1 <= slot <= count for slot in taken)
    for track in list(there):
        slots.with_slot(leaves(track))
    assert [slots.with_slot(comes(track)).slot for track in range(10, 10 + count)] == list(range(1, count + 1))


def test_every_sink_gets_the_slot() -> None:
    got: list[Event] = []
    sinks = Sinks([got.append], "door")
    sinks.write([StateChange(0.0, None, State.LIVE), comes(3), reading(3)])
    assert [event.slot for event in got] == [None, 1, 1]
    assert {event.source for event in got} == {"door"}


def test_as_shipped_four_faces_have_slots_and_a_reading_counts_for_two_seconds() -> None:
    slots, board = Slots(), Board(1)
    assert [slots.with_slot(comes(track)).slot for track in range(1, 7)] == [1, 2, 3, 4, None, None]
    board.take(reading(1, 10.0, slot=1))
    assert board.reading(1, 11.5) is not None
    assert board.reading(1, 12.5) is None


def test_the_board_forgets_what_no_longer_holds() -> None:
    board = Board(2)
    board.take(StateChange(0.0, None, State.LIVE))
    board.take(reading(1, 10.0, slot=1))
    board.take(reading(2, 10.0, slot=2))
    board.take(Mark(10.0, 1))
    assert board.live
    assert [found and found.track_id for found in board.readings(10.1)] == [1, 2]
    assert board.readings(10.0 + STALE_S) == [None, None], "a stale reading is none"
    board.take(StateChange(10.2, 1, State.LOW_QUALITY, "dark", slot=1))
    assert board.occupied == {2}
    board.take(reading(5, 10.2, slot=None))
    board.take(StateChange(10.3, None, State.STALLED))
    assert not board.live
    assert board.occupied == set()


def test_the_board_tells_sources_apart() -> None:
    board = Board(2)
    for source in "ab":
        board.take(StateChange(0.0, None, State.LIVE, source=source))
    board.take(replace(reading(1, 1.0, "a"), slot=1))
    board.take(replace(reading(2, 1.0, "b"), slot=2))
    board.take(StateChange(1.0, None, State.RECONNECTING, source="a"))
    assert board.occupied == {2}
    assert board.live
