"""Bars move towards the newest reading and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.types import EmotionDistribution, Face, Frame, Quality, State
from realtime_micacl_ui.motion import STEP_S, eased
from realtime_micacl_ui.view import View

IMAGE = np.zeros((8, 8, 3), np.uint8)
Shares = list[float]
shares = st.lists(st.floats(0, 1, width=32), min_size=7, max_size=7)


def view(p: Shares, state: State = State.LIVE) -> View:
    face = Face(1, np.array([0, 0, 4, 4], np.float32), IMAGE, 0.9, Quality(1.0), state, 1.0)
    reading = EmotionDistribution(1, 10.0, np.array(p, np.float32), np.ones(4, np.float32), "happy", 1.0, 1.0)
    return View("x", State.LIVE, 10.0, Frame(IMAGE, 10.0, 0), (face,), {1: reading})


@given(shares, shares, st.floats(0.001, 1.0))
def test_a_bar_stays_between_where_it_was_and_the_reading(was: Shares, goal: Shares, elapsed_s: float) -> None:
    bars = eased({1: tuple(was)}, view(goal), elapsed_s, reduced=False)
    for before, now, target in zip(was, bars[1], goal, strict=True):
        assert min(before, target) - 1e-6 <= now <= max(before, target) + 1e-6


def test_it_arrives_and_then_nothing_changes() -> None:
    v, bars = view([0.7, 0.3, 0, 0, 0, 0, 0]), {1: (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)}
    course = [bars[1]]
    while (after := eased(bars, v, STEP_S, reduced=False)) is not bars:
        bars = dict(after)
        course.append(bars[1])
    assert bars[1] == pytest.approx(tuple(v.readings[1].probabilities))
    assert 10 < len(course) < 30, "a fifth of a second to half a second"
    assert max(abs(a - b) for a, b in zip(*course[-2:], strict=True)) < 0.01, "no jump at the end"


def test_a_new_face_starts_at_its_reading_and_reduced_motion_jumps() -> None:
    v = view([0.7, 0.3, 0, 0, 0, 0, 0])
    goal = tuple(v.readings[1].probabilities.tolist())
    assert eased({}, v, STEP_S, reduced=False) == {1: goal}
    assert eased({1: (0.0,) * 7}, v, STEP_S, reduced=True) == {1: goal}


def test_without_a_reading_there_is_no_bar() -> None:
    v = view([0.7, 0.3, 0, 0, 0, 0, 0], State.LOW_QUALITY)
    assert eased({1: (0.5,) * 7}, v, STEP_S, reduced=False) == {}
    assert eased({1: (0.5,) * 7}, replace(v, state=State.STALLED), STEP_S, reduced=False) == {}
