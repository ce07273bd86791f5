"""The scores of an engine: WAR, UAR, recalls, confusion, calibration, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb
from typing import SupportsFloat

import numpy as np
import numpy.typing as npt

from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.making.figures import Bin, Comparison, Coverage, Interval, Majority, Report, Risk
from realtime_micacl.making.reliability import Reliability, reliability, risks
from realtime_micacl.types import EMOTIONS, F32

Labels = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
DIGITS = 4  # decimals of a figure that is reported
COOLEST, HOTTEST, STEPS = 0.3, 5.0, 200  # the temperatures that are tried, in equal ratios


def confusion(labels: Labels, predicted: Labels) -> Labels:
    """Return how often each class (row) was taken for each (column), [K,K]."""
    k = len(EMOTIONS)
    return np.bincount(labels * k + predicted, minlength=k * k).reshape(k, k)


def war(matrix: Labels) -> float:
    """Return the weighted average recall (accuracy) of a confusion matrix."""
    return float(_wars(matrix))


def uar(matrix: Labels) -> float:
    """Return the unweighted average recall over the classes that occur."""
    return float(_uars(matrix))


def recalls(matrix: Labels) -> F32:
    """Return the recall of each class, [..,K], of confusion matrices [..,K,K]; NaN for one that does not occur."""
    totals = matrix.sum(axis=-1)
    right = matrix.diagonal(axis1=-2, axis2=-1)
    found = np.divide(right, totals, out=np.full(totals.shape, np.nan), where=totals > 0)
    return np.asarray(found, np.float32)


def _wars(matrices: Labels) -> F64:
    return np.asarray(matrices.trace(axis1=-2, axis2=-1) / matrices.sum(axis=(-2, -1)), np.float64)


def _uars(matrices: Labels) -> F32:
    return np.asarray(np.nanmean(recalls(matrices), axis=-1), np.float32)


def calibrated(logits: F32, labels: Labels, risk: float = 0.1) -> tuple[float, float]:
    """Return temperature and abstention threshold for logits [n,K] of people who were not trained on.

    The temperature minimizes the cross-entropy. Of the readings at or above the threshold at most `risk` are wrong; it
    is the lowest such threshold, and 1 if there is none.
    """
    temperatures = np.geomspace(COOLEST, HOTTEST, STEPS)
    picked = logits[np.arange(len(labels)), labels]
    costs = [np.mean(np.logaddexp.reduce(logits / t, axis=1) - picked / t) for t in temperatures]
    temperature = float(temperatures[np.argmin(costs)])
    probabilities = softmax(logits / np.float32(temperature))
    top, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    order = np.argsort(-top)
    allowed = np.flatnonzero(np.cumsum(wrong[order]) / np.arange(1, len(order) + 1) <= risk)
    threshold = top[order[allowed[-1]]] if len(allowed) else 1.0
    return _short(temperature), _short(threshold)


def report(
    probabilities: F32,
    labels: Labels,
    people: Labels | None = None,
    *,
    abstain_below: float | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Report:
    """Return the scores of predictions [n,K] as plain values, WAR and UAR with 95 % bootstrap intervals.

    The bootstrap draws whole `people` [n], since two readings of one face are not independent; without `people` it
    draws single predictions. `abstain_below` is the probability below which the engine says "unsure".
    """
    predicted = probabilities.argmax(axis=1)
    matrix = confusion(labels, predicted)
    drawn = _drawn(labels, predicted[None], people, draws, seed)[0]
    diagram = reliability(probabilities, labels)
    return {
        "n": len(labels),
        "people": None if people is None else len(np.unique(people)),
        "war": _short(war(matrix)),
        "war_95": _interval(_wars(drawn)),
        "uar": _short(uar(matrix)),
        "uar_95": _interval(_uars(drawn)),
        "majority": _majority(matrix.sum(axis=1)),
        "ece": _short(diagram.ece),
        "reliability": _bins(diagram),
        "risk": _risk(probabilities, labels, abstain_below),
        "recall": {name: _short(r) for name, r in zip(EMOTIONS, recalls(matrix), strict=True) if r == r},
        "counts": {name: int(n) for name, n in zip(EMOTIONS, matrix.sum(axis=1), strict=True)},
        "confusion": matrix.tolist(),
    }


def _majority(counts: Labels) -> Majority:
    """Return the scores of a guess that is always the most frequent class."""
    return {
        "emotion": EMOTIONS[counts.argmax()],
        "war": _short(counts.max() / counts.sum()),
        "uar": _short(1 / np.count_nonzero(counts)),
    }


def _bins(diagram: Reliability) -> list[Bin | None]:
    return [
        {"n": int(n), "sure": _short(sure), "right": _short(right)} if n else None
        for n, sure, right in zip(diagram.n, diagram.sure, diagram.right, strict=True)
    ]


def _risk(probabilities: F32, labels: Labels, abstain_below: float | None) -> Risk:
    """Return the risk-coverage curve in ten points, the area under it, and where the threshold lies on it."""
    curve, top = risks(probabilities, labels), probabilities.max(axis=1)
    n = len(curve)
    found: Risk = {
        "area": _short(curve.mean()),
        "at_coverage": {f"{k / 10:.1f}": _short(curve[-(-n * k // 10) - 1]) for k in range(1, 11)},
    }
    if abstain_below is not None:
        shown = int((top >= abstain_below).sum())
        found["threshold"] = _short(abstain_below)
        found["threshold_coverage"] = _short(shown / n)
        found["threshold_risk"] = _short(curve[shown - 1]) if shown else None
    return found


def coverage(matrix: Labels, unread: Labels) -> Coverage:
    """Return the share of clips that were read, and WAR and UAR with the others, `unread` [m] classes, as wrong."""
    missed = np.bincount(unread, minlength=len(matrix))
    totals = matrix.sum(axis=1) + missed
    occur = totals > 0
    return {
        "unread": len(unread),
        "coverage": _short(matrix.sum() / totals.sum()),
        "war_all": _short(matrix.trace() / totals.sum()),
        "uar_all": _short((matrix.diagonal()[occur] / totals[occur]).mean()),
    }


def compare(
    labels: Labels,
    first: Labels,
    second: Labels,
    people: Labels | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Return how the predictions `second` [n] differ from `first` [n] on the same clips: second minus first.

    The bootstrap is paired: each draw has the same people for both. McNemar's exact test looks at the clips on which
    only one of them is right; it takes clips as independent.
    """
    both = np.stack([first, second])
    before, after = (confusion(labels, predicted) for predicted in both)
    drawn_before, drawn_after = _drawn(labels, both, people, draws, seed)
    only_first, only_second = (
        int(((a == labels) & (b != labels)).sum()) for a, b in ((first, second), (second, first))
    )
    return {
        "n": len(labels),
        "war": _short(war(after) - war(before)),
        "war_95": _interval(_wars(drawn_after) - _wars(drawn_before)),
        "uar": _short(uar(after) - uar(before)),
        "uar_95": _interval(_uars(drawn_after).astype(np.float64) - _uars(drawn_before)),
        "only_first_right": only_first,
        "only_second_right": only_second,
        "mcnemar_p": _short(mcnemar(only_first, only_second)),
    }


def mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided exact p-value of McNemar's test, from the numbers of clips on which only one is right."""
    n = only_first + only_second
    tail = sum(comb(n, k) for k in range(min(only_first, only_second) + 1))
    return float(min(1.0, 2 * tail / 2**n))


def bootstrap(people: Labels, statistic: Callable[[Labels], float], draws: int = 1000, seed: int = 0) -> Interval:
    """Return the 95 % bootstrap interval of `statistic`, which takes indices of rows; whole `people` [n] are drawn."""
    _, person = np.unique(people, return_inverse=True)
    rows = [np.flatnonzero(person == p) for p in range(person.max() + 1)]
    rng = np.random.default_rng(seed)
    values = [statistic(np.concatenate([rows[p] for p in rng.integers(0, len(rows), len(rows))])) for _ in range(draws)]
    return [round(float(v), 4) for v in np.nanpercentile(values, [2.5, 97.5])]


def spread(values: Sequence[float]) -> float:
    """Return the standard deviation over seeds, 0 for a single one."""
    return _short(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _drawn(labels: Labels, predicted: Labels, people: Labels | None, draws: int, seed: int) -> Labels:
    """Return the confusion matrices [engines,draws,K,K] of `predicted` [engines,n], people drawn with replacement."""
    _, person = np.unique(np.arange(len(labels)) if people is None else people, return_inverse=True)
    k = len(EMOTIONS)
    each = np.zeros((person.max() + 1, len(predicted), k, k))
    np.add.at(each, (person, np.arange(len(predicted))[:, None], labels, predicted), 1)
    rng, n = np.random.default_rng(seed), len(each)
    times = (np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64) for _ in range(draws))
    sums = np.stack([drawn @ each.reshape(n, -1) for drawn in times], axis=0).astype(np.int64)
    return sums.reshape(draws, len(predicted), k, k).swapaxes(0, 1)


def _short(value: SupportsFloat) -> float:
    """Return a figure as it is reported."""
    return round(float(value), DIGITS)


def _interval(values: F32 | F64) -> Interval:
    return [_short(v) for v in np.percentile(values.astype(np.float64), [2.5, 97.5])]
