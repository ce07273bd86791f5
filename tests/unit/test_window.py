"""The window never mixes two people or two sides of a gap, and never puts an instance out of order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.live.seeing.window import Window
from realtime_micacl.types import Bag, Face, Quality

SPEC = BagSpec(instances=4, frames=4, size_px=1, span_s=1.28)
MAX_GAP_S = 0.5
RATES_HZ = (5, 12, 25, 30, 60)


def face(track_id: int, number: int) -> Face:
    """A face whose crop says whose it is and from which frame."""
    crop = np.array([[[track_id, number // 256, number % 256]]], np.uint8)
    return Face(track_id, np.zeros(4, np.float32), crop, 0.9, Quality(1.0))


def frames_in(bag: Bag) -> list[int]:
    pixels = bag.crops.reshape(-1, 3).astype(int)
    assert (pixels[:, 0] == bag.track_id).all(), "a crop of somebody else is in the bag"
    return [int(high * 256 + low) for _, high, low in pixels]


@given(st.integers(0, 10**6))
def test_the_frame_of_a_tick_stays_mirrored_or_not_while_it_is_in_the_window(tick: int) -> None:
    frames = np.random.default_rng(tick).integers(0, 256, (17, 5, 5, 3)).astype(np.uint8)
    before, after = (
        np.concatenate(Bag(1, tick + i, frames[i : i + 16].reshape(4, 4, 5, 5, 3), 0, 1, 1, 1).pieces(1, mirrored=True))
        for i in range(2)
    )
    assert np.array_equal(before[1:], after[:-1]), "so that what was encoded can be kept"
    turned = [np.array_equal(seen, frame[:, ::-1]) for seen, frame in zip(before, frames, strict=False)]
    assert turned == [(tick - 15 + i) % 2 == 1 for i in range(16)]
    assert all(np.array_equal(before[i], frames[i]) for i in range(16) if not turned[i])


@dataclass
class Step:
    time_s: float
    tracks: tuple[int, ...]


Events = st.dictionaries(
    st.integers(0, 149),
    st.floats(0.3, 5.0) | st.just(0.0) | st.floats(-3.0, -0.01) | st.sets(st.integers(1, 3), max_size=3),
    max_size=8,
)


@st.composite
def streams(draw: st.DrawFn) -> list[Step]:
    """Frames at a common rate with jitter, gaps, repeated and backward time stamps, and tracks that come and go."""
    rate_hz = draw(st.sampled_from(RATES_HZ))
    length = draw(st.integers(10, 150))
    jitter = draw(st.floats(0.0, 0.9)) * np.random.default_rng(draw(st.integers(0, 2**16))).uniform(-0.5, 0.5, length)
    time_s, events = draw(st.floats(0.0, 1e5)), draw(Events)
    present = {1}
    steps = []
    for n in range(length):
        event = events.get(n)
        if isinstance(event, set):
            present = event
        time_s += event if isinstance(event, float) else float(1 + jitter[n]) / rate_hz
        steps.append(Step(time_s, tuple(sorted(present))))
    return steps


def run(steps: list[Step]) -> list[Bag]:
    window = Window(SPEC, MAX_GAP_S)
    return [
        bag
        for number, step in enumerate(steps)
        for bag in window.push([face(track, number) for track in step.tracks], step.time_s)
    ]


@given(streams())
def test_a_bag_is_one_person_in_order_without_a_gap(steps: list[Step]) -> None:
    seen: dict[tuple[int, int], int] = {}
    newest_tick = 0
    for bag in run(steps):
        numbers = frames_in(bag)
        times = [steps[n].time_s for n in numbers]
        assert numbers == sorted(numbers)
        assert times == sorted(times), "an instance is out of order"
        assert (bag.start_s, bag.end_s) == (times[0], times[-1])
        assert bag.coverage == len(set(numbers)) / SPEC.ticks
        assert all(b - a <= MAX_GAP_S for a, b in pairwise(times)), "the bag spans a gap"
        between = [s for s in steps[numbers[0] : numbers[-1] + 1] if bag.track_id in s.tracks]
        assert all(b.time_s - a.time_s <= MAX_GAP_S for a, b in pairwise(between) if b.time_s > a.time_s)
        assert bag.tick >= newest_tick, "ticks went back"
        newest_tick = bag.tick
        for i, number in enumerate(numbers):
            key = (bag.track_id, bag.tick - (SPEC.ticks - 1 - i))
            assert seen.setdefault(key, number) == number, "what was encoded of a tick is not what it holds now"
        check_span(steps, bag, numbers)


def check_span(steps: list[Step], bag: Bag, numbers: list[int]) -> None:
    """Each sample lies within half the longest step around its tick, so the span is the spec's to one step."""
    own = [s.time_s for s in steps[numbers[0] : numbers[-1] + 1] if bag.track_id in s.tracks]
    before = [s.time_s for s in steps[: numbers[0]] if bag.track_id in s.tracks]
    earlier = [time_s for time_s in before if 0 < own[0] - time_s <= MAX_GAP_S]
    own = [max(earlier), *own] if earlier else own  # the first sample may stand for a tick before its frame
    own = [t for i, t in enumerate(own) if t > max(own[:i], default=-np.inf)]  # the others were left out
    longest_s = max((b - a for a, b in pairwise(own)), default=0.0)
    ideal_s = SPEC.span_s - SPEC.tick_s
    assert abs(bag.end_s - bag.start_s - ideal_s) <= longest_s + SPEC.tick_s


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_steady_stream_gives_a_bag_per_tick(rate_hz: int) -> None:
    seconds = 6
    bags = run([Step(n / rate_hz, (1,)) for n in range(seconds * rate_hz)])
    readings_hz = min(rate_hz, 1 / SPEC.tick_s)
    assert len(bags) == pytest.approx((seconds - SPEC.span_s) * readings_hz, abs=2)
    assert bags[0].end_s == pytest.approx(SPEC.span_s, abs=1 / rate_hz + SPEC.tick_s)
    expected = min(1.0, rate_hz * SPEC.tick_s)
    assert np.mean([bag.coverage for bag in bags]) == pytest.approx(expected, abs=0.12)


