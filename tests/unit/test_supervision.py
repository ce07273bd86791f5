"""Who is given up because it hangs or fails, and who is not because the whole program stood still."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from realtime_micacl.errors import EngineLost, StageFailed
from realtime_micacl.live import supervision
from realtime_micacl.live.supervision import Failures, SupervisedStage, Supervision
from realtime_micacl.types import Bag, EmotionDistribution


class Idle:
    def __init__(self) -> None:
        self.closed = 0

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        return ()

    def close(self) -> None:
        self.closed += 1


class Clock:
    """Stands still unless it is asked to move."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(supervision, "monotonic", found)
    return found


def broken(_: Idle) -> None:
    raise ValueError("boom")


def lost(_: Idle) -> None:
    raise EngineLost("no answer")


def waits_s(clock: Clock, stage: SupervisedStage[Idle]) -> float:
    """Return how long after a failure the stage is asked again."""
    begun_s = clock.now_s
    while stage.attempt(lambda _: "asked") is None:
        clock.now_s += 0.01
    return clock.now_s - begun_s


def test_after_each_failure_of_a_minute_it_waits_twice_as_long(clock: Clock) -> None:
    failures = Failures("recognize")
    stage: SupervisedStage[Idle] = SupervisedStage(Idle, failures)
    waited_s = []
    for _ in range(4):
        stage.attempt(broken)
        waited_s.append(waits_s(clock, stage))
    assert 0.05 < waited_s[0] < 0.5
    assert [b / a for a, b in pairwise(waited_s)] == pytest.approx([2, 2, 2], rel=0.1)
    clock.now_s += 100
    stage.attempt(broken)
    assert waits_s(clock, stage) == pytest.approx(waited_s[0], abs=0.02), "what is long ago does not count"
    assert failures.pause_s() > 0
    assert Failures("perceive").pause_s() == 0


@pytest.mark.parametrize(
    ("every_s", "works", "given_up"),
    [
        (5.0, [broken], True),
        (30.0, [broken], False),  # it comes to itself in between
        (5.0, [lost], False),  # a server that is away is waited for
        (5.0, [broken, broken, broken, lost], False),
    ],
)
def test_what_fails_again_and_again_is_given_up_and_a_server_is_waited_for(
    every_s: float, works: list[Callable[[Idle], None]], given_up: bool, clock: Clock
) -> None:
    watch = Supervision(["recognize"])
    stage: SupervisedStage[Idle] = watch.open("recognize", Idle)
    failed = 0
    while failed < 30 and not watch.fault:
        stage.attempt(works[failed % len(works)])
        failed += 1
        clock.now_s += every_s
    assert bool(watch.fault) is given_up
    assert watch.counts == {"recognize": failed}
    if given_up:
        assert 3 <= failed <= 10, "neither at once nor for ever"
        assert str(watch.fault).endswith("last: ValueError: boom")
        clock.now_s += 1000
        assert stage.attempt(lambda _: "asked") is None, "it is left alone from then on"


def test_a_run_in_which_nothing_was_done_has_failed(clock: Clock) -> None:
    watch = Supervision(["perceive", "recognize"], "door")
    stage: SupervisedStage[Idle] = watch.open("recognize", Idle)
    watch.raise_if_always_failed("recognize")
    stage.attempt(broken)
    watch.raise_if_always_failed("perceive")
    with pytest.raises(StageFailed, match="recognize of door failed at every picture, last: ValueError: boom"):
        watch.raise_if_always_failed("recognize")
    while not watch.fault:
        clock.now_s += 5
        stage.attempt(broken)
    watch.raise_if_always_failed("recognize")  # why it was given up is said anyway


def test_one_that_did_something_between_its_failures_has_not_failed(clock: Clock) -> None:
    watch = Supervision(["recognize"])
    stage: SupervisedStage[Idle] = watch.open("recognize", Idle)
    stage.attempt(broken)
    clock.now_s += 5
    stage.attempt(lambda _: "asked")
    stage.attempt(broken)
    watch.raise_if_always_failed("recognize")
    assert watch.meters["recognize"].count == 1, "what failed is not counted as done"


def test_it_is_known_which_stages_are_open_and_whose_turn_it_is(clock: Clock) -> None:
    watch = Supervision(["perceive", "recognize"])
    assert not watch.opened
    assert not watch.hangs("perceive")
    first = watch.open("perceive", Idle)
    assert not watch.opened
    assert not watch.hangs("recognize")
    made: list[Idle] = []

    def opens() -> Idle:
        made.append(Idle())
        return made[-1]

    with watch.open("recognize", opens) as stage:
        assert (watch.opened, len(made)) == (True, 1), "a fault of the first opening is said at once"
        stage.attempt(broken)
        assert made[0].closed == 1
        again = watch.open("recognize", opens)
        assert len(made) == 1, "in the place of one that failed it is opened when it is asked"
        clock.now_s += 10
        assert again.attempt(lambda _: "asked") == "asked"
        assert len(made) == 2
    again.close()
    again.close()
    first.close()
    assert [idle.closed for idle in made] == [1, 1]


@pytest.mark.parametrize(("takes_s", "hangs"), [(20.0, False), (200.0, True)])
def test_the_first_call_may_load_libraries(takes_s: float, hangs: bool, clock: Clock) -> None:
    watch = Supervision(["recognize"])
    stage: SupervisedStage[Idle] = watch.open("recognize", Idle)

    def work(_: Idle) -> list[bool]:
        found = []
        for _second in range(int(takes_s)):
            clock.now_s += 1
            found.append(watch.hangs("recognize"))
        return found

    if hangs:
        with pytest.raises(supervision.Abandoned):
            stage.attempt(work)
        assert watch.counts == {"recognize": 1}, "said once"
    else:
        assert not any(stage.attempt(work) or ())


def test_the_first_failure_is_logged_with_where_it_came_from(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    stage: SupervisedStage[Idle] = SupervisedStage(Idle, Failures("recognize"))
    for _ in range(3):
        stage.attempt(broken)
        clock.now_s += 5
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, False]


@pytest.mark.parametrize(
    ("asked_s", "given_up_s"),
    [
        ([0.2 * n for n in range(1, 12)], 2.2),  # watched all the time: a hang
        ([0.2, 15.2, 15.4, 15.6, 15.8], 15.8),  # stopped for 15 s, and still at it half a second after: a hang
        ([0.2, 15.2, 15.4], None),  # stopped for 15 s, and done soon after
        ([5.0, 10.0, 15.0], 10.0),  # a watcher that is held up itself, as by a camera, finds a hang at its second look
    ],
)
def test_a_program_that_stood_still_did_not_hang(
    asked_s: list[float], given_up_s: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(supervision, "monotonic", lambda: now_s)
    stage: SupervisedStage[Idle] = SupervisedStage(Idle, Failures("recognize"))
    stage.attempt(lambda idle: idle.recognize([]))  # the first may take long
    found: list[float] = []

    def work(idle: Idle) -> None:
        nonlocal now_s
        for now_s in asked_s:
            if stage.hangs():
                found.append(round(now_s, 1))

    try:
        stage.attempt(work)
        abandoned = False
    except supervision.Abandoned:
        abandoned = True
    assert found == ([] if given_up_s is None else [given_up_s])
    assert abandoned == bool(given_up_s)
