"""Calibration of probabilities: the reliability diagram, and the risk-coverage curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realtime_micacl.types import F32

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reliability:
    """The reliability diagram: confidence and accuracy in equal bins of the leading probability, [bins] each."""

    n: I64
    sure: F64
    """Mean probability; NaN in an empty bin."""
    right: F64
    """Share that was right; NaN in an empty bin."""

    @property
    def ece(self) -> float:
        """The expected calibration error: the mean gap between both, weighted by the size of the bins."""
        return float(np.nansum(np.abs(self.sure - self.right) * self.n) / self.n.sum())


def reliability(probabilities: F32, labels: I64, bins: int = 15) -> Reliability:
    """Return the reliability diagram of probabilities [n,K]."""
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((top * bins).astype(int), bins - 1)
    n = np.bincount(place, minlength=bins)
    share = np.where(n > 0, n, np.nan)
    return Reliability(
        n,
        np.bincount(place, weights=top, minlength=bins) / share,
        np.bincount(place, weights=right, minlength=bins) / share,
    )


def risks(probabilities: F32, labels: I64) -> F64:
    """Return the error rate among the 1, 2, .., n surest of the predictions [n,K]; the risk-coverage curve, [n].

    Among equally sure ones the mean error counts, so that the curve does not depend on the order of clips.
    """
    top, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    _, tie = np.unique(-top, return_inverse=True)
    mean = np.bincount(tie, weights=wrong) / np.bincount(tie)
    return np.asarray(np.cumsum(mean[np.sort(tie)]) / np.arange(1, len(labels) + 1), np.float64)
