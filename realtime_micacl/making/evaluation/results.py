"""Results: scores with what they were measured on. Joins folds, and compares two engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np

from realtime_micacl.making.evaluation.candidates import Candidate
from realtime_micacl.making.evaluation.predictions import Read, pooled
from realtime_micacl.making.evaluation.protocol import Part, facts, folds_of
from realtime_micacl.making.figures import About, Comparison, Scores
from realtime_micacl.making.scores import DIGITS, compare, confusion, coverage, report, uar, war

Comparisons = dict[str, Comparison]
"""By title."""


@dataclass(frozen=True, eq=False)
class Result:
    """The scores of one candidate, or of one for each fold, on one set."""

    candidate: str
    where: str
    read: Read
    scores: Scores
    about: About
    part: Part | None = None
    """None if the set is not a prepared one, or if this is a cross-validation."""
    folds: tuple[Result, ...] = ()
    """The folds, if this is a cross-validation."""

    @property
    def over_folds(self) -> dict[str, float]:
        """Mean and standard deviation of WAR and UAR over the folds."""
        matrices = [np.array(fold.scores["confusion"]) for fold in self.folds]
        wars, uars = list(map(war, matrices)), list(map(uar, matrices))  # the scores themselves are rounded
        spread = {"war_mean": mean(wars), "war_sd": stdev(wars), "uar_mean": mean(uars), "uar_sd": stdev(uars)}
        return {name: round(value, DIGITS) for name, value in spread.items()}

    def plain(self) -> dict[str, object]:
        """Return everything as values for JSON."""
        folds = {"folds": {"each": [fold.plain() for fold in self.folds], **self.over_folds}} if self.folds else {}
        return {"engine": self.candidate, **folds, **self.about, **self.scores}


def result(candidate: Candidate, where: str, read: Read, about: About) -> Result:
    """Return the result of a candidate on a set without splits."""
    return Result(candidate.name, where, read, _scores(read, _threshold(candidate)), about)


def part_result(candidate: Candidate, part: Part, read: Read, bags: str) -> Result:
    """Return the result of a candidate on a part of a prepared set."""
    about = facts(candidate, part)
    about["bags"] = bags
    return Result(candidate.name, part.title, read, _scores(read, _threshold(candidate), part.lost), about, part)


def folded(results: Sequence[Result]) -> list[Result]:
    """Return the results; where all folds of a data set are there, one cross-validation takes their place."""
    left = list(results)
    for data in dict.fromkeys(r.part.data for r in results if r.part):
        splits = folds_of(data)
        folds = [r for r in results if r.part and r.part.data is data]
        if len(folds) > 1 and sorted(r.about["split"] or "" for r in folds) == sorted(splits):
            folds.sort(key=lambda r: splits.index(r.about["split"] or ""))
            left[left.index(folds[0])] = _cross_validated(folds)
            left = [r for r in left if r not in folds]
    return left


def compared(results: Sequence[Result], first: Candidate, second: Candidate) -> Comparisons:
    """Return how the second candidate differs from the first on each set of which both read the same clips."""
    found: Comparisons = {}
    earlier = {r.where: r.read for r in results if r.candidate == first.name}
    for after in results:
        if after.candidate == second.name and after.where in earlier:
            one, other = earlier[after.where], after.read
            shared, i, j = np.intersect1d(one.names, other.names, return_indices=True)
            if len(shared):
                people = None if one.people is None else one.people[i]
                predicted = one.probabilities[i].argmax(axis=1), other.probabilities[j].argmax(axis=1)
                title = f"{second.name} against {first.name} on {after.where}"
                found[title] = compare(one.labels[i], *predicted, people)
    return found


def _cross_validated(folds: Sequence[Result]) -> Result:
    """Return the folds as one result; the scores are of all their clips together."""
    names = list(dict.fromkeys(fold.candidate for fold in folds))
    thresholds = {fold.scores["risk"].get("threshold") for fold in folds}
    first = folds[0].about
    name = names[0] if len(names) == 1 else f"{len(names)} engines"
    read, lost = pooled([fold.read for fold in folds]), sum(fold.about["lost"] for fold in folds)
    about: About = {
        "data": first["data"],
        "bags": first["bags"],
        "training": "; ".join(dict.fromkeys(fold.about["training"] for fold in folds)),
        "lost": lost,
    }
    scores = _scores(read, thresholds.pop() if len(thresholds) == 1 else None, lost)
    return Result(name, f"{first['data']}, {len(folds)} folds", read, scores, about, folds=tuple(folds))


def _threshold(candidate: Candidate) -> float:
    return candidate.sidecar.calibration.abstain_below


def _scores(read: Read, abstain_below: float | None, lost: int = 0) -> Scores:
    matrix = confusion(read.labels, read.probabilities.argmax(axis=1))
    return {
        **report(read.probabilities, read.labels, read.people, abstain_below=abstain_below),
        **coverage(matrix, read.unread),
        "war_with_lost": round(int(matrix.trace()) / (len(read.labels) + len(read.unread) + lost), DIGITS),
    }
