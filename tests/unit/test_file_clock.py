"""Time stamps of files that start over, leap, stand still or are not there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.sources.file_clock import LEAP_S, FileClock

STEP_S = 0.04


def times(stamps: list[float | None]) -> list[float]:
    line = FileClock(STEP_S, "a.mp4")
    return [line.time(stamp) for stamp in stamps]


EVEN = [n * STEP_S for n in range(30)]


@pytest.mark.parametrize(
    ("stamps", "wanted"),
    [
        (EVEN, EVEN),
        ([7.0 + t for t in EVEN], EVEN),
        ([-0.2 + t for t in EVEN], EVEN),
        ([None] * 30, EVEN),
        ([5.0] * 2 + [None] * 2, [0.0, 0.01, 0.05, 0.09]),
        ([*EVEN, *EVEN], [n * STEP_S for n in range(60)]),
        ([*EVEN, *(1e5 + t for t in EVEN)], [n * STEP_S for n in range(60)]),
        ([0.0, 0.04, 3.04, 3.08], [0.0, 0.04, 3.04, 3.08]),
        ([0.0, 0.04, 0.04, 0.08], [0.0, 0.04, 0.05, 0.08]),
        ([0.0, 0.04, 0.03, 0.08], [0.0, 0.04, 0.05, 0.08]),
        ([None, 10.0, 10.04], [0.0, 10.0, 10.04]),
    ],
    ids=["even", "late start", "negative", "none", "equal, then none", "anew", "leap", "hole", "twice", "back", "late"],
)
def test_times_run(stamps: list[float | None], wanted: list[float]) -> None:
    assert np.allclose(times(stamps), wanted)


LAPSE = [10.0 * n for n in range(5)]


@pytest.mark.parametrize(
    ("step_s", "stamps", "last_s"),
    [
        (STEP_S, [0.0, 0.04, 50.0], 50.0),  # a hole
        (STEP_S, [0.0, 0.04, 70.0], 0.08),  # joined
        (10.0, [*LAPSE, 190.0], 190.0),  # fifteen pictures of a time lapse are missing
        (10.0, [*LAPSE, 290.0], 50.0),
        (STEP_S, [*EVEN, 0.86, 1.2], 1.2),  # a picture out of order by 0.3 s changes nothing for the next
        (STEP_S, [*EVEN, 0.46, 0.5], 1.24),  # begun anew
        (STEP_S, [0.0, 1.0, 1.0, 1.0, 1.04], 1.04),
        (STEP_S, [0.0, 1.0, 1.0, 1.0, 1.0, 1.04], 1.1),  # it stands: steps of the rate from here on
    ],
)
def test_holes_are_kept_and_leaps_joined(step_s: float, stamps: list[float], last_s: float) -> None:
    line = FileClock(step_s, "a.mp4")
    assert [line.time(stamp) for stamp in stamps][-1] == pytest.approx(last_s)


def test_a_clock_that_stands_still_is_replaced_by_the_rate() -> None:
    got = times([0.0] * 200)
    assert got[-1] == pytest.approx(200 * STEP_S, rel=0.05)


def test_a_time_lapse_keeps_its_long_steps() -> None:
    line = FileClock(60.0, "lapse.mp4")
    assert [line.time(n * 60.0) for n in range(4)] == [0.0, 60.0, 120.0, 180.0]


def test_where_recordings_are_joined_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    times([*EVEN, *EVEN, *EVEN, *(1e4 + t for t in EVEN)])
    assert caplog.text.count("start over at 1.16 s") == 1


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=60))
def test_each_time_is_later_than_the_one_before_and_no_step_is_a_leap(stamps: list[float | None]) -> None:
    steps = np.diff(times(stamps))
    assert (steps > 0).all() and (steps <= LEAP_S + 1e-6).all()
