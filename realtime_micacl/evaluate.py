"""`realtime-micacl evaluate ENGINE`: measure an engine on pictures and people it never saw, WAR and UAR together."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from realtime_micacl.data.bank import bag_targets
from realtime_micacl.data.clips import Clip, bag_frames, read_clips
from realtime_micacl.data.ferplus import Stills, read_ferplus
from realtime_micacl.data.london import read_london
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.engine import Engine, default_engine, open_engine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.live.align import Aligner
from realtime_micacl.live.pipeline import softmax
from realtime_micacl.scores import Labels, report
from realtime_micacl.types import DEVICES, EMOTIONS, F32

CLEAR = 0.7  # a bag counts when one emotion holds this share of its newer half
BATCH = 64
Predictions = tuple[F32, Labels, Labels | None]
"""Probabilities [n,K], labels [n] and people [n]."""


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    p = argparse.ArgumentParser(prog="realtime-micacl evaluate", description="Measure an engine.")
    p.add_argument("engine", type=Path, nargs="?", help="folder of the engine (default: the one that is shipped)")
    p.add_argument("--ferplus", type=Path, metavar="FILE", help="FER+, its test part")
    p.add_argument("--london", type=Path, metavar="FOLDER", help="the London face set, its held-out people")
    p.add_argument("--rendered", type=Path, nargs="+", default=[], metavar="FOLDER", help="clips, held-out people")
    p.add_argument("--device", choices=DEVICES, default="auto")
    p.add_argument("--cache", type=Path, default=Path("runs/cache"), metavar="FOLDER", help="where crops are kept")
    p.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = p.parse_args(argv)
    folder, sidecar = read_sidecar(arguments.engine or default_engine())
    engine = open_engine(folder, sidecar, arguments.device)
    figures = {name: report(*predictions) for name, predictions in _predictions(engine, sidecar, arguments)}
    engine.close()
    if not figures:
        raise ConfigError("nothing to measure on: give --ferplus, --london or --rendered")
    sys.stdout.write("\n\n".join(as_text(name, scores) for name, scores in figures.items()) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def still_predictions(engine: Engine, sidecar: Sidecar, stills: Stills) -> Predictions:
    """Return what is read from pictures as clips of one repeated frame.

    The instances of such a bag are equal, so one of them is encoded.
    """
    spec, rows = sidecar.spec, []
    for start in range(0, len(stills.crops), BATCH):
        crops = stills.crops[start : start + BATCH]
        instances = np.broadcast_to(crops[:, None, :, :, None], (len(crops), spec.frames, *crops.shape[1:], 3))
        features = engine.encode(np.ascontiguousarray(instances))
        rows.append(engine.classify(np.repeat(features[:, None], spec.instances, axis=1))[0])
    return _probabilities(np.concatenate(rows), sidecar), stills.labels, stills.people


def clip_predictions(engine: Engine, sidecar: Sidecar, clips: Sequence[Clip]) -> Predictions:
    """Return what is read from the clear bags that the live window cuts from `clips`."""
    spec, rows, labels, people = sidecar.spec, [], [], []
    subjects = sorted({clip.subject for clip in clips})
    for clip in clips:
        frames = bag_frames(clip.times_s, spec)
        targets = bag_targets(clip, frames, spec)
        for bag, target in zip(frames, targets, strict=True):
            if target.max() < CLEAR:
                continue
            crops = clip.crops[bag].reshape(spec.instances, spec.frames, *clip.crops.shape[1:])
            rows.append(engine.classify(engine.encode(crops)[None])[0][0])
            labels.append(int(target.argmax()))
            people.append(subjects.index(clip.subject))
    probabilities = _probabilities(np.array(rows, np.float32), sidecar)
    return probabilities, np.array(labels, np.int64), np.array(people, np.int64)


def as_text(name: str, scores: dict[str, Any]) -> str:
    """Return the scores of one data set as a small table."""
    lines = [
        f"{name}: n {scores['n']} of {scores['people']} people, WAR {scores['war']:.3f} {_interval(scores['war_95'])}, "
        f"UAR {scores['uar']:.3f} {_interval(scores['uar_95'])}, ECE {scores['ece']:.3f}",
        "  recall "
        + "  ".join(f"{emotion} {r:.2f} ({scores['counts'][emotion]})" for emotion, r in scores["recall"].items()),
        "  " + " ".join(f"{emotion:>9}" for emotion in ("said:", *EMOTIONS)),
    ]
    for emotion, row in zip(EMOTIONS, scores["confusion"], strict=True):
        if sum(row):
            lines.append("  " + " ".join(f"{cell:>9}" for cell in (emotion, *row)))
    return "\n".join(lines)


def _predictions(engine: Engine, sidecar: Sidecar, arguments: argparse.Namespace) -> list[tuple[str, Predictions]]:
    aligner = Aligner(sidecar.bag.size_px, sidecar.crop.points)
    found: list[tuple[str, Predictions]] = []
    if arguments.ferplus:
        stills = read_ferplus(arguments.ferplus, "test", aligner, arguments.cache)
        found.append(("FER+ test", still_predictions(engine, sidecar, stills)))
    if arguments.london:
        stills = read_london(arguments.london, aligner, held_out=True)
        found.append(("London, held-out people", still_predictions(engine, sidecar, stills)))
    clips = [clip for folder in arguments.rendered for clip in read_clips(folder, aligner, arguments.cache)]
    if held_out := [clip for clip in clips if clip.held_out]:
        found.append(("rendered clips, held-out people", clip_predictions(engine, sidecar, held_out)))
    return found


def _probabilities(logits: F32, sidecar: Sidecar) -> F32:
    return np.stack([softmax(row / sidecar.calibration.temperature) for row in logits])


def _interval(pair: list[float]) -> str:
    return f"[{pair[0]:.3f}, {pair[1]:.3f}]"
