"""The table of the ablation of both streams: how each row reads each set, and how it differs from the first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realtime_micacl.making.evaluation.recorded import Recorded
from realtime_micacl.making.scores import compare, confusion, recalls, uar, war
from realtime_micacl.types import EMOTIONS, F32

RARE = [EMOTIONS.index(name) for name in ("fear", "disgust")]
Rows = Mapping[str, Mapping[str, Sequence[F32]]]
"""By row and set: what each seed said of each item, [n,K]."""


def figures(rows: Rows, sets: Mapping[str, Recorded]) -> dict[str, list[dict[str, Any]]]:
    """Return a table for each set: means over seeds, and the differences from the first row with intervals.

    The seeds are pooled, and whole people are drawn with all that every seed said of them.
    """
    first = next(iter(rows.values()))
    return {
        name: [_row(row, said[name], first[name], recorded) for row, said in rows.items()]
        for name, recorded in sets.items()
    }


def _row(name: str, said: Sequence[F32], first: Sequence[F32], recorded: Recorded) -> dict[str, Any]:
    words, before = ([one.argmax(axis=1) for one in each] for each in (said, first))
    matrices = [confusion(recorded.labels, one) for one in words]
    each = {"war": [war(m) for m in matrices], "uar": [uar(m) for m in matrices]}
    row: dict[str, Any] = {"variant": name, "seeds": len(said), "n": len(recorded.labels)}
    row["people"] = len(np.unique(recorded.people))
    rare = np.array([recalls(m)[RARE] for m in matrices])
    row["rare"] = round(float(np.nanmean(rare)), 4) if np.isfinite(rare).any() else None
    for key, values in each.items():
        row[key], row[f"{key}_sd"] = (
            round(float(np.mean(values)), 4),
            round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else 0.0,
        )
    if said is not first:
        both = min(len(before), len(words))  # seeds that both have
        labels, people = (np.tile(one, both) for one in (recorded.labels, recorded.people))
        found = compare(labels, np.concatenate(before[:both]), np.concatenate(words[:both]), people)
        row["less"] = {key: [found[key], *found[f"{key}_95"]] for key in ("war", "uar")}
    return row


def as_table(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the rows as Markdown, a column for each set."""
    sets = list(found.values())
    lines = [
        f"{', '.join(_title(name, rows[0]) for name, rows in found.items())}; {sets[0][0]['seeds']} seeds. WAR / UAR ± "
        "standard deviation over seeds, and how far UAR is from the first row [95 % interval].",
        "",
        f"| variant | {' | '.join(found)} |",
        "|---" * (len(sets) + 1) + "|",
    ]
    lines += [f"| {rows[0]['variant']} | {' | '.join(map(_cell, rows))} |" for rows in zip(*sets, strict=True)]
    return "\n".join(lines) + "\n"


def _title(name: str, row: Mapping[str, Any]) -> str:
    groups = f", {row['people']} groups that are drawn whole" if row["people"] < row["n"] else ""
    return f"{name} (n = {row['n']}{groups})"


def _cell(row: Mapping[str, Any]) -> str:
    read = f"{row['war']:.3f} / {row['uar']:.3f} ± {row['uar_sd']:.3f}"
    return read + (", {:+.3f} [{:+.3f}, {:+.3f}]".format(*row["less"]["uar"]) if "less" in row else "")


def write(out: Path, found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Write what is known so far, and return it as Markdown."""
    (out / "table.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    text = as_table(found)
    (out / "table.md").write_text(text, "utf-8")
    return text
