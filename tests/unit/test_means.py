"""Means over a span in place of readings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime_micacl.outlets.means import Means
from realtime_micacl.types import EMOTIONS, EmotionDistribution, Event, Mark, Mean, State, StateChange
from tests.unit.test_slots import reading


def read(time_s: float, lead: str | None, track: int = 1, source: str = "") -> EmotionDistribution:
    shares = np.full(len(EMOTIONS), 0.05, np.float32)
    shares[EMOTIONS.index(lead or "neutral")] = 0.7
    return replace(reading(track, time_s, source, slot=track), emotion=lead, probabilities=shares, latency_s=0.03)


def taken(span_s: float, events: list[Event]) -> list[Event]:
    got: list[Event] = []
    every = Means(span_s, got.append)
    for event in events:
        every(event)
    return got


def test_a_span_gives_its_mean_and_the_share_of_each_word() -> None:
    words = ["happy"] * 15 + ["sad"] * 5 + [None] * 5
    (mean,) = taken(2.0, [read(n * 0.08, word) for n, word in enumerate(words)] + [read(2.0, "fear")])
    assert isinstance(mean, Mean)
    assert (mean.emotion, mean.count, mean.slot, mean.latency_s) == ("happy", 25, 1, 0.03)
    assert mean.shares == {"happy": 0.6, "sad": 0.2, "unsure": 0.2}
    assert mean.over_s == pytest.approx(24 * 0.08)
    assert mean.time_s == pytest.approx(24 * 0.08)
    assert float(mean.probabilities.sum()) == pytest.approx(1.0, abs=1e-5)
    assert mean.probabilities[0] == pytest.approx(0.6 * 0.7 + 0.4 * 0.05)


def test_a_face_that_leaves_closes_its_span_before_it_is_told_and_no_span_reaches_over_a_gap() -> None:
    gone = StateChange(1.0, 1, State.NO_FACE, slot=1)
    got = taken(10.0, [read(0.0, "sad"), read(0.1, "sad"), read(0.1, "fear", track=2), gone, read(5.0, "happy")])
    assert [type(event) for event in got] == [Mean, StateChange]
    assert isinstance(got[0], Mean)
    assert (got[0].track_id, got[0].count) == (1, 2)


def test_a_source_that_stalls_closes_its_own_spans_alone() -> None:
    stalled = StateChange(1.0, None, State.STALLED, source="a")
    got = taken(10.0, [read(0.0, "sad", 1, "a"), read(0.0, "sad", 2, "b"), read(0.0, "fear", 3, "a"), stalled])
    assert [event.track_id for event in got if isinstance(event, Mean)] == [1, 3]
    assert got[-1] is stalled


def test_states_and_marks_pass_at_once() -> None:
    events: list[Event] = [StateChange(0.0, None, State.LIVE), Mark(0.1, 1), StateChange(0.2, 1, State.LIVE)]
    assert taken(5.0, [read(0.0, "sad"), *events]) == events


def test_one_reading_alone_is_its_own_mean() -> None:
    (mean, _) = taken(1.0, [read(0.0, None), StateChange(0.1, 1, State.LOW_QUALITY)])
    assert isinstance(mean, Mean)
    assert (mean.emotion, mean.over_s, mean.shares) == (None, 0.0, {"unsure": 1.0})
