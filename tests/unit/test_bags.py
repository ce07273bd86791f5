from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.making.data.bags import segments

SPECS = st.builds(BagSpec, st.integers(1, 8), st.integers(1, 8), st.just(64), st.just(1.28))


def test_the_middle_of_each_segment_is_taken_for_testing() -> None:
    spec = BagSpec(4, 4, 64, 1.28)
    assert segments(16, spec).tolist() == list(range(16))
    assert segments(48, spec).tolist() == list(range(1, 48, 3))


def test_a_short_clip_repeats_its_last_frame() -> None:
    spec = BagSpec(2, 4, 64, 1.28)
    assert segments(3, spec).tolist() == [0, 1, 2, 2, 2, 2, 2, 2]
    assert segments(3, spec, np.random.default_rng(0)).tolist() == [0, 1, 2, 2, 2, 2, 2, 2]


def test_no_frame_no_segments() -> None:
    with pytest.raises(ValueError, match="without a frame"):
        segments(0, BagSpec(4, 4, 64, 1.28))


@given(st.integers(1, 2000), SPECS, st.integers(0, 99))
def test_segments_are_one_frame_each_in_order(frames: int, spec: BagSpec, seed: int) -> None:
    for rng in (None, np.random.default_rng(seed)):
        chosen = segments(frames, spec, rng)
        assert chosen.shape == (spec.ticks,) and chosen.dtype == np.int64
        assert chosen.min() >= 0 and chosen.max() < frames
        if frames >= spec.ticks:
            assert (np.diff(chosen) > 0).all()
            places = chosen / frames * spec.ticks - np.arange(spec.ticks)
            assert (places > -1).all() and (places < 1).all(), "a frame lies in its own segment, but for rounding"


@given(st.integers(16, 400), st.integers(0, 9999))
def test_any_frame_can_be_drawn_and_none_by_two_segments(frames: int, seed: int) -> None:
    spec = BagSpec(4, 4, 64, 1.28)
    rng = np.random.default_rng(seed)
    owners: dict[int, int] = {}
    for _ in range(5):
        for segment, frame in enumerate(segments(frames, spec, rng).tolist()):
            assert owners.setdefault(frame, segment) == segment


def test_every_frame_of_a_clip_is_seen_in_training() -> None:
    rng = np.random.default_rng(0)
    spec = BagSpec(4, 4, 64, 1.28)
    seen = {frame for _ in range(200) for frame in segments(50, spec, rng).tolist()}
    assert seen == set(range(50))
