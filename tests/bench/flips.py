"""Measures how calm the word on the card is: `python tests/bench/flips.py VIDEO.. [--prepared FOLDER..]`.

Each video goes through detector, tracker, window, engine and smoother, every frame, as `--offline` does. A flip is a
change of the word that is shown, to and from "unsure" too; `true` are the changes of expression that a person sees in
the clip. Of prepared rendered clips only the neutral ones count; in most of them the person talks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from traces import NEUTRAL, Shown, Trace, prepared, show, trace_clip, trace_video

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.reading.smoother import Smoother
from realtime_micacl.types import EMOTIONS

TRUE_CHANGES = {"WolfgangLanger_Pexels.mp4": 2}
"""Seen by eye: crying until 5.8 s, worried until 9.9 s, then happy. In the other clips the expression stays."""


def flips(shown: Shown) -> int:
    """Return how often the word changes."""
    return len(shown.runs) - 1 if shown.words else 0


def span_s(shown: Shown) -> float:
    """Return the seconds from the first to the last reading."""
    return float(shown.times_s[-1] - shown.times_s[0])


def per_minute(each: Sequence[Shown]) -> float:
    """Return the flips a minute of several faces together."""
    return 60 * sum(flips(one) for one in each) / sum(span_s(one) for one in each)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("videos", type=Path, nargs="*")
    p.add_argument("--prepared", type=Path, nargs="+", default=[], metavar="FOLDER")
    p.add_argument("--engine", type=Path, default=default_engine())
    p.add_argument("--smoothing-s", type=float, default=Settings().smoothing_s)
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    engine = open_engine(folder, sidecar)

    def shown(trace: Trace) -> Shown:
        below, constant_s = sidecar.calibration.abstain_below, arguments.smoothing_s
        return show(trace, Smoother(abstain_below=below, time_constant_s=constant_s))

    say = sys.stdout.write
    say(f"{sidecar.name}, smoothing {arguments.smoothing_s} s\n\n")
    say("| clip | read, s | flips | true | flips a minute | words |\n|---|---|---|---|---|---|\n")
    for video in arguments.videos:
        traces = trace_video(video, engine, sidecar)
        if not traces:
            say(f"| {video.name} | 0.0 | - | - | - | no face was read for long enough |\n")
        for trace in traces:
            seen = shown(trace)
            spent_s, true = span_s(seen), TRUE_CHANGES.get(video.name, 0)
            rate = f"{60 * flips(seen) / spent_s:.1f}" if spent_s else "-"
            say(f"| {trace.name} | {spent_s:.1f} | {flips(seen)} | {true} | {rate} | {_told(seen)} |\n")
    if arguments.prepared:
        ready = [clip for clip in prepared(arguments.prepared) if clip.label == NEUTRAL]
        calm = [shown(trace_clip(clip.clip, clip.load(), engine, sidecar)) for clip in ready]
        spent_s, many = sum(span_s(one) for one in calm), sum(flips(one) for one in calm)
        wrong = sum(word != NEUTRAL for one in calm for word in one.words) / sum(len(one.words) for one in calm)
        say(f"| {len(calm)} neutral rendered people | {spent_s:.1f} | {many} | 0 | {per_minute(calm):.1f} | ")
        say(f"{100 * wrong:.1f} % of the readings not neutral |\n")
    engine.close()


def _told(shown: Shown) -> str:
    """Return the words with the times at which they were shown."""
    runs = [f"{'unsure' if w is None else EMOTIONS[w]} {first:.1f}-{last:.1f}" for w, first, last in shown.runs]
    return ", ".join(runs[:12]) + (" .." if len(runs) > 12 else "")


if __name__ == "__main__":
    main()
