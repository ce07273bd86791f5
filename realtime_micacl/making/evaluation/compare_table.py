"""What `realtime-micacl compare` found, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from realtime_micacl.making.evaluation.compared import ORDERS, differences, told

Row = Mapping[str, Any]
READ = ("system", "WAR", "UAR", "fear, disgust", "ECE")
TIME = ("system", "reversed: change of WAR", "shuffled", "response s", "missed", "flips/min")
COST = ("system", "parameters", "MACs a tick", "MACs a window", "ms a tick", "ms a window", "kept of a face")
REAL = ("system", "n", "WAR", "UAR", "ECE", "WAR against what ships", "words shown", "of them wrong")


def as_table(title: str, rows: Sequence[Row], budget: str) -> str:
    """Return the rows of one recipe: how each reads, what order and time say, and which differences can be told."""
    first = rows[0]
    seeds = f"{first['seeds']} seeds: mean ± standard deviation over seeds" if first["seeds"] > 1 else "One seed"
    lines = [
        f"## {title}",
        "",
        f"{first['n']} clips of {first['people']} people never trained on. Budget of each system: {budget}. "
        f"{seeds}, [95 % interval over people].",
        "",
        *_lines(READ, [_read(row) for row in rows]),
        "",
        *_lines(TIME, [_time(row) for row in rows]),
        "",
        *(f"- {line}" for line in differences(rows)),
    ]
    for row in rows:
        if row.get("experts"):
            kinds = [[name, *(f"{share:.2f}" for share in use)] for name, use in row["experts"].items()]
            lines += ["", f"How much each expert serves, {row['system']}, first seed:", ""]
            lines += _lines(["", *map(str, range(1, len(kinds[0])))], kinds)
    return "\n".join(lines) + "\n"


def cost_table(rows: Sequence[Row]) -> str:
    """Return what each system costs."""
    return "\n".join(["## Cost", "", *_lines(COST, [_cost(row) for row in rows if "parameters" in row])]) + "\n"


def real_table(rows: Sequence[Row], about: str) -> str:
    """Return how each reads real people, by the live path with its default settings."""
    lines = ["## Real people", "", about]
    for where in ("photographs", "clips"):
        if where in rows[0]:
            calm = where == "clips"
            head = [*REAL, "changes/min"] if calm else REAL
            lines += ["", f"### {where}", "", *_lines(head, [_real(row["system"], row[where], calm) for row in rows])]
    return "\n".join(lines) + "\n"


def _read(row: Row) -> list[str]:
    spread = {n: f" ± {row[f'{n}_sd']:.3f}" if row["seeds"] > 1 else "" for n in ("war", "uar")}
    scores = [f"{row[n]:.3f}{spread[n]} {_interval(row[f'{n}_95'])}" for n in ("war", "uar")]
    return [row["system"], *scores, _maybe(row, "tail", ".3f"), _maybe(row, "ece", ".3f")]


def _time(row: Row) -> list[str]:
    orders = [_maybe(row, n, "+.3f") for n in ORDERS]
    timing = [_maybe(row, n, how) for n, how in (("response_s", ".2f"), ("missed", ".2f"), ("flips", ".1f"))]
    return [row["system"], *orders, *timing]


def _cost(row: Row) -> list[str]:
    macs = [f"{row[name] / 1e6:.1f} M" for name in ("piece_macs", "window_macs")]
    ms = [f"{row[name]:.2f}" for name in ("piece_ms", "window_ms")]
    return [row["system"], f"{row['parameters'] / 1e6:.2f} M", *macs, *ms, f"{row['kept_bytes'] / 1e3:.0f} kB"]


def _real(system: str, row: Row, calm: bool) -> list[str]:
    scores = [f"{row[n]:.3f} {_interval(row[f'{n}_95'])}" for n in ("war", "uar")]
    against = row.get("against")
    shown = row["words_shown"]
    return [
        system,
        str(row["n"]),
        *scores,
        f"{row['ece']:.3f}",
        told(against["war"], against["war_95"]) if against else "",
        f"{shown / max(1, row['words']):.2f}",
        f"{row['words_wrong'] / max(1, shown):.2f}",
        *([f"{row['changes_a_minute']:.1f}"] if calm else []),
    ]


def _maybe(row: Row, name: str, how: str) -> str:
    if name not in row:
        return ""
    signed = "+" if how.startswith("+") else ""
    return f"{row[name]:{how}} {_interval(row[f'{name}_95'], signed + how.lstrip('+'))}"


def _interval(interval: Sequence[float], how: str = ".3f") -> str:
    return f"[{interval[0]:{how}}, {interval[1]:{how}}]"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]
