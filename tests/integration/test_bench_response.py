"""What the benches of response and flips say of courses that are known."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "bench"))

from flips import flips, per_minute, span_s
from response import Take, curve, timing
from traces import Shown, Trace, show

from realtime_micacl.live.reading.smoother import Smoother
from realtime_micacl.types import EMOTIONS, F32

HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
TIMES = np.arange(0, 8, 0.04).astype(np.float32)


def ramp(times: F32, start_s: float, end_s: float, takes_s: float) -> F32:
    """Return an intensity that rises within `takes_s` from `start_s` and falls as fast from `end_s`."""
    return np.clip(np.minimum((times - start_s) / takes_s, 1 - (times - end_s) / takes_s), 0, 1).astype(np.float32)


def shown(happy: F32, words: tuple[int | None, ...] | None = None) -> Shown:
    shares = np.zeros((len(happy), 7), np.float32)
    shares[:, HAPPY], shares[:, NEUTRAL] = happy, 1 - happy
    return Shown(TIMES, shares, words or tuple(HAPPY if p > 0.5 else NEUTRAL for p in happy))


def take() -> Take:
    """An expression that comes at 2 s and goes at 4 s, each within a tenth of a second."""
    return Take(HAPPY, TIMES, ramp(TIMES, 2.0, 4.0, 0.1), Trace("x", TIMES, shown(TIMES).shares))


def test_delays_are_counted_from_onset_and_offset() -> None:
    found = timing(take(), shown(0.8 * ramp(TIMES, 2.4, 4.6, 0.4)))
    assert found is not None
    assert found.shown == pytest.approx(0.6, abs=0.1), "half of the change, at 2.6 s"
    assert found.faded == pytest.approx(0.8, abs=0.1), "half of it gone, at 4.8 s"
    assert found.cleared == pytest.approx(0.96, abs=0.1)
    assert found.named == pytest.approx(0.65, abs=0.1)
    assert found.gone == pytest.approx(0.75, abs=0.1)
    assert found.gone_after == pytest.approx(0.65, abs=0.1)


def test_what_is_never_shown_has_no_delay_and_what_never_goes_an_endless_one() -> None:
    assert timing(take(), shown(0.3 * ramp(TIMES, 2.4, 4.6, 0.4))) is None
    stays = timing(take(), shown(ramp(TIMES, 2.4, 20.0, 0.4)))
    assert stays is not None
    assert stays.gone == np.inf


def test_the_curve_is_the_mean_around_the_moment() -> None:
    true, share = curve([take()], [shown(0.8 * ramp(TIMES, 2.4, 4.6, 0.4))], "onset_s")
    assert true[0] == share[0] == 0
    assert true[-15] == pytest.approx(1)
    assert share[-15] == pytest.approx(0.8)


def test_flips_are_changes_of_the_word_and_unsure_is_a_word() -> None:
    words = (NEUTRAL,) * 50 + (None,) * 10 + (HAPPY,) * 60 + (NEUTRAL,) * 80
    seen = shown(np.zeros_like(TIMES), words)
    assert flips(seen) == 3
    assert [run[0] for run in seen.runs] == [NEUTRAL, None, HAPPY, NEUTRAL]
    assert per_minute([seen, seen]) == pytest.approx(60 * 3 / span_s(seen))


def test_a_trace_is_smoothed_as_the_program_does_it() -> None:
    trace = Trace("x", TIMES, shown(ramp(TIMES, 2.0, 4.0, 0.1)).shares)
    plain = show(trace, Smoother(abstain_below=0.4, time_constant_s=0.0, dwell_s=0.0))
    slow = show(trace, Smoother(abstain_below=0.4, time_constant_s=0.5))
    assert np.allclose(plain.shares, trace.shares)
    assert slow.runs[1][1] > plain.runs[1][1] + 0.2
