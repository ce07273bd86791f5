from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.reading.smoother import Smoother, Tuning
from realtime_micacl.types import EMOTIONS, F32

HAPPY, SAD, NEUTRAL = 0, 1, 2


def distribution(**share: float) -> F32:
    rest = (1 - sum(share.values())) / (len(EMOTIONS) - len(share))
    return np.array([share.get(name, rest) for name in EMOTIONS], np.float32)


def smoother(time_constant_s: float = 0.3, dwell_s: float = 0.0) -> Smoother:
    return Smoother(abstain_below=0.4, time_constant_s=time_constant_s, dwell_s=dwell_s, unsure_s=dwell_s)


def words(s: Smoother, rows: list[F32], tick_s: float = 0.08) -> list[int | None]:
    return [s.update(1, n * tick_s, row)[1] for n, row in enumerate(rows)]


@pytest.mark.fault("R23")
def test_a_step_is_followed_with_the_time_constant() -> None:
    s = smoother(0.3)
    s.update(1, 0.0, distribution(neutral=0.94))
    after, _ = s.update(1, 0.3, distribution(happy=0.94))
    expected = 0.94 - (0.94 - 0.01) * np.exp(-1)
    assert np.isclose(after[HAPPY], expected, atol=1e-5)


def test_it_is_the_same_whatever_the_rate() -> None:
    ends = []
    for rate_hz in (5, 12, 50):
        s = smoother()
        s.update(1, 0.0, distribution(neutral=0.94))
        for n in range(1, rate_hz + 1):
            after, _ = s.update(1, n / rate_hz, distribution(happy=0.94))
        ends.append(after)
    assert np.allclose(ends, ends[0], atol=1e-5)


def test_it_is_unsure_below_the_threshold() -> None:
    s = smoother(0.0)
    shown = [s.update(1, n / 10, distribution(happy=p))[1] for n, p in enumerate([0.36, 0.41, 0.44, 0.39, 0.36])]
    assert shown == [None, HAPPY, HAPPY, None, None]


@pytest.mark.fault("R23")
def test_near_equal_emotions_do_not_flicker(measured: Callable[[str], None]) -> None:
    s = smoother(0.0)
    s.update(1, 0.0, distribution(neutral=0.6))
    shown = []
    for n in range(1, 40):
        share = {"neutral": 0.46, "sad": 0.48} if n % 2 else {"neutral": 0.48, "sad": 0.46}
        shown.append(s.update(1, n / 10, distribution(**share))[1])
    assert set(shown) == {NEUTRAL}
    measured("39 readings whose leader changes each time: no flip")
    assert s.update(1, 4.0, distribution(sad=0.7))[1] == SAD


def test_whoever_led_before_leads_on_while_nothing_is_clear() -> None:
    """Neutral and happy are torn, happy a little ahead: unsure, and when it is clear enough again still neutral."""
    s = smoother(0.0)
    torn, near = distribution(neutral=0.34, happy=0.36), distribution(neutral=0.44, happy=0.46)
    assert words(s, [distribution(neutral=0.9), torn, torn, near]) == [NEUTRAL, None, None, NEUTRAL]
    assert words(smoother(0.0), [torn, torn, near]) == [None, None, HAPPY]


def shipped(time_constant_s: float = 0.0) -> Smoother:
    return Smoother(abstain_below=0.4, time_constant_s=time_constant_s)


def test_as_shipped_another_emotion_has_to_lead_clearly() -> None:
    calm, near, clear = (distribution(neutral=n, happy=h) for n, h in ((0.9, 0), (0.45, 0.5), (0.42, 0.54)))
    assert words(shipped(), [calm, *[near] * 20]) == [NEUTRAL] * 21
    assert words(shipped(), [calm, clear, clear]) == [NEUTRAL, NEUTRAL, HAPPY]


def test_as_shipped_a_word_waits_for_one_tick_and_unsure_for_most_of_a_second() -> None:
    calm, torn, smile = distribution(neutral=0.9), distribution(neutral=0.3, happy=0.3), distribution(happy=0.9)
    assert words(shipped(), [calm, smile, smile, calm, smile, calm]) == [NEUTRAL, NEUTRAL, HAPPY, HAPPY, HAPPY, HAPPY]
    shown = words(shipped(), [calm, *[torn] * 16])
    assert shown.index(None) in range(9, 13)


@pytest.mark.parametrize(("pause_s", "afresh"), [(0.4, False), (0.6, True)])
def test_a_short_pause_is_bridged_and_a_longer_one_begins_anew(pause_s: float, afresh: bool) -> None:
    s = shipped(0.3)
    s.update(1, 0.0, distribution(neutral=0.94))
    after, _ = s.update(1, pause_s, distribution(happy=0.94))
    assert np.allclose(after, distribution(happy=0.94)) is afresh


def test_a_pause_starts_afresh_and_tracks_do_not_mix() -> None:
    s = smoother(0.3)
    s.update(1, 0.0, distribution(neutral=0.94))
    other, _ = s.update(2, 0.0, distribution(happy=0.94))
    assert np.allclose(other, distribution(happy=0.94))
    later, shown = s.update(1, 5.0, distribution(sad=0.94))
    assert np.allclose(later, distribution(sad=0.94))
    assert shown == SAD


