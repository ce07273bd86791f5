"""Who is who from frame to frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.seeing.tracker import Sighting, Tracker
from realtime_micacl.types import F32

RNG = np.random.default_rng(3)
LOOKS = [(v := RNG.normal(size=256).astype(np.float32)) / np.linalg.norm(v) for _ in range(4)]


def sighting(x: float, y: float = 100, side: float = 100, looks: int = 0, may_start: bool = True) -> Sighting:
    box = np.array([x, y, x + side, y + side], np.float32)
    return Sighting(box, LOOKS[looks], may_start)


def test_a_face_is_confirmed_by_its_second_sighting_and_keeps_its_id() -> None:
    tracker = Tracker()
    ids = [tracker.update([sighting(100 + 3 * n)], n / 30) for n in range(30)]
    assert ids[0] == [None]
    assert ids[1:] == [[1]] * 29


def test_what_cannot_be_a_frontal_face_starts_no_track_but_continues_one() -> None:
    tracker = Tracker()
    for n in range(5):
        assert tracker.update([sighting(100, may_start=False)], n / 30) == [None]
    tracker.update([sighting(100)], 0.2)
    assert tracker.update([sighting(101)], 0.23) == [1]
    assert tracker.update([sighting(102, may_start=False)], 0.26) == [1]


def test_the_order_of_detections_is_not_identity() -> None:
    tracker = Tracker()
    for n in range(60):
        a, b = sighting(100, looks=0), sighting(500, looks=1)
        seen = [a, b] if n % 2 else [b, a]
        ids = tracker.update(seen, n / 30)
        if n > 1:
            assert dict(zip((id(s) for s in seen), ids, strict=True)) == {id(a): 1, id(b): 2}


def test_two_people_who_cross_keep_their_ids() -> None:
    tracker = Tracker()
    final: list[int | None] = []
    for n in range(91):
        left, right = sighting(100 + 6 * n, looks=0), sighting(640 - 6 * n, looks=1)
        final = tracker.update([left, right], n / 30)
        if n == 1:
            assert final == [1, 2]
    assert final == [1, 2]


def test_another_face_at_the_same_place_is_another_track() -> None:
    tracker = Tracker()
    for n in range(10):
        tracker.update([sighting(100, looks=0)], n / 30)
    assert tracker.update([sighting(100, looks=1)], 10 / 30) == [None]
    assert tracker.update([sighting(100, looks=1)], 11 / 30) == [2]


@pytest.mark.parametrize(("away_s", "expected"), [(0.9, [1]), (1.1, [None])])
def test_a_face_is_remembered_for_a_while(away_s: float, expected: list[int | None]) -> None:
    tracker = Tracker()
    for n in range(10):
        tracker.update([sighting(100)], n / 30)
    back_s = 9 / 30 + away_s
    for t in np.arange(10 / 30, back_s, 1 / 30):
        tracker.update([], float(t))
    assert tracker.update([sighting(105)], back_s) == expected


@pytest.mark.parametrize(
    ("apart_s", "missed", "same"), [(1.5, 0, True), (1.5, 1, True), (1.5, 2, False), (4.5, 0, True), (5.5, 0, False)]
)
def test_where_looks_are_slow_only_those_that_were_missed_are_forgotten(
    apart_s: float, missed: int, same: bool
) -> None:
    """Many faces on a machine that has much else to do."""
    tracker = Tracker()
    tracker.update([sighting(100)], 0.0)
    assert tracker.update([sighting(100)], 0.1) == [1]
    for n in range(missed):
        tracker.update([], 0.1 + apart_s * (n + 1))
    ids = tracker.update([sighting(105)], 0.1 + apart_s * (missed + 1))
    assert ids == ([1] if same else [None])


def mixed(likeness: float) -> F32:
    """Looks that are so like the first ones."""
    aside = LOOKS[1] - (LOOKS[1] @ LOOKS[0]) * LOOKS[0]
    return np.asarray(likeness * LOOKS[0] + (1 - likeness**2) ** 0.5 * aside / np.linalg.norm(aside), np.float32)


def known() -> Tracker:
    """A tracker that knows one face, which stands at 100."""
    tracker = Tracker()
    for n in range(5):
        tracker.update([sighting(100)], n / 10)
    return tracker


@pytest.mark.parametrize(
    ("shift", "likeness", "same"),
    [
        (60, 1.0, True),  # a quarter of both boxes together
        (72, 1.0, False),  # a sixth
        (0, 0.6, True),
        (0, 0.4, False),
        (60, 0.6, True),
    ],
)
def test_who_is_near_enough_and_like_enough_is_the_same(shift: float, likeness: float, same: bool) -> None:
    seen = replace(sighting(100 + shift), signature=mixed(likeness))
    assert known().update([seen], 0.5) == [1 if same else None]


def test_of_two_the_nearer_one_is_the_same_unless_it_looks_much_less_alike() -> None:
    near, far = sighting(105), sighting(125)
    assert known().update([near, far], 0.5) == known().update([near, far][::-1], 0.5)[::-1] == [1, None]
    for alike, ids in ((0.9, [1, None]), (0.55, [1, None]), (0.45, [None, 1])):
        assert known().update([replace(near, signature=mixed(alike)), far], 0.5) == ids
    nearer = replace(sighting(112), signature=mixed(0.55))
    assert known().update([nearer, sighting(120)], 0.5) == [None, 1], "as near as that, looks decide"


def test_a_face_that_is_missed_is_expected_to_go_on_for_a_moment_only() -> None:
    tracker = Tracker()
    for n in range(20):
        tracker.update([sighting(100 + 20 * n)], n / 10)  # 200 px a second
    assert tracker.boxes(1.9 + 0.2)[1][0] == pytest.approx(480 + 40, abs=3)
    assert 480 + 40 < tracker.boxes(1.9 + 0.9)[1][0] < 480 + 90


def test_whoever_stops_or_turns_back_is_not_lost_and_nobody_moves_by_one_bad_box() -> None:
    tracker = Tracker()
    for n in range(20):
        tracker.update([sighting(100 + 50 * n)], n / 10)
    assert tracker.update([sighting(1050)], 2.1) == [1], "not where it was expected, but where it was"
    tracker = known()
    tracker.update([sighting(140)], 0.5)  # a detector's box that is too far to the right
    assert 140 + 10 < tracker.boxes(0.6)[1][0] < 140 + 30


def test_two_pictures_of_one_moment_say_nothing_about_speed() -> None:
    tracker = Tracker()
    for n in range(20):
        tracker.update([sighting(100 + 20 * n)], n / 10)
        assert tracker.update([sighting(102 + 20 * n)], max(n / 10 + 1e-9, 5e-324)) == [1]
    assert tracker.boxes(1.9 + 0.1)[1][0] == pytest.approx(482 + 20, abs=3)


def test_a_clock_that_goes_back_restarts_the_tracks() -> None:
    tracker = Tracker()
    tracker.update([sighting(100)], 10.0)
    assert tracker.update([sighting(100)], 10.03) == [1]
    assert tracker.update([sighting(100)], 5.0) == [None]


@given(st.lists(st.lists(st.tuples(st.floats(0, 900), st.integers(0, 3)), max_size=4), min_size=1, max_size=40))
def test_no_id_is_given_twice_in_a_frame_or_to_other_looks(frames: list[list[tuple[float, int]]]) -> None:
    tracker = Tracker()
    looks_of: dict[int, int] = {}
    for n, faces in enumerate(frames):
        ids = tracker.update([sighting(x, looks=looks) for x, looks in faces], n / 30)
        known = [i for i in ids if i is not None]
        assert len(set(known)) == len(known)
        for track_id, (_, looks) in zip(ids, faces, strict=True):
            if track_id is not None:
                assert looks_of.setdefault(track_id, looks) == looks


def test_a_clock_that_goes_back_for_one_of_two_restarts_both() -> None:
    tracker = Tracker()
    for time_s in (0.0, 0.1):
        tracker.update([sighting(100), sighting(500, looks=1)], time_s)
    tracker.update([sighting(100)], 0.5)
    assert tracker.update([sighting(100), sighting(500, looks=1)], 0.3) == [None, None]


def test_between_updates_a_track_goes_on_as_it_moved() -> None:
    tracker = Tracker()
    for n in range(8):
        assert tracker.settled == (n == 0 or n > 1), "nobody is there, or all are known"
        tracker.update([sighting(100 + 8 * n)], n / 12.5)
    assert tracker.boxes(7 / 12.5) == {1: pytest.approx([156, 100, 256, 200])}
    assert tracker.boxes(7.5 / 12.5) == {1: pytest.approx([160, 100, 260, 200], abs=0.5)}
    tracker.update([], 8 / 12.5)
    assert not tracker.settled, "somebody is missed"
    tracker.update([], 7 / 12.5 + 2.0)
    assert tracker.settled
    assert tracker.boxes(30.0) == {}


@pytest.mark.parametrize("apart_s", [0.6, 3.0, 100.0])
def test_whoever_is_on_a_photograph_and_on_the_next_is_the_same(apart_s: float) -> None:
    tracker = Tracker()
    assert [tracker.update([sighting(100)], n * apart_s, still=True) for n in range(3)] == [[1]] * 3
