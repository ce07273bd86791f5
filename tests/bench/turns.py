"""Runs `bench` on several revisions in turn: `python -m tests.bench.turns REVISION REVISION ..`.

Each revision is installed as by `tests.bench.weight`, whose table comes first, and then plays the demo clip in a window
that paints into memory. For each row the best turn, the first quartile and the worst are printed, since other work on
the machine only makes turns worse. If too little time is left, a live program paints less and so takes less, too: then
run this by `nice -n -5`, or look at the stages alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench import weight

TURNS = 8
SECONDS = 10.0
LIVE = {
    "live: processor, % of a core": lambda said: said["cpu_percent"],
    "live: memory, MB": lambda said: said["memory_mb"],
    "live: new pictures painted a second, of 30": lambda said: said["painted_hz"],
    "live: capture to paint, p50, ms": lambda said: said["latency_ms"][0],
    "live: capture to paint, p95, ms": lambda said: said["latency_ms"][1],
    "live: capture to reading, p50, ms": lambda said: said["reading_ms"][0],
    "live: capture to reading, p95, ms": lambda said: said["reading_ms"][1],
    "live: readings a second and face": lambda said: said["readings_hz_per_face"],
    "live: first picture, s": lambda said: said["start_s"][0],
    "live: first reading, s": lambda said: said["start_s"][1],
    "painting alone, 1920 x 1080, p50, ms": lambda said: said["paint_alone_ms"][0],
}
MORE = ("live: new pictures painted a second, of 30", "live: readings a second and face")
"""Rows in which more is better."""
STAGES = ("decode", "detect", "crop and track", "encode", "classify")


def bench(python: Path, folder: Path) -> dict[str, Any]:
    """Return the figures of `bench` for one revision, with its window and its stages."""
    figures = folder / "bench.json"
    command: list[str | Path] = [python, "-m", "realtime_micacl", "bench", "--only", "live", "stages"]
    command += ["--seconds", str(SECONDS), "--json", figures]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=weight.LATE_S)
    said: dict[str, Any] = json.loads(figures.read_text())
    return said


def rows(said: dict[str, Any]) -> dict[str, float]:
    """Return the figures of one turn by the name of their row."""
    found = {name: float(one(said)) for name, one in LIVE.items()}
    stages = said["stages"]
    for name in STAGES:
        row = stages["stages_ms"][name]
        found[f"{name}: times a second"] = row["per_s"]
        found[f"{name}: processor, p50, ms"] = row["p50"]
    found["stages together: processor, % of a core"] = stages["processor_percent"]
    return found


def table(revisions: list[str], turns: list[list[dict[str, float]]]) -> str:
    """Return the table of best, first quartile and worst for each row, from turns with figures for each revision."""
    lines = [f"| | {' | '.join(revisions)} |", f"|---|{'---|' * len(revisions)}"]
    for name in turns[0][0]:
        cells = []
        for n in range(len(revisions)):
            seen = np.percentile([turn[n][name] for turn in turns], (100, 75, 0) if name in MORE else (0, 25, 100))
            cells.append(", ".join(f"{one:.3g}" for one in seen))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print both tables."""
    with weight.installed(sys.argv[1:] or ["HEAD"]) as them:
        sys.stdout.write(weight.table(them))
        turns = [[rows(bench(one.python, one.folder)) for one in them] for _ in range(TURNS)]
    sys.stdout.write("\n" + table([one.revision for one in them], turns))


if __name__ == "__main__":
    main()
