"""What the timeline remembers: a minute, bounded, and the window that belongs to the newest reading."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.testing import face, reading
from realtime_micacl.types import EMOTIONS, Bag, Scene, State
from realtime_micacl_ui.past import HOLD_S, SPAN_S, STEP_S, Past, remember, weigh
from realtime_micacl_ui.view import View, follow

TICK_S = 0.08


def bag(end_s: float, track_id: int = 1) -> Bag:
    crops = np.zeros((4, 4, 2, 2, 3), np.uint8)
    crops[...] = np.arange(16, dtype=np.uint8).reshape(4, 4, 1, 1, 1)
    return Bag(track_id, 0, crops, end_s - 15 * TICK_S, end_s, 1.0, 1.0)


def past_of(*times_s: float) -> Past:
    pasts: dict[int, Past] = {}
    for time_s in times_s:
        pasts = dict(remember(pasts, [reading(time_s)], time_s))
    return pasts[1]


def test_a_reading_is_remembered_once() -> None:
    pasts = remember({}, [reading(1.0), reading(1.0, 2, None)], 1.0)
    assert remember(pasts, [reading(1.0), reading(1.0, 2, None)], 1.1) is pasts
    pasts = remember(pasts, [reading(1.08, emotion="fear")], 1.08)
    assert pasts[1].times_s.tolist() == [1.0, 1.08]
    assert pasts[1].leads.tolist() == [EMOTIONS.index("happy"), EMOTIONS.index("fear")]
    assert pasts[2].leads.tolist() == [-1]
    assert pasts[1].shares.shape == (2, 7)
    assert pasts[1].importance.shape == (2, 4)


def test_the_timeline_goes_on_in_steps_and_loses_no_reading() -> None:
    view, steps = View("camera 0"), 0
    for n in range(51):
        now_s = 10 + n * TICK_S
        scene = Scene(now_s, None, (face(1),), State.LIVE)
        last, view = view, follow(view, Snapshot(now_s=now_s, scene=scene, readings=(reading(now_s),)))
        steps += view.pasts is not last.pasts
        assert now_s - view.pasts[1].times_s[-1] < STEP_S, "no reading waits for longer"
    assert steps == 26, "at once, then at every other reading"
    np.testing.assert_allclose(view.pasts[1].times_s, 10 + np.arange(51) * TICK_S)


def test_a_minute_is_kept_and_no_more() -> None:
    past = past_of(*np.arange(0.0, 200.0, 0.5))
    assert past.times_s[-1] - past.times_s[0] == pytest.approx(SPAN_S)
    assert len(past.times_s) == len(past.shares) == len(past.importance) == len(past.leads) == 121


def test_a_crowd_is_remembered_but_not_everybody_who_ever_came() -> None:
    few = remember({}, [reading(track / 10, track) for track in range(8)], 1.0)
    assert sorted(few) == list(range(8))
    many = remember({}, [reading(track / 10, track) for track in range(100)], 10.0)
    assert 8 <= len(many) < 100
    assert sorted(many) == list(range(100 - len(many), 100)), "the last to be read"


def test_who_left_a_minute_ago_is_forgotten_even_when_nobody_comes() -> None:
    pasts = remember({}, [reading(1.0)], 1.0)
    assert remember(pasts, [], 61.0) is pasts
    assert remember(pasts, [], 61.1) == {}


def test_a_reading_stands_for_a_moment_and_then_there_is_a_gap() -> None:
    past = past_of(1.0, 1.1, 3.0)
    assert past.at(0.99) is None
    assert [past.at(t) for t in (1.0, 1.09, 1.1, 1.1 + HOLD_S - 0.01)] == [0, 0, 1, 1]
    assert past.at(1.1 + HOLD_S + 0.01) is None
    assert past.at(3.0) == 2


def test_a_window_is_shown_with_its_own_reading_only() -> None:
    first, second = bag(1.0), bag(1.08)
    assert weigh({}, [second], [reading(1.0)]) == {}
    windows = weigh({}, [first, second], [reading(1.0)])
    assert windows[1].bag is first
    assert weigh(windows, [first, second], [reading(1.0)]) is windows
    assert weigh(windows, [first, second], [reading(1.08)])[1].bag is second
    assert weigh(windows, [first, second], [reading(1.08, 2)]) is windows


def test_of_each_instance_the_middle_crop_is_shown() -> None:
    window = weigh({}, [bag(1.0)], [reading(1.0)])[1]
    assert window.crops[:, 0, 0, 0].tolist() == [2, 6, 10, 14]
    assert window.instance_s == pytest.approx(4 * TICK_S)
