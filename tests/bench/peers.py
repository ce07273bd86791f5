"""Compares the shipped engine with readers of single frames, on people that neither has seen.

    pip install h5py
    python tests/bench/peers.py --ferplus FILE --london FOLDER --rendered FOLDER.. --peer fer2013_mini_XCEPTION.hdf5

A per-frame reader's reading of a window is the mean over its frames. If the engine mirrors every other frame, a
per-frame reader takes the mean over both views of each frame. "The same encoder" is the engine's own frame
encoder with one linear layer, trained here on the same pictures; its temperature is not calibrated, so no ECE is given.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from xception import MiniXception

from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import BagSpec, read_sidecar
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.making.data.bank import bag_targets, luma
from realtime_micacl.making.data.clips import Clip, bag_frames, read_clips
from realtime_micacl.making.data.ferplus import Stills, read_ferplus
from realtime_micacl.making.data.london import read_london
from realtime_micacl.making.evaluation.predictions import CLEAR, Predictions, clip_predictions, still_predictions
from realtime_micacl.making.scores import report
from realtime_micacl.types import EMOTIONS, F32, U8

PerFrame = Callable[[U8], F32]
"""Luma faces [n,S,S] to probabilities [n,K]."""
EVERY = 3  # of a training clip's frames


class LinearHead:
    """One linear layer on the features of single frames."""

    def __init__(self, features: Callable[[U8], F32], materials: Sequence[Stills]) -> None:
        self._features = features
        x = torch.from_numpy(np.concatenate([features(stills.crops) for stills in materials]))
        y = torch.from_numpy(np.concatenate([stills.targets for stills in materials]))
        self._mean, self._scale = x.mean(dim=0), x.std(dim=0) + 1e-6
        self._layer = nn.Linear(x.shape[1], len(EMOTIONS))
        nn.init.zeros_(self._layer.weight)
        optimiser = torch.optim.LBFGS(self._layer.parameters(), max_iter=200, line_search_fn="strong_wolfe")

        def closure() -> float:
            optimiser.zero_grad()
            said = self._layer((x - self._mean) / self._scale)
            loss = F.cross_entropy(said, y) + 1e-4 * self._layer.weight.square().sum()
            loss.backward()
            return float(loss)

        optimiser.step(closure)

    @torch.inference_mode()
    def __call__(self, faces: U8) -> F32:
        x = torch.from_numpy(self._features(faces))
        return F.softmax(self._layer((x - self._mean) / self._scale), dim=1).numpy()


def both_views(read: PerFrame) -> PerFrame:
    """Return a reader that takes the mean over faces and their mirror images."""
    return lambda faces: (read(faces) + read(np.ascontiguousarray(faces[:, :, ::-1]))) / 2


def over_clips(read: PerFrame, clips: Sequence[Clip], spec: BagSpec) -> Predictions:
    """Return a per-frame reader's predictions for the windows that evaluate.clip_predictions measures."""
    rows, labels, people = [], [], []
    for person, clip in enumerate(clips):
        frames = bag_frames(clip.times_s, spec)
        targets = bag_targets(clip, frames, spec)
        clear = targets.max(axis=1) >= CLEAR
        if clear.any():
            rows.append(read(luma(clip.crops))[frames[clear]].mean(axis=1))
        labels += targets[clear].argmax(axis=1).tolist()
        people += [person] * int(clear.sum())
    names = sorted({clip.subject for clip in clips})
    subject = np.array([names.index(clip.subject) for clip in clips])
    return np.concatenate(rows), np.array(labels, np.int64), subject[people]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--engine", type=Path, default=default_engine())
    p.add_argument("--ferplus", type=Path, required=True)
    p.add_argument("--london", type=Path, required=True)
    p.add_argument("--rendered", type=Path, nargs="+", required=True)
    p.add_argument("--peer", type=Path, required=True)
    p.add_argument("--cache", type=Path, default=Path("runs/cache"))
    a = p.parse_args()
    folder, sidecar = read_sidecar(a.engine)
    engine = open_engine(folder, sidecar)
    aligner = Aligner(sidecar.bag.size_px, sidecar.crop.points)

    def features(faces: U8) -> F32:
        parts = (faces[i : i + 256] for i in range(0, len(faces), 256))
        return np.concatenate([engine.encode(np.repeat(x[:, None, ..., None], 3, axis=-1)) for x in parts])

    clips = {folder.name: read_clips(folder, aligner, a.cache) for folder in a.rendered}
    learnt = [clip for each in clips.values() for clip in each if not clip.held_out]
    frames = Stills(
        np.concatenate([luma(clip.crops[::EVERY]) for clip in learnt]),
        np.concatenate([clip.targets[::EVERY] for clip in learnt]),
    )
    photos = read_london(a.london, aligner, held_out=False)
    head = LinearHead(features, [read_ferplus(a.ferplus, "train", aligner, a.cache), frames, photos])
    readers: dict[str, PerFrame] = {
        "the same encoder, frame by frame": head,
        "mini-XCEPTION, frame by frame": MiniXception(a.peer),
    }
    if sidecar.bag.mirrored:
        readers = {name: both_views(read) for name, read in readers.items()}
    stills = {
        "FER+ test": read_ferplus(a.ferplus, "test", aligner, a.cache),
        "London, held-out people": read_london(a.london, aligner, held_out=True),
    }
    table: list[tuple[str, str, Predictions]] = []
    for where, pictures in stills.items():
        table.append((where, "this engine", still_predictions(engine, sidecar, pictures)))
        table += [
            (where, who, (read(pictures.crops), pictures.labels, pictures.people)) for who, read in readers.items()
        ]
    for where, each in clips.items():
        held_out = [clip for clip in each if clip.held_out]
        table.append((f"rendered {where}, held-out", "this engine", clip_predictions(engine, sidecar, held_out)))
        for who, read in readers.items():
            table.append((f"rendered {where}, held-out", who, over_clips(read, held_out, sidecar.bag)))
    write = sys.stdout.write
    write(
        "| measured on | n | reader | WAR [95 %] | UAR [95 %] | recall: "
        + ", ".join(EMOTIONS)
        + " |\n|---|---|---|---|---|---|\n"
    )
    for where, who, (said, labels, people) in table:
        scores = report(said, labels, people)
        if who == "this engine":
            always = scores["majority"]
            name, right, mean = always["emotion"], always["war"], always["uar"]
            write(f"| {where} | {scores['n']} | always {name} | {right:.3f} | {mean:.3f} | |\n")
        recall = ", ".join(f"{scores['recall'][name]:.2f}" if name in scores["recall"] else "-" for name in EMOTIONS)
        low, high = scores["war_95"]
        least, most = scores["uar_95"]
        write(
            f"| {where} | {scores['n']} | {who} | {scores['war']:.3f} [{low:.3f}, {high:.3f}] "
            f"| {scores['uar']:.3f} [{least:.3f}, {most:.3f}] | {recall} |\n"
        )
    engine.close()


if __name__ == "__main__":
    main()
