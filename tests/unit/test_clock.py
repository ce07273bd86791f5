"""What the time stamps of a stream say: when a picture was taken, how wrong its clock is, when one is due."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.sources.arrival import TooFast
from realtime_micacl.live.sources.clock import LATE_S, Lag, Pace, StreamClock

RATE_HZ = 25


def test_a_picture_that_the_network_held_back_keeps_the_time_at_which_it_was_taken() -> None:
    clock = StreamClock()
    late_s = [0.0, 0.0, 0.3, 0.2, 0.0]
    times = [clock.capture_time(n / RATE_HZ, 500 + n / RATE_HZ + late) for n, late in enumerate(late_s)]
    assert times == pytest.approx([500 + n / RATE_HZ for n in range(5)], abs=1e-3)


def test_a_clock_that_drifts_a_little_is_followed() -> None:
    clock = StreamClock()
    for n in range(60):
        arrived_s = 500 + n * 1.0005
        assert arrived_s - clock.capture_time(float(n), arrived_s) < 1e-6
    assert arrived_s + 1 - clock.capture_time(60.0, arrived_s + 2.0005) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("jump_s", "anew"), [(-0.4, False), (-0.6, True), (-3600.0, True), (4.0, False), (6.0, True), (3600.0, True)]
)
def test_time_stamps_that_jump_begin_a_new_clock(jump_s: float, anew: bool) -> None:
    clock = StreamClock()
    for n in range(RATE_HZ):
        clock.capture_time(100 + n / RATE_HZ, 500 + n / RATE_HZ)
    taken_s = clock.capture_time(101 + jump_s, 501.2)
    assert (taken_s == pytest.approx(501.2)) is (anew or jump_s > 0), "what lies ahead is never taken for the future"
    before_s = clock.capture_time(101 + jump_s - 0.3, 501.24)
    assert before_s < 501.24, "what comes out of order was taken before"


def test_after_a_jump_what_was_measured_before_it_says_nothing() -> None:
    clock = StreamClock()
    for n in range(RATE_HZ * 5):
        clock.capture_time(n / RATE_HZ, 500 + n / RATE_HZ * 1.1)
    assert clock.measured() == pytest.approx(0.1, abs=0.01)
    clock.capture_time(25.0, 505.6)
    assert clock.measured() is None


@pytest.mark.parametrize(
    ("came_s", "drift"),
    [
        (lambda n: n / RATE_HZ, 0.0),
        (lambda n: n / RATE_HZ * 1.2, 0.2),
        (lambda n: n / RATE_HZ * 0.8, -0.2),
        (lambda n: n / RATE_HZ * 1.1 + 0.1 * (n % 50 == 30), 0.1),  # one comes late
        (lambda n: n / RATE_HZ * 1.4, None),  # no clock is as wrong as that: a slow line
        (lambda n: n / RATE_HZ * 1.1 + (0.4 if 40 < n < 60 else 0.0), None),  # a line that stopped
    ],
)
def test_a_clock_is_known_after_a_few_seconds_and_a_slow_line_is_none(
    came_s: Callable[[int], float], drift: float | None
) -> None:
    clock = StreamClock()
    for n in range(RATE_HZ * 6):
        if n == RATE_HZ * 2:
            assert clock.measured() is None, "too soon"
        clock.capture_time(n / RATE_HZ, 500 + came_s(n))
    assert clock.measured() == (None if drift is None else pytest.approx(drift, abs=0.01))


def test_a_drift_that_is_known_is_added_to() -> None:
    clock = StreamClock(0.1)
    for n in range(RATE_HZ * 6):
        clock.capture_time(n / RATE_HZ, 500 + n / RATE_HZ * 1.21)
    assert clock.measured() == pytest.approx(0.21, abs=0.005)


def test_of_a_stream_that_runs_for_hours_the_last_minute_is_measured() -> None:
    clock = StreamClock()
    for n in range(600):
        clock.capture_time(n / 2, 500 + n / 2 * (1.0 if n < 450 else 1.1) - (22.5 if n >= 450 else 0.0))
    assert clock.measured() == pytest.approx(0.1, abs=0.02)


def test_pictures_that_come_too_soon_are_due_at_their_own_pace() -> None:
    pace = Pace()
    assert [pace.due(n / RATE_HZ, 50.0) for n in range(4)] == pytest.approx([50 + n / RATE_HZ for n in range(4)])
    assert pace.due(9.0, 50.1) == pytest.approx(59.0), "a hole takes its time"
    assert pace.due(30.0, 59.0) == 59.0, "a long one does not"
    assert pace.due(1.0, 59.1) == 59.1, "nor does a time stamp that went back"
    assert pace.due(1.04, 59.4) == pytest.approx(59.14), "a little late: the pace is made up for"
    assert pace.due(1.08, 62.0) == 62.0, "very late: the pace begins again"


@pytest.mark.parametrize(
    ("speed", "seconds", "hasty"), [(1.0, 9, False), (1.4, 9, False), (1.8, 2, False), (1.8, 5, True)]
)
def test_what_goes_on_coming_faster_than_it_was_taken_is_no_camera(speed: float, seconds: int, hasty: bool) -> None:
    too_fast = TooFast()
    said = [too_fast.now(n / RATE_HZ * speed, 70 + n / RATE_HZ) for n in range(RATE_HZ * seconds + 1)]
    assert said[-1] is hasty


def test_haste_that_stops_for_a_second_counts_from_the_beginning() -> None:
    too_fast, pts_s = TooFast(), 0.0
    for second in range(9):
        pts_s += 1.0 if second % 3 == 2 else 3.0
        assert not too_fast.now(pts_s, 70.0 + second)


def test_stream_times_follow_the_fastest_frames() -> None:
    clock = StreamClock()
    delays = np.random.default_rng(0).uniform(0.02, 0.1, 200)
    delays[10] = 0.02
    got = [clock.capture_time(n / 25, 1000 + n / 25 + delay) for n, delay in enumerate(delays)]
    errors = np.array(got)[20:] - (1000.02 + np.arange(20, 200) / 25)
    assert np.abs(errors).max() < 0.02


def test_a_frame_held_back_by_the_network_keeps_its_time() -> None:
    clock = StreamClock()
    for n in range(50):
        clock.capture_time(n / 25, 500 + n / 25)
    assert clock.capture_time(2.0, 500 + 6.0) == pytest.approx(502.0, abs=0.02)


@given(st.floats(0, 1e4))
def test_a_forward_jump_of_the_stream_s_clock_is_taken_over(jump_s: float) -> None:
    clock = StreamClock()
    for n in range(50):
        clock.capture_time(n / 25, 500 + n / 25)
    for n in range(50, 150):
        arrived_s = 500 + n / 25
        time_s = clock.capture_time(n / 25 + jump_s, arrived_s)
    assert abs(arrived_s - time_s) <= LATE_S + 0.1


def test_what_a_server_kept_is_as_old_as_what_came_with_it_says() -> None:
    clock = StreamClock()
    assert clock.capture_time(50.0, 1000.0, newest=(60.0, 1000.1)) == pytest.approx(990.1)
    assert clock.capture_time(60.0, 1000.1) == pytest.approx(1000.1, abs=0.02)


@pytest.mark.parametrize(("speed", "lost"), [(5.0, False), (1.6, False), (1.2, True), (1.0, True), (0.5, True)])
def test_who_is_late_and_does_not_catch_up_is_lost(speed: float, lost: bool) -> None:
    lag, now_s, behind_s = Lag(), 0.0, 3.0
    while behind_s > LATE_S and now_s < 2.5:
        assert lag.late(behind_s, now_s)
        now_s, behind_s = now_s + 0.1, behind_s - 0.1 * (speed - 1)
    assert lag.lost is lost
    assert not lag.late(LATE_S / 2, now_s)
