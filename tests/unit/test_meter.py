"""Meters, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from realtime_micacl import meter as module
from realtime_micacl.meter import BOUNDS_S, Meter


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now_s = 0.0

    def pass_by(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    monkeypatch.setattr(module, "monotonic", lambda: now_s)
    return pass_by


def test_the_rate_is_that_of_the_last_seconds(passes: Callable[[float], None]) -> None:
    meter = Meter()
    for _ in range(100):
        passes(0.1)
        meter.add(0.01)
    assert meter.rate_hz() == pytest.approx(10, rel=0.06)
    assert meter.rate_hz(5.0) == pytest.approx(10, rel=0.03)
    passes(1.0)
    assert meter.rate_hz() == pytest.approx(5, rel=0.1)
    passes(1.5)
    assert meter.rate_hz() == 0, "whoever stood still for a moment is seen to"
    assert (meter.count, meter.total_s) == (100, pytest.approx(1.0))


def test_percentiles_are_of_the_newest_durations_or_of_the_last_seconds(passes: Callable[[float], None]) -> None:
    meter = Meter(keep=100)
    assert np.isnan(meter.percentile_ms(50))
    for n in range(300):
        passes(0.1)
        meter.add(0.001 * n)
    assert meter.percentile_ms(0) == pytest.approx(200), "the older ones are forgotten"
    assert meter.percentile_ms(100) == pytest.approx(299)
    passes(0.05)
    assert meter.percentile_ms(0, 1.0) == pytest.approx(290)
    passes(5.0)
    assert np.isnan(meter.percentile_ms(50, 1.0))


def test_a_minute_of_a_camera_is_kept_and_no_hour() -> None:
    meter = Meter()
    for _ in range(30 * 300):
        meter.add(0.0)
    assert 30 * 60 < len(meter._recent) < 30 * 300


def test_each_duration_is_counted_between_its_bounds() -> None:
    meter = Meter()
    for bound_s in BOUNDS_S:
        meter.add(bound_s)
        meter.add(1.001 * bound_s)
    assert meter.between == [1, *[2] * (len(BOUNDS_S) - 1), 1], "a bound belongs to what it ends"
    assert all(1 < longer_s / shorter_s <= 2.5 for shorter_s, longer_s in pairwise(BOUNDS_S)), "delays are told apart"
