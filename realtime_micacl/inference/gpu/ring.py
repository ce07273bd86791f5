"""Where a GPU engine keeps features: a ring buffer of rows, in which the newest replace the oldest; and batch sizes.

All memory is allocated at the start, so none can leak.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import EngineError

I64 = npt.NDArray[np.int64]

LARGEST = 64
BUCKETS = tuple(1 << k for k in range(LARGEST.bit_length()))
"""Sizes of batches that the engine prepares for: 1, 2, 4 .. 64."""


def bucket(n: int) -> int:
    """Return the smallest prepared batch that holds `n`, 1 to 64."""
    return 1 << (n - 1).bit_length()


class Ring:
    """Gives each piece a number that is never used again, and says in which row its feature lies."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._next = 0

    def take(self, n: int) -> I64:
        """Return the numbers of `n` new pieces, [n]; they replace the oldest rows."""
        numbers = np.arange(self._next, self._next + n, dtype=np.int64)
        self._next += n
        return numbers

    def rows(self, numbers: I64) -> I64:
        """Return the rows of pieces; raise EngineError for one that was never there or has been replaced."""
        if numbers.size and not (max(0, self._next - self._rows) <= numbers.min() and numbers.max() < self._next):
            raise EngineError(
                f"features {numbers.min()} to {numbers.max()} were asked for; the engine keeps the newest {self._rows} "
                f"of {self._next}"
            )
        return numbers % self._rows

    def spans(self, numbers: I64) -> Iterator[tuple[slice, slice]]:
        """Yield where consecutive numbers lie: at most two pairs of a slice of rows and one of the numbers."""
        start, n = int(numbers[0]) % self._rows, len(numbers)
        first = min(n, self._rows - start)
        yield slice(start, start + first), slice(0, first)
        if first < n:
            yield slice(0, n - first), slice(first, n)
