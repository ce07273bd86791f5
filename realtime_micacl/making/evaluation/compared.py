"""The one table of `realtime-micacl compare`: figures of each system, and the differences that can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.scores import compare, confusion, recalls, report, uar, war
from realtime_micacl.types import EMOTIONS, F32

TAIL = [EMOTIONS.index(name) for name in ("fear", "disgust")]
HEAD = ("system", "WAR", "UAR", "fear, disgust", "ECE", "reversed", "shuffled", "response s", "missed", "flips/min")
COST = ("system", "parameters", "MACs a tick", "MACs a window", "ms a tick", "ms a window", "kept of a face")


def figures(
    found: Sequence[Mapping[str, F32]], about: Sequence[Mapping[str, Any]], test: Sequence[PreparedClip]
) -> Any:
    """Return a row: means over seeds, intervals over people; `found` are shares in each order of frames.

    The seeds are pooled, and whole people are drawn with all that every seed said of them.
    """
    labels = np.array([clip.label for clip in test], np.int64)
    _, person = np.unique([clip.subject or clip.clip for clip in test], return_inverse=True)
    pooled = report(
        np.concatenate([each["logits"] for each in found]), np.tile(labels, len(found)), np.tile(person, len(found))
    )
    said = [each["logits"].argmax(axis=1) for each in found]
    matrices = [confusion(labels, one) for one in said]
    row: dict[str, Any] = {name: pooled[name] for name in ("war", "war_95", "uar", "uar_95")}
    row |= {"war_sd": _sd([war(m) for m in matrices]), "uar_sd": _sd([uar(m) for m in matrices])}
    row["tail"] = round(float(np.mean([np.nanmean(recalls(m)[TAIL]) for m in matrices])), 4)
    row["ece"] = round(float(np.mean([report(f["logits"], labels, draws=2)["ece"] for f in found])), 4)
    for order in ("reversed", "shuffled"):
        row[order] = round(float(np.mean([(f[order].argmax(axis=1) == labels).mean() for f in found])), 4)
    row |= dict(about[0]) if about else {}
    for name in ("response_s", "missed", "flips"):
        row[name] = _mean([one[name] for one in about])
    return row | {
        "seeds": len(found),
        "n": len(test),
        "people": int(person.max()) + 1,
        "said": [one.tolist() for one in said],
        "labels": labels.tolist(),
        "persons": person.tolist(),
    }


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as Markdown: how each reads, what it costs, how it differs from MICACL."""
    first = rows[0]
    lines = [
        f"{first['n']} clips of {first['people']} people never trained on, {first['seeds']} seeds: mean ± standard "
        "deviation over seeds, [95 % interval over people].",
        "",
        *_lines(HEAD, [_read(row) for row in rows]),
        "",
        *_lines(COST, [_cost(row) for row in rows if "parameters" in row]),
    ]
    base = next((row for row in rows if row["system"] == "MICACL"), None)
    if base:
        lines += ["", "Against MICACL, on the same clips and seeds:", ""]
        lines += [_difference(base, row) for row in rows if row is not base]
    for row in rows:
        if row.get("experts"):
            kinds = [[name, *(f"{share:.2f}" for share in use)] for name, use in row["experts"].items()]
            lines += ["", f"How much each expert serves, {row['system']}, first seed:", ""]
            lines += _lines(["", *map(str, range(1, len(kinds[0])))], kinds)
    return "\n".join(lines) + "\n"


def _read(row: Mapping[str, Any]) -> list[str]:
    scores = [
        f"{row[n]:.3f} ± {row[f'{n}_sd']:.3f} [{row[f'{n}_95'][0]:.3f}, {row[f'{n}_95'][1]:.3f}]"
        for n in ("war", "uar")
    ]
    orders = [f"{row[n]:.3f} ({row[n] - row['war']:+.3f})" for n in ("reversed", "shuffled")]
    timing = [_maybe(row["response_s"], ".2f"), _maybe(row["missed"], ".2f"), _maybe(row["flips"], ".1f")]
    return [row["system"], *scores, f"{row['tail']:.3f}", f"{row['ece']:.3f}", *orders, *timing]


def _cost(row: Mapping[str, Any]) -> list[str]:
    macs = [f"{row[name] / 1e6:.1f} M" for name in ("piece_macs", "window_macs")]
    ms = [f"{row[name]:.2f}" for name in ("piece_ms", "window_ms")]
    return [row["system"], f"{row['parameters'] / 1e6:.2f} M", *macs, *ms, f"{row['kept_bytes'] / 1e3:.0f} kB"]


def _difference(base: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    labels, people = (np.array(base[name] * base["seeds"]) for name in ("labels", "persons"))
    before, after = (np.concatenate([np.array(one) for one in each["said"]]) for each in (base, row))
    if len(before) != len(after):
        return f"- {row['system']}: other seeds"
    found = compare(labels, before, after, people)
    low, high = found["war_95"]
    verdict = "cannot be told apart" if low <= 0 <= high else "better" if low > 0 else "worse"
    return f"- {row['system']}: WAR {found['war']:+.3f} [{low:+.3f}, {high:+.3f}], {verdict}"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]


def _maybe(value: float | None, how: str) -> str:
    return "" if value is None else format(value, how)


def _mean(values: Sequence[float]) -> float | None:
    """Return the mean of the numbers among the values; None where there is none."""
    known = [value for value in values if value == value]
    return round(float(np.mean(known)), 3) if known else None


def _sd(values: Sequence[float]) -> float:
    return round(float(np.std(values, ddof=1)), 4) if len(values) > 1 else 0.0
