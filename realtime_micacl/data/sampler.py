"""Category-aware batches: every emotion in every batch, rare ones more often than they occur."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import ConfigError

Indices = npt.NDArray[np.int64]


def quotas(counts: Indices, batch: int, least: int = 2) -> Indices:
    """Return how many clips of each class a batch holds: by the square root of `counts`, `least` where there are any.

    The square root is the mean between chance, which leaves half of the batches of DFEW without a pair of Disgust, and
    full balance, which costs a published method 6.4 WAR for 2.7 UAR on FERV39k.
    """
    present = counts > 0
    if present.sum() * least > batch:
        raise ConfigError(f"a batch of {batch} cannot hold {least} clips of each of {present.sum()} emotions")
    ideal = np.sqrt(counts) / np.sqrt(counts).sum() * batch
    wanted = np.where(present, least, 0)
    for _ in range(batch - int(wanted.sum())):
        wanted[np.argmax(np.where(present, ideal - wanted, -np.inf))] += 1
    return wanted


class CategorySampler:
    """Draws batches of indices whose classes have the sizes of `quotas`; each class is gone through in turn."""

    def __init__(self, labels: Indices, batch: int, rng: np.random.Generator) -> None:
        counts = np.bincount(labels)
        self._rng = rng
        self._members = [np.flatnonzero(labels == k) for k in range(len(counts))]
        self._quotas = quotas(counts, batch)
        self._turns = [self._turn(members) for members in self._members]

    def draw(self) -> Indices:
        """Return the indices of the next batch, shuffled."""
        drawn = [next(turn) for turn, n in zip(self._turns, self._quotas, strict=True) for _ in range(n)]
        return self._rng.permutation(np.array(drawn, np.int64))

    def _turn(self, members: Indices) -> Iterator[int]:
        while True:
            yield from self._rng.permutation(members)