def test_all_tracks_come_together() -> None:
    window = Window(SPEC)
    for n in range(120):
        bags = window.push([face(1, n), face(2, n)], n / 30)
        assert len(bags) in (0, 2)
        assert len({bag.tick for bag in bags}) <= 1


def test_a_gap_restarts_the_window_and_a_short_one_does_not() -> None:
    for gap_s, restarts in ((0.45, False), (0.55, True)):
        window = Window(SPEC)
        for n in range(60):
            window.push([face(1, n)], n / 30)
        assert window.filled(1) == 1.0
        window.push([face(1, 60)], 59 / 30 + gap_s)
        assert (window.filled(1) < 0.2) is restarts


def test_a_face_that_leaves_for_long_starts_anew() -> None:
    window = Window(SPEC)
    for n in range(60):
        window.push([face(1, n)], n / 30)
    for n in range(60, 90):
        assert window.push([], n / 30) == ()
    assert window.filled(1) == 0.0


def test_a_frame_that_is_not_newer_is_left_out() -> None:
    window = Window(SPEC)
    window.push([face(1, 0)], 1.0)
    assert window.push([face(1, 1)], 1.0) == ()
    assert window.push([face(1, 2)], 0.9) == ()
    assert window.filled(1) == 1 / SPEC.ticks


@pytest.mark.parametrize("back_s", [0.6, 3.0, 600.0])
def test_after_a_clock_that_goes_back_no_tick_comes_twice(back_s: float) -> None:
    """What an engine keeps goes by track and tick."""
    steps = [Step(1000 + n / 25, (1,)) for n in range(60)]
    steps += [Step(steps[-1].time_s - back_s + n / 25, (1,)) for n in range(60)]
    bags = run(steps)
    before, after = ([bag for bag in bags if (max(frames_in(bag)) >= 60) is late] for late in (False, True))
    assert before
    assert after
    oldest = after[0].tick - SPEC.ticks + 1
    assert before[-1].tick < oldest <= before[-1].tick + 2, "ticks go on without a hole"


def test_a_padded_window_is_full_from_its_first_crop_on_and_a_bag_holds_the_shapes() -> None:
    window = Window(msgspec.structs.replace(SPEC, padded=True))
    bags = [window.push([replace(face(1, n), shape=np.full(6, n, np.float32))], n / 25) for n in range(6)]
    assert [len(found) for found in bags] == [0, 0, 1, 0, 1, 0]
    assert window.filled(1) == 1.0
    assert frames_in(bags[4][0]) == [0] * 14 + [2, 4]
    assert bags[4][0].shapes is not None
    assert bags[4][0].shapes[:, 0].tolist() == frames_in(bags[4][0])


def test_arrays_of_a_bag_are_read_only() -> None:
    bag = run([Step(n / 30, (1,)) for n in range(60)])[0]
    assert not bag.crops.flags.writeable
    assert bag.crops.shape == (4, 4, 1, 1, 3)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_frames_that_are_due_fill_a_window_as_well_as_all(rate_hz: int) -> None:
    """Jitter of a few ms included: a reading per tick or frame, and each crop is nearly of its tick."""
    jitter = np.random.default_rng(1).uniform(-0.004, 0.004, 20 * rate_hz)
    times = np.arange(20 * rate_hz) / rate_hz + jitter
    window = Window(SPEC, MAX_GAP_S)
    used, bags = [], []
    for number, time_s in enumerate(times):
        if window.due(time_s):
            used.append(number)
            bags += window.push([face(1, number)], time_s)
    assert window.due(times[-1] - 5), "the clock went back"
    per_s = min(rate_hz, 1 / SPEC.tick_s)
    assert len(used) == pytest.approx(20 * per_s, abs=3)
    assert len(bags) == pytest.approx((20 - SPEC.span_s) * per_s, abs=3)
    for bag in bags:
        ticks_s = times[0] + SPEC.tick_s * (bag.tick - np.arange(SPEC.ticks)[::-1])
        assert np.abs(times[frames_in(bag)] - ticks_s).max() < max(1 / rate_hz, 0.02)


def test_a_picture_that_stands_alone_ends_what_moved_before_it() -> None:
    window = Window(SPEC)
    for n in range(20):
        window.push([face(1, n)], n / 25)
    assert len(window.push([face(1, 20)], 20 / 25, still=True)) == 1
    window.push([face(1, 21)], 21 / 25)
    assert window.filled(1) == 1 / SPEC.ticks
