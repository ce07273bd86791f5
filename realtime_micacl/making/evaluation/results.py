"""Scores with what they are of; folds put together, two engines compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

import numpy as np

from realtime_micacl.making.evaluation.candidates import Candidate
from realtime_micacl.making.evaluation.predictions import Read, pooled
from realtime_micacl.making.evaluation.protocol import Part, facts, folds_of
from realtime_micacl.making.scores import compare, confusion, coverage, report

Figures = dict[str, dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Result:
    """What one candidate, or one for each fold, scored on one set."""

    candidate: str
    where: str
    read: Read
    scores: dict[str, Any]
    part: Part | None = None
    """None where the set is not a prepared one, or all its folds are together."""


def result(candidate: Candidate, where: str, read: Read, about: Mapping[str, Any]) -> Result:
    """Return what a candidate scored on a set that has no splits of its own."""
    scores = {"engine": candidate.name, **about} | _scores(read, _threshold(candidate))
    return Result(candidate.name, where, read, scores)


def part_result(candidate: Candidate, part: Part, read: Read, bags: str) -> Result:
    """Return what a candidate scored on a part of a prepared set."""
    scores = facts(candidate, part) | {"bags": bags} | _scores(read, _threshold(candidate), part.lost)
    return Result(candidate.name, part.title, read, scores, part)


def folded(results: Sequence[Result]) -> list[Result]:
    """Return the results, those of all folds of one data set put together into one."""
    left = list(results)
    for data in dict.fromkeys(r.part.data for r in results if r.part):
        splits = folds_of(data)
        folds = [r for r in results if r.part and r.part.data is data]
        if len(folds) > 1 and sorted(r.scores["split"] or "" for r in folds) == sorted(splits):
            folds.sort(key=lambda r: splits.index(r.scores["split"]))
            left[left.index(folds[0])] = _cross_validated(folds)
            left = [r for r in left if r not in folds]
    return left


def compared(results: Sequence[Result], first: Candidate, second: Candidate) -> Figures:
    """Return how the second candidate differs from the first, wherever both read the same clips."""
    found: Figures = {}
    earlier = {r.where: r.read for r in results if r.candidate == first.name}
    for after in results:
        if after.candidate == second.name and after.where in earlier:
            one, other = earlier[after.where], after.read
            shared, i, j = np.intersect1d(one.names, other.names, return_indices=True)
            if len(shared):
                people = None if one.people is None else one.people[i]
                said = one.probabilities[i].argmax(axis=1), other.probabilities[j].argmax(axis=1)
                title = f"{second.name} against {first.name} on {after.where}"
                found[title] = compare(one.labels[i], *said, people)
    return found


def _cross_validated(folds: Sequence[Result]) -> Result:
    """Return the folds as one result: mean and standard deviation over them, all else of their clips together."""
    names = list(dict.fromkeys(fold.candidate for fold in folds))
    thresholds = {fold.scores["risk"]["threshold"] for fold in folds}
    first = folds[0].scores
    name = names[0] if len(names) == 1 else f"{len(names)} engines"
    over: dict[str, Any] = {"each": [fold.scores for fold in folds]}
    for score in ("war", "uar"):
        values = [fold.scores[score] for fold in folds]
        over |= {f"{score}_mean": round(mean(values), 4), f"{score}_sd": round(stdev(values), 4)}
    read = pooled([fold.read for fold in folds])
    about = {"engine": name} | {key: first[key] for key in ("data", "bags")} | {"folds": over}
    about["training"] = "; ".join(dict.fromkeys(fold.scores["training"] for fold in folds))
    about["lost"] = sum(fold.scores["lost"] for fold in folds)
    scores = _scores(read, thresholds.pop() if len(thresholds) == 1 else None, about["lost"])
    return Result(name, f"{first['data']}, {len(folds)} folds", read, about | scores)


def _threshold(candidate: Candidate) -> float:
    return candidate.sidecar.calibration.abstain_below


def _scores(read: Read, abstain_below: float | None, lost: int = 0) -> dict[str, Any]:
    matrix = confusion(read.labels, read.probabilities.argmax(axis=1))
    scores = report(read.probabilities, read.labels, read.people, abstain_below=abstain_below)
    scores |= coverage(matrix, read.unread)
    return scores | {"war_with_lost": round(int(matrix.trace()) / (len(read.labels) + len(read.unread) + lost), 4)}