@given(st.lists(st.lists(st.floats(0.001, 1), min_size=7, max_size=7), min_size=1, max_size=20), st.floats(0, 2))
def test_what_comes_out_is_a_distribution(rows: list[list[float]], time_constant_s: float) -> None:
    s = smoother(time_constant_s)
    for n, row in enumerate(rows):
        smooth, leader = s.update(1, n / 10, np.divide(row, sum(row), dtype=np.float32))
        assert np.isclose(smooth.sum(), 1, atol=1e-4)
        assert (smooth >= 0).all()
        assert leader is None or smooth[leader] >= 0.4 - 0.03 - 1e-6


def test_what_a_person_tunes_holds_from_the_next_reading_on() -> None:
    s = smoother(0.3)
    s.update(1, 0.0, distribution(neutral=0.94))
    s.tune(Tuning(0.0, 0.4))
    after, leader = s.update(1, 0.1, distribution(happy=0.6))
    assert np.isclose(after[HAPPY], 0.6), "no smoothing any more"
    s.tune(Tuning(0.0, 0.7))
    after, leader = s.update(1, 0.2, distribution(happy=0.6))
    assert np.isclose(after[HAPPY], 0.6)
    assert leader is None


@pytest.mark.parametrize("wrong", [(-0.1, 0.5), (10.1, 0.5), (0.1, -0.1), (0.1, 1.1), (float("nan"), 0.5)])
def test_a_tuning_beyond_its_limits_cannot_be_made(wrong: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="must be 0 to"):
        Tuning(*wrong)


@pytest.mark.fault("R23")
def test_a_word_that_lasts_a_tick_or_two_is_not_shown() -> None:
    """On the way from neutral to happy nothing leads for a moment; "unsure" does not flash up."""
    calm, torn, smile = distribution(neutral=0.9), distribution(neutral=0.3, happy=0.3), distribution(happy=0.9)
    shown = words(smoother(0.0, dwell_s=0.16), [calm] * 4 + [torn] * 2 + [smile] * 3)
    assert shown == [NEUTRAL] * 8 + [HAPPY]
    assert None in words(smoother(0.0), [calm] * 4 + [torn] * 2 + [smile] * 3)


def test_a_word_that_stays_is_shown_after_the_dwell_and_the_first_one_at_once() -> None:
    calm, torn = distribution(neutral=0.9), distribution(neutral=0.3, happy=0.3)
    assert words(smoother(0.0, dwell_s=0.16), [calm, *[torn] * 4]) == [NEUTRAL] * 3 + [None] * 2
    assert words(smoother(0.0, dwell_s=0.16), [torn, torn]) == [None, None]


def test_a_word_that_is_right_again_in_between_starts_the_dwell_anew() -> None:
    calm, smile = distribution(neutral=0.9), distribution(happy=0.9)
    rows = [calm, smile, smile, calm, smile, smile, calm]
    assert set(words(smoother(0.0, dwell_s=0.16), rows)) == {NEUTRAL}


def test_words_that_take_turns_too_fast_are_never_shown() -> None:
    """However long the old word has been out of date, another takes its place once it lasts, and not before."""
    calm, smile, frown = distribution(neutral=0.9), distribution(happy=0.9), distribution(sad=0.9)
    rows = [calm, *[smile, frown] * 10, frown, frown]
    assert words(smoother(0.0, dwell_s=0.16), rows) == [NEUTRAL] * 22 + [SAD]


def test_unsure_may_take_longer_than_a_word() -> None:
    calm, torn, smile = distribution(neutral=0.9), distribution(neutral=0.3, happy=0.3), distribution(happy=0.9)
    slow = Smoother(abstain_below=0.4, time_constant_s=0.0, dwell_s=0.08, unsure_s=0.24)
    assert words(slow, [calm, torn, torn, torn, torn, smile, smile]) == [NEUTRAL] * 4 + [None] * 2 + [HAPPY]


def test_the_dwell_holds_back_words_and_never_shares() -> None:
    s = smoother(0.0, dwell_s=10.0)
    s.update(1, 0.0, distribution(neutral=0.9))
    shares, word = s.update(1, 0.08, distribution(happy=0.9))
    assert word == NEUTRAL
    assert np.isclose(shares[HAPPY], 0.9)


def test_as_shipped_readings_that_come_faster_do_not_make_words_shorter() -> None:
    tuned = Smoother(abstain_below=0.4, time_constant_s=0.0)
    shown = words(tuned, [distribution(happy=0.9)] + [distribution(sad=0.9)] * 6, tick_s=0.02)
    assert shown[:4] == [HAPPY] * 4
    assert shown[-1] == SAD


def test_a_lopsided_face_shows_no_emotion_for_sure() -> None:
    s = smoother(time_constant_s=0.0)
    even, leader = s.update(1, 0.0, distribution(happy=0.94), lopsided=1.0)
    assert leader is None
    assert int(np.argmax(even)) == HAPPY
    assert np.isclose(even.sum(), 1, atol=1e-6)
    half, _ = smoother(time_constant_s=0.0).update(1, 0.0, distribution(happy=0.94), lopsided=0.5)
    assert even[HAPPY] < half[HAPPY] < 0.94


def test_what_is_just_after_a_grimace_counts_little_and_soon_in_full() -> None:
    s = smoother(time_constant_s=0.0)
    s.update(1, 0.0, distribution(happy=0.94), lopsided=1.0)
    shares = [float(s.update(1, n * 0.08, distribution(happy=0.94))[0][HAPPY]) for n in range(1, 60)]
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < 0.8 < shares[25]
    assert shares[-1] > 0.9
    assert s.update(2, 4.8, distribution(happy=0.94))[0][HAPPY] > 0.93, "another face has made none"
