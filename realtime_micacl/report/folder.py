"""The page of many clips: what `process` made of a folder."""

from __future__ import annotations

import csv
import json
from html import escape
from pathlib import Path
from typing import Any

from realtime_micacl.corpus.results import FAILED, MADE_WITH, read_done
from realtime_micacl.errors import SourceError
from realtime_micacl.palette import COLOURS
from realtime_micacl.report.html import clock, figures, origin, section, sheet
from realtime_micacl.wording import counted, why


def folder_page(out: Path) -> str:
    """Return the page of a folder; raise SourceError if it holds no results of `process`."""
    try:
        made = json.loads((out / MADE_WITH).read_text("utf-8"))
    except (OSError, ValueError) as cause:
        raise SourceError(f"{out} holds no results of `realtime-micacl process`: {why(cause)}") from cause
    rows = [row for entry in sorted(read_done(out), key=lambda entry: entry.clip) for row in entry.rows]
    clips = [row for row in rows if "track" not in row]
    failed = _failed(out / FAILED)
    read = [row for row in clips if row["readings"]]
    seen_s = sum(row["face_s"] for row in read)
    flips = sum(row["flips"] for row in read)
    overall = [
        ("clips read", f"{len(clips):,}", ""),
        ("failed", f"{len(failed):,}", ""),
        ("without a face", f"{len(clips) - len(read):,}", ""),
        ("faces", f"{sum(row['tracks'] for row in clips):,}", ""),
        ("readings", f"{sum(row['readings'] for row in clips):,}", ""),
        ("faces were seen", *clock(seen_s).partition(" ")[::2]),
        ("changes of word", f"{60 * flips / seen_s if seen_s else 0:.1f}", "a minute"),
    ]
    keys = "".join(f'<span><i style="background:{c}"></i>{name}</span>' for name, c in COLOURS.items())
    parts = [figures(overall)]
    heads = "<tr><th>clip</th><th>faces</th><th>mean shares</th><th>mostly</th><th class='n'>unsure</th>"
    heads += "<th class='n'>changes a minute</th><th class='n'>quality</th></tr>"
    table = f"<table>{heads}{''.join(map(_row, clips))}</table>"
    parts.append(section("Clips", f'<p class="key">{keys}</p>', table))
    if failed:
        lines = "".join(f"<tr><td>{escape(r['clip'])}</td><td>{escape(r['error'])}</td></tr>" for r in failed)
        parts.append(section("Could not be read", f"<table>{lines}</table>"))
    return sheet(out.resolve().name, counted(len(clips), "clip"), [*parts, origin(made)])


def _row(row: dict[str, Any]) -> str:
    name = escape(row["clip"])
    if not row["readings"]:
        return f'<tr><td>{name}</td><td>0</td><td class="note" colspan="5">{escape(row["note"])}</td></tr>'
    bar = "".join(f'<i style="width:{100 * row[f"mean_{e}"]:.2f}%;background:{c}"></i>' for e, c in COLOURS.items())
    note = f'<div class="note">{escape(row["note"])}</div>' if row["note"] else ""
    return (
        f'<tr><td>{name}{note}</td><td>{row["tracks"]}</td><td><div class="bar">{bar}</div></td>'
        f'<td>{row["word"]}</td><td class="n">{100 * row["share_unsure"]:.0f} %</td>'
        f'<td class="n">{row["flips_per_min"]:.1f}</td><td class="n">{row["quality"]:.2f}</td></tr>'
    )


def _failed(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
