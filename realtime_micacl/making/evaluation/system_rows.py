"""Makes the rows of `compare`: figures with intervals over people, and which differences are significant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

import numpy as np

from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.figures import Cost, Interval, SystemRow, Trained
from realtime_micacl.making.reliability import reliability
from realtime_micacl.making.scores import (
    DIGITS,
    Labels,
    bootstrap,
    compare,
    confusion,
    recalls,
    report,
    spread,
    uar,
    war,
)
from realtime_micacl.types import EMOTIONS, F32

TAIL = [EMOTIONS.index(name) for name in ("fear", "disgust")]
PAIRS = (
    ("S4D: one head", "S4D: two heads"),
    ("S4D: one head", "S4D: two heads, experts"),
    ("S4D: two heads, dense adapter", "S4D: two heads, experts"),
)
"""Pairs that are compared, beside MICACL with each other system."""


def system_row(
    system: str, found: Sequence[Mapping[str, F32]], about: Sequence[Trained], test: Sequence[PreparedClip]
) -> SystemRow:
    """Return a row: means over seeds, intervals over people; `found` has each seed's probabilities by order of frames.

    For the intervals seeds are pooled, and whole people are drawn with their predictions of all seeds.
    """
    seeds = len(found)
    _, person = np.unique([clip.subject or clip.clip for clip in test], return_inverse=True)
    labels = np.tile(np.array([clip.label for clip in test], np.int64), seeds)
    people, probabilities = np.tile(person, seeds), np.concatenate([each["logits"] for each in found])
    predicted, pooled = _predicted(found, "logits"), report(probabilities, labels, people)
    each = [confusion(labels[: len(test)], one) for one in predicted.reshape(seeds, -1)]
    backwards, shuffled = (
        compare(labels, predicted, _predicted(found, order), people) for order in ("reversed", "shuffled")
    )
    row: SystemRow = {
        "system": system,
        "seeds": seeds,
        "n": len(test),
        "people": int(person.max()) + 1,
        "war": pooled["war"],
        "war_95": pooled["war_95"],
        "war_sd": spread([war(m) for m in each]),
        "uar": pooled["uar"],
        "uar_95": pooled["uar_95"],
        "uar_sd": spread([uar(m) for m in each]),
        "ece": pooled["ece"],
        "ece_95": bootstrap(people, lambda rows: reliability(probabilities[rows], labels[rows]).ece, draws=300),
        "reversed": backwards["war"],
        "reversed_95": backwards["war_95"],
        "shuffled": shuffled["war"],
        "shuffled_95": shuffled["war_95"],
        "said": [one.tolist() for one in predicted.reshape(seeds, -1)],
        "labels": labels[: len(test)].tolist(),
        "persons": person.tolist(),
    }
    if both := _with_interval(lambda rows: _tail(labels[rows], predicted[rows]), people):
        row["tail"], row["tail_95"] = both
    if about:
        _add_trained(row, about, person)
    return row


def _predicted(found: Sequence[Mapping[str, F32]], order: str) -> Labels:
    """Return the predicted classes of all seeds, for clips with their frames in this order."""
    return np.asarray(np.concatenate([one[order] for one in found]).argmax(axis=1), np.int64)


def _tail(labels: Labels, predicted: Labels) -> float:
    """Return the mean recall of fear and disgust; NaN if there is neither."""
    found = recalls(confusion(labels, predicted))[TAIL]
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def _cost(of: Trained) -> Cost:
    return {
        "parameters": of["parameters"],
        "piece_macs": of["piece_macs"],
        "window_macs": of["window_macs"],
        "piece_ms": of["piece_ms"],
        "window_ms": of["window_ms"],
        "kept_bytes": of["kept_bytes"],
    }


def _add_trained(row: SystemRow, about: Sequence[Trained], person: Labels) -> None:
    """Add cost, response time, share of expressions never named, and changes per minute on calm faces."""
    row["experts"], row["cost"] = about[0]["experts"], _cost(about[0])
    delays = [one for seed in about for one in seed["delays"]]
    calm = [one for seed in about for one in seed["calm"]]
    named = [(n, s) for n, s in delays if s is not None]
    if named:
        people = person[[n for n, _ in named]]
        if both := _with_interval(lambda rows: median(named[i][1] for i in rows), people):
            row["response_s"], row["response_s_95"] = both
    if delays:
        people = person[[n for n, _ in delays]]
        if both := _with_interval(lambda rows: float(np.mean([delays[i][1] is None for i in rows])), people):
            row["missed"], row["missed_95"] = both
    if calm:
        people = person[[n for n, *_ in calm]]
        if both := _with_interval(
            lambda rows: 60 * sum(calm[i][1] for i in rows) / sum(calm[i][2] for i in rows), people
        ):
            row["flips"], row["flips_95"] = both


def _with_interval(statistic: Callable[[Labels], float], people: Labels) -> tuple[float, Interval] | None:
    whole = statistic(np.arange(len(people)))
    return (round(float(whole), DIGITS), bootstrap(people, statistic)) if np.isfinite(whole) else None


def differences(rows: Sequence[SystemRow]) -> list[str]:
    """Return a sentence for each difference: of every row from MICACL's, and of `PAIRS`."""
    named = {row["system"]: row for row in rows}
    pairs = [("MICACL", name) for name in named if name != "MICACL"] + list(PAIRS)
    return [_difference(named[one], named[other]) for one, other in pairs if one in named and other in named]


def _difference(base: SystemRow, row: SystemRow) -> str:
    both = f"{row['system']} against {base['system']}"
    if base["seeds"] != row["seeds"]:
        return f"{both}: other seeds"
    labels, people = np.tile(base["labels"], base["seeds"]), np.tile(base["persons"], base["seeds"])
    before, after = (np.concatenate([np.array(one) for one in each["said"]]) for each in (base, row))
    found = compare(labels, before, after, people)
    return f"{both}: WAR {judged(found['war'], found['war_95'])}"


def judged(difference: float, interval: Interval) -> str:
    """Return a difference with its interval and a verdict, as text."""
    low, high = interval
    verdict = "cannot be told apart" if low <= 0 <= high else "better" if low > 0 else "worse"
    return f"{difference:+.3f} [{low:+.3f}, {high:+.3f}], {verdict}"
