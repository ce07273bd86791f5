"""Rows of a GPU engine: which are taken, which are kept, which are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.gpu.ring import BUCKETS, LARGEST, Ring, bucket


@given(st.integers(1, LARGEST))
def test_the_bucket_is_the_smallest_that_holds(n: int) -> None:
    assert bucket(n) == min(b for b in BUCKETS if b >= n)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.integers(8, 64))
def test_the_newest_are_found_and_the_others_refused(counts: list[int], rows: int) -> None:
    """A plain list that remembers who wrote each row last says the same as the ring."""
    ring, last, given_out = Ring(rows), [-1] * rows, 0
    for n in counts:
        numbers = ring.take(n)
        assert numbers.tolist() == list(range(given_out, given_out + n))
        given_out += n
        if n <= rows:
            covered = []
            for where, those in ring.spans(numbers):
                covered += list(zip(range(where.start, where.stop), numbers[those].tolist(), strict=True))
            assert [number for _, number in covered] == numbers.tolist()
            for row, number in covered:
                assert 0 <= row < rows
                last[row] = number
        else:
            for number in numbers.tolist():
                last[number % rows] = number
    for number in range(given_out):
        if number in last:
            assert last[int(ring.rows(np.array([number]))[0])] == number
        else:
            with pytest.raises(EngineError, match="keeps the newest"):
                ring.rows(np.array([number]))


@pytest.mark.parametrize("numbers", [[-1], [3], [0, 99]])
def test_numbers_that_were_never_given_are_refused(numbers: list[int]) -> None:
    ring = Ring(16)
    ring.take(3)
    with pytest.raises(EngineError, match="of 3"):
        ring.rows(np.array(numbers))
