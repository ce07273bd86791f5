"""What an engine is measured by: WAR, UAR, recalls, confusion, calibration error, with bootstrap intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_micacl.types import EMOTIONS, F32

Labels = npt.NDArray[np.int64]


def confusion(labels: Labels, predicted: Labels) -> Labels:
    """Return how often each class (row) was taken for each (column), [K,K]."""
    k = len(EMOTIONS)
    return np.bincount(labels * k + predicted, minlength=k * k).reshape(k, k)


def war(matrix: Labels) -> float:
    """Return the weighted average recall (accuracy) of a confusion matrix."""
    return float(matrix.trace() / matrix.sum())


def uar(matrix: Labels) -> float:
    """Return the unweighted average recall over the classes that occur."""
    return float(np.nanmean(recalls(matrix)))


def recalls(matrix: Labels) -> F32:
    """Return the recall of each class, [K]; NaN for one that does not occur."""
    totals = matrix.sum(axis=1)
    found = np.divide(matrix.diagonal(), totals, out=np.full(len(matrix), np.nan), where=totals > 0)
    return found.astype(np.float32)


def ece(probabilities: F32, labels: Labels, bins: int = 15) -> float:
    """Return the expected calibration error of the leading class over equal bins of its probability [n,K]."""
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((top * bins).astype(int), bins - 1)
    gaps = [abs(top[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in set(place)]
    return float(sum(gaps))


def calibrated(logits: F32, labels: Labels, risk: float = 0.1) -> tuple[float, float]:
    """Return temperature and abstention threshold for logits [n,K] of people who were not trained on.

    The temperature is the likeliest one. Readings above the threshold are wrong in `risk` of the cases at most; where
    they all are that good, nothing is held back.
    """
    temperatures = np.geomspace(0.3, 5.0, 200)
    picked = logits[np.arange(len(labels)), labels]
    costs = [np.mean(np.logaddexp.reduce(logits / t, axis=1) - picked / t) for t in temperatures]
    temperature = float(temperatures[np.argmin(costs)])
    powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    top, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    order = np.argsort(-top)
    allowed = np.flatnonzero(np.cumsum(wrong[order]) / np.arange(1, len(order) + 1) <= risk)
    threshold = top[order[allowed[-1]]] if len(allowed) else 1.0
    return round(temperature, 4), round(float(threshold), 4)


def report(
    probabilities: F32, labels: Labels, people: Labels | None = None, *, draws: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Return the scores of predictions [n,K] as plain values, WAR and UAR with 95 % bootstrap intervals.

    Whole `people` [n] are drawn, since what is read from one face twice is not two facts; without them each prediction
    is somebody else's.
    """
    predicted = probabilities.argmax(axis=1)
    matrix = confusion(labels, predicted)
    _, person = np.unique(np.arange(len(labels)) if people is None else people, return_inverse=True)
    per_person = np.stack([confusion(labels[person == p], predicted[person == p]) for p in range(person.max() + 1)])
    rng = np.random.default_rng(seed)
    drawn = [per_person[rng.integers(0, len(per_person), len(per_person))].sum(axis=0) for _ in range(draws)]
    return {
        "n": len(labels),
        "people": len(per_person),
        "war": round(war(matrix), 4),
        "war_95": _interval([war(m) for m in drawn]),
        "uar": round(uar(matrix), 4),
        "uar_95": _interval([uar(m) for m in drawn]),
        "ece": round(ece(probabilities, labels), 4),
        "recall": {name: round(float(r), 4) for name, r in zip(EMOTIONS, recalls(matrix), strict=True) if r == r},
        "counts": {name: int(n) for name, n in zip(EMOTIONS, matrix.sum(axis=1), strict=True)},
        "confusion": matrix.tolist(),
    }


def _interval(values: list[float]) -> list[float]:
    return [round(float(v), 4) for v in np.percentile(values, [2.5, 97.5])]
