"""The course of visits: examples of each step, and what holds whatever people do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl_ui.kiosk.state import READ_S, Act, KioskState, Notice, Stage, Times, follow

TIMES = Times()
NOBODY, THERE = Notice(), Notice(near=True)
GO, STOP = Notice(near=True, act=Act.GO), Notice(near=True, act=Act.STOP)


def after(state: KioskState, notice: Notice, seconds: float, start_s: float, step_s: float = 0.1) -> KioskState:
    """The state after so many seconds of the same."""
    for i in range(1, round(seconds / step_s) + 1):
        state = follow(state, notice, TIMES, start_s + i * step_s)
    return state


def at(stage: Stage, **others: object) -> KioskState:
    return KioskState(stage, since_s=100.0, began_s=100.0, there_s=100.0, appeared_s=100.0, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "stage"), [(0.9, Stage.ATTRACT), (1.2, Stage.CONSENT)])
def test_the_card_comes_after_a_second_with_a_face(seconds: float, stage: Stage) -> None:
    assert after(KioskState(), THERE, seconds, 10.0).stage is stage


def test_a_face_that_passes_by_brings_no_card_but_a_blink_is_no_absence() -> None:
    state = after(KioskState(), THERE, 0.7, 10.0)
    assert after(after(state, NOBODY, 0.3, 10.7), THERE, 0.4, 11.0).stage is Stage.CONSENT
    assert after(after(state, NOBODY, 0.6, 10.7), THERE, 0.8, 11.3).stage is Stage.ATTRACT


@pytest.mark.parametrize("touch", [Notice(act=Act.GO), Notice(language=1)])
def test_a_touch_brings_the_card_at_once(touch: Notice) -> None:
    state = follow(KioskState(), touch, TIMES, 10.0)
    assert (state.stage, state.language) == (Stage.CONSENT, touch.language or 0)


def test_consent_begins_a_visit_but_not_the_second_tap_of_a_double_one() -> None:
    card = at(Stage.CONSENT)
    assert follow(card, GO, TIMES, 100.0 + READ_S - 0.1).stage is Stage.CONSENT
    begun = follow(card, GO, TIMES, 100.0 + READ_S)
    assert (begun.stage, begun.visits) == (Stage.LIVE, 1)


def test_who_declines_is_let_be_until_they_have_left() -> None:
    state = follow(at(Stage.CONSENT), STOP, TIMES, 103.0)
    assert state.stage is Stage.ATTRACT
    state = after(state, THERE, 20, 103.0)
    assert state.stage is Stage.ATTRACT
    assert follow(state, GO, TIMES, 123.1).stage is Stage.CONSENT
    assert after(after(state, NOBODY, 5.1, 123.0), THERE, 1.5, 128.2).stage is Stage.CONSENT


def test_a_card_without_an_answer_goes_away() -> None:
    card = at(Stage.CONSENT, language=1)
    unanswered = after(card, THERE, TIMES.consent_s + 0.1, 100.0)
    assert (unanswered.stage, unanswered.settled, unanswered.language) == (Stage.ATTRACT, True, 0)
    assert after(card, NOBODY, TIMES.gone_s - 0.2, 100.0).stage is Stage.CONSENT
    left = after(card, NOBODY, TIMES.gone_s + 0.1, 100.0)
    assert (left.stage, left.settled) == (Stage.ATTRACT, False)


def test_who_walks_away_is_asked_after_two_seconds_and_wiped_after_five() -> None:
    state = after(at(Stage.LIVE, visits=1), NOBODY, 1.9, 100.0)
    assert state.stage is Stage.LIVE
    state = follow(state, NOBODY, TIMES, 102.1)
    assert state.stage is Stage.ASKING
    assert state.left_s(TIMES, 102.1) == pytest.approx(2.9)
    assert after(state, NOBODY, 2.7, 102.1).stage is Stage.ASKING
    assert after(state, NOBODY, 3.0, 102.1).stage is Stage.WIPING


def test_who_was_only_out_of_sight_is_shown_again() -> None:
    state = after(at(Stage.LIVE, visits=1), NOBODY, 2.1, 100.0)
    state = follow(state, THERE, TIMES, 102.3)
    assert (state.stage, state.visits) == (Stage.LIVE, 1)


def test_a_touch_while_the_face_is_gone_needs_a_new_consent() -> None:
    state = after(at(Stage.LIVE, visits=1), NOBODY, 2.5, 100.0)
    state = follow(state, Notice(act=Act.GO), TIMES, 102.6)
    assert state.stage is Stage.WIPING
    state = follow(state, Notice(clean=False), TIMES, 102.7)
    assert state.stage is Stage.WIPING
    assert follow(state, NOBODY, TIMES, 102.8).stage is Stage.CONSENT


def test_a_long_visit_is_asked_whether_to_go_on() -> None:
    state = after(at(Stage.LIVE, visits=1), THERE, TIMES.visit_s + 0.1, 100.0)
    assert state.stage is Stage.ASKING
    assert state.left_s(TIMES, 280.1) > 14
    on = follow(state, GO, TIMES, 285.0)
    assert (on.stage, on.visits) == (Stage.LIVE, 1)
    assert after(on, THERE, 100, 285.0).stage is Stage.LIVE
    assert after(state, THERE, TIMES.answer_s + 0.2, 280.1).stage is Stage.WIPING
    assert after(state, NOBODY, TIMES.gone_s + 0.2, 280.1).stage is Stage.WIPING


@pytest.mark.parametrize("stage", [Stage.LIVE, Stage.ASKING])
def test_stop_wipes_at_once(stage: Stage) -> None:
    state = follow(at(stage, visits=1), STOP, TIMES, 101.0)
    assert (state.stage, state.settled) == (Stage.WIPING, True)


def test_wiping_lasts_until_nothing_is_left() -> None:
    state = at(Stage.WIPING, visits=1)
    assert after(state, Notice(clean=False), 60, 100.0).stage is Stage.WIPING
    assert after(state, NOBODY, TIMES.thanks_s - 0.2, 100.0).stage is Stage.WIPING
    assert after(state, NOBODY, TIMES.thanks_s + 0.1, 100.0).stage is Stage.ATTRACT


@pytest.mark.parametrize(
    ("begun", "notice", "too_soon_s", "late_s", "then"),
    [
        (Stage.CONSENT, THERE, 20.0, 300.0, Stage.ATTRACT),  # the card can be read, and does not stay for ever
        (Stage.ASKING, THERE, 8.0, 60.0, Stage.WIPING),
        (Stage.WIPING, NOBODY, 1.0, 10.0, Stage.ATTRACT),  # the farewell too
    ],
)
def test_as_it_comes_it_gives_people_time_and_not_too_much(
    begun: Stage, notice: Notice, too_soon_s: float, late_s: float, then: Stage
) -> None:
    state = replace(at(begun, visits=1), began_s=-100.0)  # a long visit
    assert after(state, notice, too_soon_s, 100.0).stage is begun
    stages = {follow(state, notice, TIMES, 100.0 + late_s).stage}
    assert stages == {then}


def test_a_yes_counts_three_seconds_after_the_card_came_and_a_double_tap_does_not() -> None:
    assert follow(at(Stage.CONSENT), GO, TIMES, 100.3).stage is Stage.CONSENT
    assert follow(at(Stage.CONSENT), GO, TIMES, 103.0).stage is Stage.LIVE


notices = st.builds(
    Notice,
    near=st.booleans(),
    act=st.sampled_from([None, None, Act.GO, Act.GO, Act.STOP]),
    language=st.sampled_from([None, None, None, 0, 1]),
    clean=st.booleans(),
)
pauses = st.sampled_from([0.016, 0.1, 0.5, 1.0, 2.5, 6.0, 20.0, 200.0])
days = st.lists(st.tuples(pauses, notices, st.integers(1, 6)), max_size=30)


def states(day: Iterable[tuple[float, Notice, int]]) -> Iterable[tuple[KioskState, Notice, KioskState, float]]:
    state, now_s = KioskState(), 0.0
    for pause_s, notice, times in day:
        for _ in range(times):
            now_s += pause_s
            last, state = state, follow(state, notice, TIMES, now_s)
            yield last, notice, state, now_s


@given(days)
def test_no_visit_without_a_fresh_yes_to_the_card(day: list[tuple[float, Notice, int]]) -> None:
    for last, notice, now, now_s in states(day):
        if now.analysing and not last.analysing:
            assert last.stage is Stage.CONSENT
            assert notice.act is Act.GO
            assert now_s - last.since_s >= READ_S
            assert now.visits == last.visits + 1
        else:
            assert now.visits == last.visits


@given(days)
def test_wiping_to_the_end_stands_between_two_visitors(day: list[tuple[float, Notice, int]]) -> None:
    for last, notice, now, _ in states(day):
        if last.analysing and not now.analysing:
            assert now.stage is Stage.WIPING
        if last.stage is Stage.WIPING and now.stage is not Stage.WIPING:
            assert notice.clean
            assert now.stage in (Stage.ATTRACT, Stage.CONSENT)


@given(days)
def test_an_absent_visitor_is_wiped_in_time(day: list[tuple[float, Notice, int]]) -> None:
    absent_s = 0.0
    before_s = 0.0
    for last, notice, now, now_s in states(day):
        absent_s = 0.0 if notice.near or not last.analysing else absent_s + now_s - before_s
        steps = 2 * (now_s - before_s)  # asking comes first, so it takes two looks
        assert not (now.analysing and absent_s > TIMES.gone_s + steps), (absent_s, now)
        before_s = now_s


@given(days)
def test_left_alone_it_always_comes_back_to_the_first_screen(day: list[tuple[float, Notice, int]]) -> None:
    state, now_s = KioskState(), 0.0
    for _, _, state, now_s in states(day):  # noqa: B007  # the last one counts
        pass
    state = after(state, NOBODY, 60, now_s, step_s=2.0)
    assert (state.stage, state.language, state.settled) == (Stage.ATTRACT, 0, False)


@given(days)
def test_it_comes_back_even_from_somebody_who_stays_and_says_nothing(day: list[tuple[float, Notice, int]]) -> None:
    state, now_s = KioskState(), 0.0
    for _, _, state, now_s in states(day):  # noqa: B007
        pass
    seen = set()
    for i in range(1, 180):
        state = follow(state, THERE, TIMES, now_s + 2.0 * i)
        seen.add(state.stage)
    assert state.stage is Stage.ATTRACT
    assert state.settled
