"""Logit adjustment: how much of the training set's class frequencies can be taken out of the logits."""

from __future__ import annotations

import numpy as np

from realtime_micacl.making.scores import Labels, confusion, war
from realtime_micacl.types import F32


def log_prior(counts: Labels) -> F32:
    """Return the logarithm of each class's frequency, [K]; 0 for one that does not occur."""
    n = np.asarray(counts, np.float64)
    return np.asarray(np.log(np.where(n > 0, n / n.sum(), 1.0)), np.float32)


def removable_prior(logits: F32, labels: Labels, counts: Labels, least_war: float) -> float:
    """Return the largest share of `log_prior` that can be subtracted from logits [n,K] with WAR at least `least_war`.

    Logit adjustment (Menon et al. 2021): people in front of a camera do not show the seven emotions as often as the
    pictures of a data set do. Shares are tried in steps of a twentieth; if none is good enough it is 0.
    """
    shares = [step / 20 for step in range(21)]
    found = (confusion(labels, (logits - np.float32(p) * log_prior(counts)).argmax(axis=1)) for p in shares)
    return max((p for p, matrix in zip(shares, found, strict=True) if war(matrix) >= least_war), default=0.0)
