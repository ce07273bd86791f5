"""How the program reads labelled stretches of real clips, run offline: `python -m tests.bench.segments CLIPS FILE`.

CLIPS is a folder of videos, FILE a JSON list of [clip, first frame, last frame, label, clarity from 1 to 3]. A stretch
is right when the mean of its readings leads with its label; one without a reading is wrong. Labels that are none of the
seven emotions stand for faces that should be "unsure". Writes a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

from realtime_micacl.config import Settings
from realtime_micacl.data.samples import label_named
from realtime_micacl.inference.engine import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import offline, openers
from realtime_micacl.live.video import read_file
from realtime_micacl.scores import confusion, uar
from realtime_micacl.types import EMOTIONS, EmotionDistribution

CLEAR = 2


def readings(file: Path, engine: Path) -> list[EmotionDistribution]:
    """Return what the program reads in a clip."""
    folder, sidecar = read_sidecar(engine)
    open_perceiver, open_recognizer = openers(Settings(), folder, sidecar)
    with closing(open_perceiver()) as perceiver, closing(open_recognizer()) as recognizer:
        return [e for e in offline(read_file(file), perceiver, recognizer) if isinstance(e, EmotionDistribution)]


def changes(read: list[EmotionDistribution]) -> tuple[int, float]:
    """Return how often the word changes, and the seconds in which it can."""
    tracks = defaultdict(list)
    for one in read:
        tracks[one.track_id].append(one)
    words = sum(a.emotion != b.emotion for track in tracks.values() for a, b in pairwise(track))
    return words, sum(track[-1].time_s - track[0].time_s for track in tracks.values())


def rate_hz(file: Path) -> float:
    """Return the pictures a second of a clip."""
    with av.open(str(file)) as container:
        return float(container.streams.video[0].average_rate or 25)


def main() -> None:
    """Read the clips and print the table."""
    p = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    p.add_argument("clips", type=Path)
    p.add_argument("segments", type=Path)
    p.add_argument("--engine", type=Path, default=default_engine())
    given = p.parse_args()
    stretches = json.loads(given.segments.read_text("utf-8"))
    files = {name: given.clips / f"{name}.mp4" for name in sorted({row[0] for row in stretches})}
    read = {name: readings(file, given.engine) for name, file in files.items()}
    truth, told, shown, grimaces, unread = [], [], [], [], 0
    for name, first, last, label, clarity in stretches:
        hz, wanted = rate_hz(files[name]), label_named(label)
        inside = [one for one in read[name] if first / hz - 1e-6 <= one.time_s <= last / hz + 1e-6]
        if wanted is None:
            grimaces += [one.emotion is None for one in inside]
        elif clarity >= CLEAR:
            unread += not inside
            truth.append(wanted)
            mean = sum((one.probabilities for one in inside), np.zeros(len(EMOTIONS)))
            told.append(int(mean.argmax()) if inside else (wanted + 1) % len(EMOTIONS))
            shown += [one.emotion == EMOTIONS[wanted] for one in inside if one.emotion]
            shown += [None for one in inside if not one.emotion]
    matrix = confusion(np.array(truth), np.array(told))
    each = zip(EMOTIONS, matrix.diagonal(), matrix.sum(axis=1), strict=True)
    words, seconds = (sum(part) for part in zip(*map(changes, read.values()), strict=True))
    named = [right for right in shown if right is not None]
    rows = {
        "stretches right": f"{matrix.trace()} of {matrix.sum()}",
        "UAR over what occurs": f"{uar(matrix):.3f}",
        "without a reading": f"{unread}",
        "right of each": ", ".join(f"{name} {right} of {n}" for name, right, n in each if n),
        "changes of the word": f"{words} in {seconds:.0f} s",
        "a word is shown": f"{len(named) / max(1, len(shown)):.2f} of the readings in stretches",
        "wrong among these": f"{1 - np.mean(named):.2f}",
        "unsure where it should be": f"{np.mean(grimaces):.2f}" if grimaces else "none there",
    }
    sys.stdout.write("| | |\n|---|---|\n" + "".join(f"| {what} | {found} |\n" for what, found in rows.items()))


if __name__ == "__main__":
    main()
