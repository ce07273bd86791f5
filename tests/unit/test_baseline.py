"""The baseline against its formula, written out in float64, and when it is taken, refused, dropped and forgotten."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.live.reading.baseline import CAP, BaselineRequest, Baselines, offset
from realtime_micacl.types import EMOTIONS, F32, Baseline

SPEC = BagSpec(instances=4, frames=4, size_px=32, span_s=1.28)
SAD, NEUTRAL = EMOTIONS.index("sad"), EMOTIONS.index("neutral")
READINGS = st.tuples(  # a face, and how it wavers
    hnp.arrays(np.float32, (1, 7), elements=st.floats(-4, 4, width=32)),
    hnp.arrays(np.float32, (20, 7), elements=st.floats(-0.5, 0.5, width=32)),
).map(lambda parts: parts[0] + parts[1])


def naive(readings: np.ndarray, windows: float) -> list[float]:
    """Return the shift of the docstring, number by number."""
    reference = log((1 - 0.8) / 6 / 0.8)
    shift = []
    for e in range(7):
        odds = [float(row[e]) - float(row[NEUTRAL]) for row in readings]
        mean = sum(odds) / len(odds)
        variance = sum((d - mean) ** 2 for d in odds) / len(odds)
        own = max(0.0, mean - reference) * 2.0**2 / (2.0**2 + variance / windows)
        shift.append(0.0 if e == NEUTRAL else -min(own, 1.0))
    return shift


def face(sad: float = -8.0, n: int = 63) -> F32:
    """Return calibrated logits of a face that is neutral but for its log-odds of sad, [n,K]."""
    rows = np.full((n, 7), -8.0, np.float32)
    rows[:, NEUTRAL], rows[:, SAD] = 0, sad
    return rows


def share(logits: F32, emotion: int) -> float:
    return exp(float(logits[emotion])) / sum(exp(float(z)) for z in logits)


def run(baselines: Baselines, rows: F32, start_s: float = 0.0, track_id: int = 1) -> tuple[F32, Baseline]:
    """Push readings, one per tick; return the last one."""
    for n, row in enumerate(rows):
        found = baselines.shifted(track_id, start_s + n * SPEC.tick_s, row)
    return found


def asked(*, each: bool = False) -> Baselines:
    baselines = Baselines(SPEC, each=each, asked=BaselineRequest())
    if not each:
        baselines.request(BaselineRequest(1), [1])
    return baselines


@given(READINGS)
def test_the_shift_is_the_formula(readings: F32) -> None:
    shift, state = offset(readings, windows=3.9)
    if state is Baseline.SET:
        assert np.allclose(shift, naive(readings, 3.9), atol=1e-4)
    else:
        assert not shift.any()


def test_the_formula_by_hand() -> None:
    """A steady face that is sad by -1 against neutral shows 2.178 more than it should, of which the cap takes 1."""
    shift, state = offset(face(sad=-1.0), windows=4)
    assert state is Baseline.SET
    assert shift[SAD] == pytest.approx(-1.0)
    shift, _ = offset(face(sad=-2.5), windows=4)
    assert shift[SAD] == pytest.approx(-(-2.5 + log(24)), abs=1e-5)
    shifted = face(sad=-2.5)[0] + shift
    assert share(shifted, SAD) == pytest.approx(share(shifted, NEUTRAL) / 24)


def test_what_wavers_is_shifted_less() -> None:
    wavering = face(sad=-2.5)
    wavering[::2, SAD] += 1.5
    wavering[1::2, SAD] -= 1.5
    assert -offset(wavering, windows=1)[0][SAD] < -offset(wavering, windows=9)[0][SAD] < -offset(face(-2.5), 9)[0][SAD]


@given(READINGS)
def test_an_emotion_only_loses_against_neutral_and_by_no_more_than_the_cap(readings: F32) -> None:
    shift, _ = offset(readings, windows=3.9)
    assert shift[NEUTRAL] == 0
    assert (shift <= 0).all()
    assert (shift >= -CAP - 1e-6).all()


def test_a_face_that_reads_as_neutral_is_left_alone() -> None:
    shift, state = offset(face(), windows=4)
    assert state is Baseline.SET
    assert not shift.any()


def test_an_expression_is_refused_as_a_baseline() -> None:
    assert offset(face(sad=0.9), windows=4)[1] is Baseline.SET, "neutral leads again with the shift"
    shift, state = offset(face(sad=1.1), windows=4)
    assert state is Baseline.UNLIKE
    assert not shift.any()


def test_what_changed_within_the_five_seconds_is_refused() -> None:
    rows = face()
    rows[40:, SAD] = 6.0
    assert offset(rows, windows=4)[1] is Baseline.UNSTEADY


@pytest.mark.parametrize(("wavers", "state"), [(0.15, Baseline.SET), (0.25, Baseline.UNSTEADY)])
def test_a_neutral_face_may_waver_a_little(wavers: float, state: Baseline) -> None:
    """Its share of neutral goes up and down by this much about 0.7."""
    rows = np.full((60, 7), -30.0, np.float32)
    for n, row in enumerate(rows):
        neutral = 0.7 + wavers * (-1) ** n
        row[NEUTRAL], row[SAD] = log(neutral), log(1 - neutral)
    assert offset(rows, windows=4)[1] is state


def test_asked_for_it_is_taken_over_five_seconds_and_holds_from_then_on() -> None:
    baselines = asked()
    logits, state = run(baselines, face(sad=0.5, n=60))
    assert state is Baseline.TAKING
    assert logits[SAD] == pytest.approx(0.5), "nothing is shifted before it is settled"
    logits, state = run(baselines, face(sad=0.5, n=3), start_s=60 * SPEC.tick_s)
    assert state is Baseline.SET
    assert logits[SAD] == pytest.approx(0.5 - CAP)
    logits, _ = run(baselines, face(sad=4.0, n=1), start_s=6.0)
    assert logits[SAD] == pytest.approx(4.0 - CAP), "it is not taken again"


def test_a_new_identity_has_none() -> None:
    baselines = asked()
    run(baselines, face(sad=0.5, n=70))
    logits, state = baselines.shifted(2, 6.0, face(sad=0.5)[0])
    assert state is Baseline.NONE
    assert logits[SAD] == pytest.approx(0.5)


def test_asking_again_drops_it() -> None:
    baselines = asked()
    run(baselines, face(sad=0.5, n=70))
    baselines.request(BaselineRequest(2), [1])
    logits, state = baselines.shifted(1, 6.0, face(sad=0.5)[0])
    assert (state, float(logits[SAD])) == (Baseline.NONE, 0.5)
    baselines.request(BaselineRequest(3), [1])
    assert baselines.shifted(1, 6.1, face()[0])[1] is Baseline.TAKING
    baselines.request(BaselineRequest(3), [1])
    assert baselines.shifted(1, 6.2, face()[0])[1] is Baseline.TAKING, "one press is one wish"


def test_only_the_face_that_is_meant_is_taken() -> None:
    baselines = Baselines(SPEC, each=False, asked=BaselineRequest())
    baselines.request(BaselineRequest(1, track_id=2), [1, 2])
    states = [baselines.shifted(track_id, 0.0, face()[0])[1] for track_id in (1, 2)]
    assert states == [Baseline.NONE, Baseline.TAKING]


def test_what_was_asked_before_was_meant_for_others() -> None:
    baselines = Baselines(SPEC, each=False, asked=BaselineRequest(4))
    baselines.request(BaselineRequest(4), [1])
    assert baselines.shifted(1, 0.0, face()[0])[1] is Baseline.NONE


def test_too_few_readings_are_refused() -> None:
    baselines = asked()
    for n in range(15):
        _, state = baselines.shifted(1, n * 0.4, face(sad=0.5)[0])
    assert state is Baseline.SPARSE


def test_a_third_of_the_ticks_is_enough() -> None:
    baselines = asked()
    for n in range(30):
        _, state = baselines.shifted(1, n * 0.2, face(sad=0.5)[0])
    assert state is Baseline.SET


def test_unasked_it_waits_for_five_good_seconds() -> None:
    baselines = asked(each=True)
    _, state = run(baselines, face(sad=6.0, n=100))
    assert state is Baseline.TAKING, "an expression is not taken"
    _, state = run(baselines, face(sad=0.5, n=40), start_s=8.0)
    assert state is Baseline.TAKING
    _, state = run(baselines, face(sad=0.5, n=40), start_s=8.0 + 40 * SPEC.tick_s)
    assert state is Baseline.SET


def test_unasked_a_gap_begins_anew() -> None:
    baselines = asked(each=True)
    run(baselines, face(n=50))
    _, state = run(baselines, face(n=50), start_s=6.0)
    assert state is Baseline.TAKING
    _, state = run(baselines, face(n=20), start_s=6.0 + 50 * SPEC.tick_s)
    assert state is Baseline.SET


def test_tracks_that_are_gone_are_forgotten() -> None:
    baselines = Baselines(SPEC, each=True, asked=BaselineRequest())
    for track_id in range(100):
        baselines.shifted(track_id, 10.0 * track_id, face()[0])
    assert len(baselines._tracks) < 10


@pytest.mark.parametrize(("away_s", "state"), [(20.0, Baseline.SET), (200.0, Baseline.NONE)])
def test_a_track_that_is_silent_for_minutes_is_forgotten(away_s: float, state: Baseline) -> None:
    baselines = asked()
    run(baselines, face(sad=0.5, n=70))
    baselines.shifted(2, 5.6 + away_s, face()[0])
    assert baselines.shifted(1, 5.6 + away_s, face()[0])[1] is state


def test_who_asks_while_it_is_taken_unasked_gets_it_now() -> None:
    baselines = asked(each=True)
    run(baselines, face(sad=0.5, n=10))
    baselines.request(BaselineRequest(1), [1])
    _, state = run(baselines, face(sad=0.5, n=70), start_s=0.8)
    assert state is Baseline.SET
