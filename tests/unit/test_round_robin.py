"""Which parts of a picture are looked at when."""

from __future__ import annotations

from itertools import pairwise

import pytest

from realtime_micacl.live.seeing.round_robin import KEPT_S, LOOKS, RoundRobin

TICK_S = 0.08


@pytest.mark.parametrize("count", [1, 3, 4, 15, 60])
def test_every_part_is_looked_at_within_a_few_looks(count: int) -> None:
    rounds = RoundRobin()
    assert rounds.due(count, 0.0) == list(range(count))
    looks = [set(rounds.due(count, k * TICK_S)) for k in range(1, 30)]
    for first in range(len(looks) - LOOKS):
        assert set().union(*looks[first : first + LOOKS]) == set(range(count))
    if count > LOOKS:
        assert all(len(look) < count for look in looks)
        assert all(a != b for a, b in pairwise(looks))


def test_a_part_with_a_face_is_looked_at_each_time_until_it_has_been_empty_for_a_while() -> None:
    rounds = RoundRobin()
    rounds.due(15, 0.0)
    rounds.saw([7])
    when = [k * TICK_S for k in range(1, 30) if 7 in rounds.due(15, k * TICK_S)]
    assert [w for w in when if w <= KEPT_S] == [k * TICK_S for k in range(1, int(KEPT_S / TICK_S) + 1)]
    assert any(b - a > 2 * TICK_S for a, b in pairwise(when)), "then it has its turn"


@pytest.mark.parametrize("then_s", [-1.0, 5.0])
def test_after_a_pause_or_in_another_clip_all_is_looked_at(then_s: float) -> None:
    rounds = RoundRobin()
    for k in range(10):
        rounds.due(15, k * TICK_S)
    assert rounds.due(15, then_s) == list(range(15))


def test_a_picture_of_another_size_has_other_parts() -> None:
    rounds = RoundRobin()
    rounds.due(15, 0.0)
    rounds.saw([14])
    assert max(rounds.due(6, TICK_S)) < 6


def test_in_a_crowd_nobody_waits_half_a_second_and_whoever_was_seen_does_not_wait_at_all() -> None:
    rounds = RoundRobin()
    rounds.due(43, 0.0)
    rounds.saw([42])
    looks = [rounds.due(43, k * TICK_S) for k in range(1, 6)]
    assert set().union(*looks) == set(range(43))
    assert all(42 in look for look in looks)


def test_looks_that_are_a_second_apart_are_at_all_parts() -> None:
    rounds = RoundRobin()
    assert [len(rounds.due(43, float(k))) for k in range(3)] == [43] * 3
