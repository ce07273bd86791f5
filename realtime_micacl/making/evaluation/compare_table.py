"""The tables of `realtime-micacl compare` as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from realtime_micacl.making.evaluation.system_rows import differences, judged
from realtime_micacl.making.figures import Cost, Interval, Real, RealRow, SystemRow

READ = ("system", "WAR", "UAR", "fear, disgust", "ECE")
TIME = ("system", "reversed: change of WAR", "shuffled", "response s", "missed", "flips/min")
COST = ("system", "parameters", "MACs a tick", "MACs a window", "ms a tick", "ms a window", "kept of a face")
REAL = ("system", "n", "WAR", "UAR", "ECE", "WAR against what ships", "words shown", "of them wrong")


def as_table(title: str, rows: Sequence[SystemRow], budget: str) -> str:
    """Return the tables of one recipe: scores, order and response, and which differences are significant."""
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
            lines += ["", f"Share of each expert, {row['system']}, first seed:", ""]
            lines += _lines(["", *map(str, range(1, len(kinds[0])))], kinds)
    return "\n".join(lines) + "\n"


def cost_table(rows: Sequence[SystemRow]) -> str:
    """Return a table of what each system costs."""
    costs = [_cost(row["system"], row["cost"]) for row in rows if "cost" in row]
    return "\n".join(["## Cost", "", *_lines(COST, costs)]) + "\n"


def real_table(rows: Sequence[RealRow], about: str) -> str:
    """Return the scores on real people, read by the live stages with default settings."""
    most = max(row["seeds"] for row in rows)
    spoken = f"{most} seeds, ± over them" if most > 1 else "One seed"
    lines = ["## Real people", "", f"{about} {spoken}; intervals over photographs and stretches."]
    photographs = [(row["system"], row["seeds"], row["photographs"]) for row in rows if "photographs" in row]
    clips = [(row["system"], row["seeds"], row["clips"]) for row in rows if "clips" in row]
    if photographs:
        lines += [
            "",
            "### photographs",
            "",
            *_lines(REAL, [_real(name, row, seeds) for name, seeds, row in photographs]),
        ]
    if clips:
        cells = [[*_real(name, row, seeds), f"{row['changes_a_minute']:.1f}"] for name, seeds, row in clips]
        lines += ["", "### clips", "", *_lines([*REAL, "changes/min"], cells)]
    return "\n".join(lines) + "\n"


def _read(row: SystemRow) -> list[str]:
    return [
        row["system"],
        *_recalls(row, row["seeds"]),
        _with_interval(row.get("tail"), row.get("tail_95"), ".3f"),
        _with_interval(row["ece"], row["ece_95"], ".3f"),
    ]


def _recalls(row: SystemRow | Real, seeds: int) -> list[str]:
    war, uar = (f" ± {row['war_sd']:.3f}", f" ± {row['uar_sd']:.3f}") if seeds > 1 else ("", "")
    return [f"{row['war']:.3f}{war} {_interval(row['war_95'])}", f"{row['uar']:.3f}{uar} {_interval(row['uar_95'])}"]


def _time(row: SystemRow) -> list[str]:
    return [
        row["system"],
        _with_interval(row["reversed"], row["reversed_95"], "+.3f"),
        _with_interval(row["shuffled"], row["shuffled_95"], "+.3f"),
        _with_interval(row.get("response_s"), row.get("response_s_95"), ".2f"),
        _with_interval(row.get("missed"), row.get("missed_95"), ".2f"),
        _with_interval(row.get("flips"), row.get("flips_95"), ".1f"),
    ]


def _cost(system: str, cost: Cost) -> list[str]:
    return [
        system,
        f"{cost['parameters'] / 1e6:.2f} M",
        f"{cost['piece_macs'] / 1e6:.1f} M",
        f"{cost['window_macs'] / 1e6:.1f} M",
        f"{cost['piece_ms']:.2f}",
        f"{cost['window_ms']:.2f}",
        f"{cost['kept_bytes'] / 1e3:.0f} kB",
    ]


def _real(system: str, row: Real, seeds: int) -> list[str]:
    against, shown = row.get("against"), row["words_shown"]
    return [
        system,
        str(row["n"]),
        *_recalls(row, seeds),
        f"{row['ece']:.3f}",
        judged(against["war"], against["war_95"]) if against else "",
        f"{shown / max(1, row['words']):.2f}",
        f"{row['words_wrong'] / max(1, shown):.2f}",
    ]


def _with_interval(value: float | None, interval: Interval | None, how: str) -> str:
    return "" if value is None or interval is None else f"{value:{how}} {_interval(interval, how)}"


def _interval(interval: Interval, how: str = ".3f") -> str:
    return f"[{interval[0]:{how}}, {interval[1]:{how}}]"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]
