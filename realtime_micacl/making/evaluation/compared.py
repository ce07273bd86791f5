"""The figures of a system beside others, with intervals over people, and which differences can be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.scores import Labels, bootstrap, compare, confusion, recalls, reliability, report, uar, war
from realtime_micacl.types import EMOTIONS, F32

TAIL = [EMOTIONS.index(name) for name in ("fear", "disgust")]
ORDERS = ("reversed", "shuffled")
PAIRS = (
    ("S4D: one head", "S4D: two heads"),
    ("S4D: one head", "S4D: two heads, experts"),
    ("S4D: two heads, dense adapter", "S4D: two heads, experts"),
)
"""Differences that are asked for beside those from MICACL."""


def figures(
    found: Sequence[Mapping[str, F32]], about: Sequence[Mapping[str, Any]], test: Sequence[PreparedClip]
) -> dict[str, Any]:
    """Return a row: means over seeds, intervals over people; `found` are shares in each order of frames.

    The seeds are pooled, and whole people are drawn with all that every seed said of them.
    """
    seeds = len(found)
    _, person = np.unique([clip.subject or clip.clip for clip in test], return_inverse=True)
    labels = np.tile(np.array([clip.label for clip in test], np.int64), seeds)
    people, shares = np.tile(person, seeds), np.concatenate([each["logits"] for each in found])
    said = shares.argmax(axis=1)
    pooled = report(shares, labels, people)
    row: dict[str, Any] = {name: pooled[name] for name in ("war", "war_95", "uar", "uar_95", "ece")}
    each = [confusion(labels[: len(test)], one) for one in said.reshape(seeds, -1)]
    row |= {"war_sd": _sd([war(m) for m in each]), "uar_sd": _sd([uar(m) for m in each])}

    def tail(rows: Labels) -> float:
        return float(np.nanmean(recalls(confusion(labels[rows], said[rows]))[TAIL]))

    row |= _with_interval("tail", tail, people)
    row["ece_95"] = bootstrap(people, lambda rows: reliability(shares[rows], labels[rows]).ece, draws=300)
    for order in ORDERS:
        turned = np.concatenate([one[order] for one in found]).argmax(axis=1)
        difference = compare(labels, said, turned, people)
        row |= {order: difference["war"], f"{order}_95": difference["war_95"]}
    if about:
        row |= {name: value for name, value in about[0].items() if name not in ("delays", "calm")}
        row |= _timing(about, person)
    split = [one.tolist() for one in said.reshape(seeds, -1)]
    return row | {
        "seeds": seeds,
        "n": len(test),
        "people": int(person.max()) + 1,
        "said": split,
        "labels": labels[: len(test)].tolist(),
        "persons": person.tolist(),
    }


def _timing(about: Sequence[Mapping[str, Any]], person: Labels) -> dict[str, Any]:
    """Return how soon expressions are named, how many never are, and how often the word changes on calm faces."""
    delays = [tuple(one) for said in about for one in said["delays"]]
    calm = [tuple(one) for said in about for one in said["calm"]]
    named = [(n, s) for n, s in delays if s is not None]
    found: dict[str, Any] = {}
    if named:
        people = person[[n for n, _ in named]]
        found |= _with_interval("response_s", lambda rows: median(named[i][1] for i in rows), people)
    if delays:
        people = person[[n for n, _ in delays]]
        found |= _with_interval("missed", lambda rows: float(np.mean([delays[i][1] is None for i in rows])), people)
    if calm:
        people = person[[n for n, *_ in calm]]
        found |= _with_interval(
            "flips", lambda rows: 60 * sum(calm[i][1] for i in rows) / sum(calm[i][2] for i in rows), people
        )
    return found


def _with_interval(name: str, statistic: Callable[[Labels], float], people: Labels) -> dict[str, Any]:
    whole = statistic(np.arange(len(people)))
    if not np.isfinite(whole):
        return {}
    return {name: round(float(whole), 4), f"{name}_95": bootstrap(people, statistic)}


def differences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return, in a sentence each, how rows differ from MICACL's, and the pairs that are asked for besides."""
    named = {row["system"]: row for row in rows}
    pairs = [("MICACL", name) for name in named if name != "MICACL"] + list(PAIRS)
    return [_difference(named[one], named[other]) for one, other in pairs if one in named and other in named]


def _difference(base: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    both = f"{row['system']} against {base['system']}"
    if base["seeds"] != row["seeds"]:
        return f"{both}: other seeds"
    labels, people = (np.array(base[name] * base["seeds"]) for name in ("labels", "persons"))
    before, after = (np.concatenate([np.array(one) for one in each["said"]]) for each in (base, row))
    found = compare(labels, before, after, people)
    return f"{both}: WAR {told(found['war'], found['war_95'])}"


def told(difference: float, interval: Sequence[float]) -> str:
    """Return a difference with its interval and what it says."""
    low, high = interval
    verdict = "cannot be told apart" if low <= 0 <= high else "better" if low > 0 else "worse"
    return f"{difference:+.3f} [{low:+.3f}, {high:+.3f}], {verdict}"


def _sd(values: Sequence[float]) -> float:
    return round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else 0.0
