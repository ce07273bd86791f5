from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.sampler import CategorySampler, long_tail, quotas, sampler
from realtime_micacl.making.recipe import Bags
from realtime_micacl.types import EMOTIONS

DFEW_FOLD_1 = np.array([1956, 1515, 2135, 1739, 1175, 116, 722])


def test_square_root_shares_of_a_long_tail() -> None:
    found = quotas(DFEW_FOLD_1, 128)
    assert found.sum() == 128
    expected = np.sqrt(DFEW_FOLD_1) / np.sqrt(DFEW_FOLD_1).sum() * 128
    assert np.abs(found - expected).max() <= 1
    assert found[5] >= 4, "by chance half of the batches hold one Disgust clip at most"


@given(st.lists(st.integers(0, 5000), min_size=7, max_size=7).filter(any), st.integers(14, 512))
def test_a_batch_is_full_and_every_class_has_a_pair(counts: list[int], batch: int) -> None:
    found = quotas(np.array(counts), batch)
    assert found.sum() == batch
    assert all((n == 0) if count == 0 else (n >= 2) for n, count in zip(found, counts, strict=True))


def test_a_batch_that_is_too_small_is_refused() -> None:
    with pytest.raises(ConfigError, match="a batch of 10"):
        quotas(DFEW_FOLD_1, 10)


def test_each_class_is_gone_through_before_anything_comes_twice() -> None:
    labels = np.repeat(np.arange(3), [60, 20, 4])
    sampler = CategorySampler(labels, 12, 0)
    sizes = quotas(np.bincount(labels), 12)
    drawn = [sampler.batch(step) for step in range(8)]
    for batch in drawn:
        assert np.bincount(labels[batch]).tolist() == sizes.tolist()
    first_class = [i for batch in drawn for i in batch if labels[i] == 0]
    assert len(set(first_class[:60])) == len(first_class[:60])


def test_a_class_is_gone_through_in_another_order_each_time_and_a_batch_is_no_row_of_classes() -> None:
    labels = np.repeat(np.arange(3), [60, 20, 4])
    sampler = CategorySampler(labels, 12, 0)
    batches = [sampler.batch(step) for step in range(60)]
    first = [i for batch in batches for i in batch if labels[i] == 2]
    turns = [tuple(first[n : n + 4]) for n in range(0, len(first) - 3, 4)]
    assert all(set(turn) == {80, 81, 82, 83} for turn in turns), "all before any comes again"
    per_batch = [frozenset(i for i in batch if labels[i] == 2) for batch in batches]
    assert len(set(per_batch)) > 3, "not the same two together each time"
    seen = [i for batch in batches for i in sorted(batch) if labels[i] == 0][:60]
    assert seen != sorted(seen), "not in the order of the index"
    assert any((np.diff(labels[batch]) < 0).any() for batch in batches), "classes are mixed within a batch"


def test_a_batch_follows_from_seed_and_step_alone() -> None:
    labels = np.repeat(np.arange(7), 10)
    a, b, other = (CategorySampler(labels, 21, seed) for seed in (5, 5, 6))
    later_first = {step: b.batch(step) for step in reversed(range(10))}
    assert all((a.batch(step) == later_first[step]).all() for step in range(10))
    assert any((a.batch(step) != other.batch(step)).any() for step in range(10))
    assert any((a.batch(step) != a.batch(step + 1)).any() for step in range(10))


def test_a_plan_says_whether_what_is_rare_comes_more_often_than_it_occurs() -> None:
    labels = np.repeat(np.arange(2), [900, 9])
    rare = {
        kind: sum((labels[sampler(Bags(sampler=kind), labels, 20, 0).batch(step)] == 1).sum() for step in range(9))
        for kind in ("category", "random")
    }
    assert rare["category"] == 9 * 2
    assert rare["random"] < 9


def test_of_a_long_tail_the_head_keeps_all_its_clips_and_the_rarest_a_tenth() -> None:
    labels = np.arange(7).repeat(40)
    names = [f"{n:03}" for n in range(len(labels))]
    left = np.bincount(labels[long_tail(labels, names, 0.1, seed=0)], minlength=7)
    assert (left[EMOTIONS.index("happy")], left[EMOTIONS.index("disgust")]) == (40, 4)
    assert 4 < left[EMOTIONS.index("angry")] < 40
