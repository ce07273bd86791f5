"""Measures response and flips with other smoothing: `python tests/bench/smoothing.py VIDEO.. --prepared FOLDER..`.

The settings are time constant, margin by which another emotion must lead, and dwell. `extra` are the flips of rendered
clips beyond the two that each expression needs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from flips import flips, per_minute, span_s
from response import read_takes, timing
from traces import Shown, Trace, show, trace_video

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.reading.smoother import DWELL_S, MARGIN, Smoother

CONSTANTS_S = (0.0, 0.1, 0.15, 0.2, 0.3, 0.6)
DWELLS_S, MARGINS = (0.0, 0.16, 0.32), (0.3,)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("videos", type=Path, nargs="+")
    p.add_argument("--prepared", type=Path, nargs="+", required=True)
    p.add_argument("--engine", type=Path, default=default_engine())
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    takes, calm = read_takes(arguments.prepared, sidecar, folder)
    engine = open_engine(folder, sidecar)
    real = [trace for video in arguments.videos for trace in trace_video(video, engine, sidecar)]
    engine.close()
    say = sys.stdout.write
    say("| time constant, s | margin | dwell, s | half shown p50 / p90, s | named p50 / p90 | cleared p50 |")
    say(" other word p50 / p90 | extra flips a minute, rendered | flips a minute, videos |\n" + 9 * "|---" + "|\n")
    usual_s = Settings().smoothing_s
    rows = [(constant_s, MARGIN, DWELL_S) for constant_s in CONSTANTS_S]
    rows += [(usual_s, MARGIN, dwell_s) for dwell_s in DWELLS_S]
    rows += [(usual_s, margin, DWELL_S) for margin in MARGINS]
    for constant_s, margin, dwell_s in rows:

        def seen(trace: Trace, row: tuple[float, float, float] = (constant_s, margin, dwell_s)) -> Shown:
            below = sidecar.calibration.abstain_below
            constant_s, margin, dwell_s = row
            smoother = Smoother(abstain_below=below, time_constant_s=constant_s, margin=margin, dwell_s=dwell_s)
            return show(trace, smoother)

        acted = [seen(take.trace) for take in takes]
        held = [t for t in (timing(take, s) for take, s in zip(takes, acted, strict=True)) if t]
        extra = sum(flips(s) - 2 for s in acted if flips(s) > 2) + sum(flips(seen(trace)) for trace in calm)
        minutes = sum(span_s(s) for s in acted + [seen(trace) for trace in calm]) / 60
        cells = [f"{constant_s:g}", f"{margin:g}", f"{dwell_s:g}"]
        for name, ends in (("shown", (50, 90)), ("named", (50, 90)), ("cleared", (50,)), ("gone", (50, 90))):
            values = np.percentile([getattr(t, name) for t in held], ends, method="higher")
            cells.append(" / ".join(f"{v:.2f}" for v in values))
        cells += [f"{extra / minutes:.1f}", f"{per_minute([seen(trace) for trace in real]):.1f}"]
        say(f"| {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main()
