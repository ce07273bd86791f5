"""The table of the ablation of both streams: the scores of each row on each set, and its difference from the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NotRequired, TypedDict

import numpy as np

from realtime_micacl.making.scores import compare, confusion, recalls, spread, uar, war
from realtime_micacl.types import EMOTIONS, F32
from realtime_micacl.wording import counted

if TYPE_CHECKING:
    from realtime_micacl.making.evaluation.recorded import Recorded

RARE = [EMOTIONS.index(name) for name in ("fear", "disgust")]
Rows = Mapping[str, Mapping[str, Sequence[F32]]]
"""By row and set: the probabilities of each seed, [n,K]."""


class Less(TypedDict):
    """The difference of scores from the first row's, and the ends of its interval."""

    war: list[float]
    uar: list[float]


class Row(TypedDict):
    """The scores of a variant on a set: means and standard deviations over seeds."""

    variant: str
    seeds: int
    n: int
    people: int
    rare: float | None
    war: float
    war_sd: float
    uar: float
    uar_sd: float
    less: NotRequired[Less]


Tables = Mapping[str, Sequence[Row]]
"""By set."""


def figures(rows: Rows, sets: Mapping[str, Recorded]) -> Tables:
    """Return a table for each set: means over seeds, and the differences from the first row with intervals.

    For the intervals seeds are pooled, and whole people are drawn with their predictions of all seeds.
    """
    first = next(iter(rows.values()))
    return {
        name: [_row(row, probabilities[name], first[name], recorded) for row, probabilities in rows.items()]
        for name, recorded in sets.items()
    }


def _row(name: str, probabilities: Sequence[F32], first: Sequence[F32], recorded: Recorded) -> Row:
    predicted, before = ([one.argmax(axis=1) for one in each] for each in (probabilities, first))
    matrices = [confusion(recorded.labels, one) for one in predicted]
    wars, uars = [war(m) for m in matrices], [uar(m) for m in matrices]
    rare = np.array([recalls(m)[RARE] for m in matrices])
    row: Row = {
        "variant": name,
        "seeds": len(probabilities),
        "n": len(recorded.labels),
        "people": len(np.unique(recorded.people)),
        "rare": round(float(np.nanmean(rare)), 4) if np.isfinite(rare).any() else None,
        "war": round(float(np.mean(wars)), 4),
        "war_sd": spread(wars),
        "uar": round(float(np.mean(uars)), 4),
        "uar_sd": spread(uars),
    }
    if probabilities is not first:
        both = min(len(before), len(predicted))  # only seeds that both rows have
        labels, people = (np.tile(one, both) for one in (recorded.labels, recorded.people))
        found = compare(labels, np.concatenate(before[:both]), np.concatenate(predicted[:both]), people)
        row["less"] = {"war": [found["war"], *found["war_95"]], "uar": [found["uar"], *found["uar_95"]]}
    return row


def as_table(found: Tables) -> str:
    """Return the rows as Markdown, a column for each set."""
    sets = list(found.values())
    lines = [
        f"{', '.join(_title(name, rows[0]) for name, rows in found.items())}; {counted(sets[0][0]['seeds'], 'seed')}. "
        "WAR / UAR ± standard deviation over seeds, and how far UAR is from the first row [95 % interval].",
        "",
        f"| variant | {' | '.join(found)} |",
        "|---" * (len(sets) + 1) + "|",
    ]
    lines += [f"| {rows[0]['variant']} | {' | '.join(map(_cell, rows))} |" for rows in zip(*sets, strict=True)]
    return "\n".join(lines) + "\n"


def _title(name: str, row: Row) -> str:
    groups = f", {counted(row['people'], 'group')} drawn whole" if row["people"] < row["n"] else ""
    return f"{name} (n = {row['n']}{groups})"


def _cell(row: Row) -> str:
    read = f"{row['war']:.3f} / {row['uar']:.3f} ± {row['uar_sd']:.3f}"
    return read + (", {:+.3f} [{:+.3f}, {:+.3f}]".format(*row["less"]["uar"]) if "less" in row else "")
