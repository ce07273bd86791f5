"""Measures whether the order of frames carries information: `python tests/bench/order.py PREPARED..`, rendered clips.

Windows are read unchanged, with their frames in another order, and frozen (one frame in every place). In rising windows
the expression comes, in falling ones it goes, in held and calm ones nothing changes.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from traces import NEUTRAL, bags_of, prepared

from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.live.reading.baseline import BaselineRequest
from realtime_micacl.live.reading.neutrals import Neutrals
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.making.data.clips import bag_frames
from realtime_micacl.types import F32, U8

Order = npt.NDArray[np.int64]
MOST = 60  # windows of a phase, chosen evenly


def orders(ticks: int) -> dict[str, Order]:
    """Return the indices of the frames in each changed window."""
    forwards, half = np.arange(ticks), ticks // 2
    return {
        "as it is": forwards,
        "shuffled": np.random.default_rng(0).permutation(ticks),
        "backwards": forwards[::-1],
        "halves swapped": np.roll(forwards, half),
        "newest frame alone": np.full(ticks, ticks - 1),
        "oldest frame alone": np.zeros(ticks, np.int64),
    }


def phase(intensity: F32) -> str | None:
    """Return the phase of a window by its intensities [N*L]; None if it is in between."""
    change = float(intensity[-1] - intensity[0])
    if abs(change) > 0.5:
        return "rising" if change > 0 else "falling"
    if intensity.min() > 0.5:
        return "held"
    return "calm" if intensity.max() < 0.05 else None


def read(crops: U8, changes: F32 | None, order: Order, engine: Engine, sidecar: Sidecar) -> F32:
    """Return the calibrated shares [K] of a window's crops [N*L,S,S,3], and changes of shape, in another order."""
    pieces = np.ascontiguousarray(crops[order]).reshape(-1, sidecar.piece, *crops.shape[1:])
    shifts = None if changes is None else changes[order][None]
    logits = engine.classify(np.stack([engine.encode(pieces)]), shifts)[0][0]
    return softmax(logits / sidecar.calibration.temperature)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("prepared", type=Path, nargs="+")
    p.add_argument("--engine", type=Path, default=default_engine())
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    engine = open_engine(folder, sidecar)
    windows: dict[str, list[tuple[int, U8, F32 | None]]] = defaultdict(list)
    for ready in prepared(arguments.prepared):
        if ready.label == NEUTRAL:
            continue
        clip = ready.load()
        own = (
            Neutrals(sidecar.shape, sidecar.bag.tick_s, each=False, asked=BaselineRequest()) if sidecar.shape else None
        )
        for bag, frames in zip(bags_of(clip, sidecar), bag_frames(clip.times_s, sidecar.bag), strict=True):
            crops = np.concatenate(bag.pieces(1, mirrored=sidecar.bag.mirrored))
            changes = own.changes(bag) if own else None
            if own:
                ways = (changes, own.strange(bag)) if own.second_due(bag) else (changes,)
                known, *other = (read(crops, way, np.arange(sidecar.bag.ticks), engine, sidecar) for way in ways)
                own.learn(bag, known, other[0] if other else None)
            if name := phase(clip.targets[frames, ready.label]):
                windows[name].append((ready.label, crops, changes))
    changed = orders(sidecar.bag.ticks)
    sys.stdout.write(f"{sidecar.name}: mean share of the clip's emotion; in brackets, how far all shares moved\n\n")
    sys.stdout.write(f"| windows | n | {' | '.join(changed)} |\n{(len(changed) + 2) * '|---'}|\n")
    for name in ("rising", "held", "falling", "calm"):
        picked = [windows[name][i] for i in np.linspace(0, len(windows[name]) - 1, MOST).astype(int)]
        plain = [read(crops, shifts, changed["as it is"], engine, sidecar) for _, crops, shifts in picked]
        cells = []
        for order in changed.values():
            found = [read(crops, shifts, order, engine, sidecar) for _, crops, shifts in picked]
            share = np.mean([shares[label] for (label, *_), shares in zip(picked, found, strict=True)])
            moved = np.mean([np.abs(a - b).sum() / 2 for a, b in zip(plain, found, strict=True)])
            cells.append(f"{share:.2f} ({moved:.2f})")
        sys.stdout.write(f"| {name} | {len(windows[name])} | {' | '.join(cells)} |\n")
    engine.close()


if __name__ == "__main__":
    main()
