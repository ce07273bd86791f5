from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.data.sampler import CategorySampler, quotas
from realtime_micacl.errors import ConfigError

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
    sampler = CategorySampler(labels, 12, np.random.default_rng(0))
    sizes = quotas(np.bincount(labels), 12)
    drawn = [sampler.draw() for _ in range(8)]
    for batch in drawn:
        assert np.bincount(labels[batch]).tolist() == sizes.tolist()
    first_class = [i for batch in drawn for i in batch if labels[i] == 0]
    assert len(set(first_class[:60])) == len(first_class[:60])


def test_the_same_seed_gives_the_same_batches() -> None:
    labels = np.repeat(np.arange(7), 10)
    a, b = (CategorySampler(labels, 21, np.random.default_rng(5)) for _ in range(2))
    assert all((a.draw() == b.draw()).all() for _ in range(10))
