"""Trains wide frame encoders on FER+, each on all folds but one, and writes their predictions for that fold.

    python tests/bench/teacher.py ferplus.npz --out teacher

It needs a GPU; `--small` shows on a processor that it works. shares.npz has out-of-fold probabilities of the seven
emotions for every training picture, in `read_ferplus`'s order, and the mean of all folds for validation and test.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch

from realtime_micacl.config import read_toml
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.making.data.ferplus import Stills, read_ferplus
from realtime_micacl.making.data.sampler import CategorySampler
from realtime_micacl.making.data.transfer import to_device
from realtime_micacl.making.recipe import Plan, Recipe
from realtime_micacl.making.training.loop import Batch, Run, Stage, begin, fit
from realtime_micacl.making.training.objectives import StillsObjective
from realtime_micacl.making.training.ranks import Ranks
from realtime_micacl.making.training.saved import Row
from realtime_micacl.making.training.stages import war_and_uar
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.types import EMOTIONS, F32

RECIPE = Path(__file__).parents[2] / "engines" / "default.toml"
DEVICE = torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
TOGETHER = 1024  # pictures in a batch


def main() -> None:
    p = argparse.ArgumentParser(description="Train cross-fitted wide encoders on FER+.")
    p.add_argument("ferplus", type=Path)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--cache", type=Path, default=Path("runs/cache"))
    p.add_argument("--folds", type=int, default=4)
    p.add_argument("--epochs", type=int, default=20)
    p.add_argument("--batch", type=int, default=512)
    p.add_argument("--small", action="store_true", help="a few pictures and a small network")
    arguments = p.parse_args()
    recipe = read_toml(RECIPE, Recipe)
    aligner = Aligner(recipe.bag.size_px, recipe.crop.points)
    parts = {
        name: read_ferplus(arguments.ferplus, name, aligner, arguments.cache)
        for name in ("train", "validation", "test")
    }
    widths, blocks, epochs, batch = (64, 128, 256, 384), (2, 2, 2, 2), arguments.epochs, arguments.batch
    if arguments.small:
        widths, blocks, epochs, batch = (8, 16), (1, 1), 1, 32
        parts = {name: picked(stills, np.arange(280)) for name, stills in parts.items()}
    folds = np.random.default_rng(0).integers(0, arguments.folds, len(parts["train"].crops))
    shares = {name: np.zeros((len(stills.crops), len(EMOTIONS)), np.float32) for name, stills in parts.items()}
    plan = Plan(epochs=epochs, batch=batch, learning_rate=2e-3, average=0.998)
    rows: list[dict[str, Any]] = []
    for fold in range(arguments.folds):
        started_s, own = monotonic(), np.flatnonzero(folds == fold)
        network = trained(parts, np.flatnonzero(folds != fold), widths, blocks, plan, arguments.out / f"fold{fold}")
        shares["train"][own] = said_of(network, picked(parts["train"], own))
        for name in ("validation", "test"):
            shares[name] += said_of(network, parts[name]) / arguments.folds
        scores = war_and_uar(shares["train"][own], parts["train"].labels[own])
        rows.append({"fold": fold, "took_s": round(monotonic() - started_s, 1), "unseen": scores})
        sys.stderr.write(json.dumps(rows[-1]) + "\n")
    together = {name: war_and_uar(shares[name], parts[name].labels) for name in ("train", "validation", "test")}
    np.savez_compressed(arguments.out / "shares.npz", folds=folds, **shares)
    found = {"folds": rows, "together": together, "pictures": {name: len(part.crops) for name, part in parts.items()}}
    (arguments.out / "teacher.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def picked(stills: Stills, which: np.ndarray) -> Stills:
    which = which[which < len(stills.crops)]
    return Stills(stills.crops[which], stills.targets[which])


def trained(
    parts: dict[str, Stills], own: np.ndarray, widths: tuple[int, ...], blocks: tuple[int, ...], plan: Plan, out: Path
) -> StillsObjective:
    """Return encoder and head, trained on these pictures of the training part."""
    out.mkdir(parents=True, exist_ok=True)
    stills, run = picked(parts["train"], own), Run(out, f"{plan}", len(own), Ranks(0, 1, DEVICE))
    begin(run, "teacher")
    places = stills.crops.shape[-1] >> len(widths)
    encoder = FrameEncoder(widths=widths, blocks=blocks, frames=1, places=places)
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    objective = StillsObjective(encoder, emotions=len(EMOTIONS), dropout=0.4, label_smoothing=0.05)
    sampler = CategorySampler(stills.labels, plan.batch, run.seed)
    unknown = np.zeros((plan.batch, 0), np.float32)

    def batches(steps: range) -> Iterator[Batch]:
        for step in steps:
            drawn = sampler.batch(step)
            crops, targets = torch.from_numpy(stills.crops[drawn]), torch.from_numpy(stills.targets[drawn])
            yield crops[:, None], targets, torch.from_numpy(unknown)

    def validate() -> Row:
        return war_and_uar(said_of(objective, parts["validation"]), parts["validation"].labels)

    fit(Stage("teacher", objective, batches, validate, plan, max(1, len(stills.crops) // plan.batch)), run)
    return objective


@torch.inference_mode()
def said_of(network: StillsObjective, stills: Stills) -> F32:
    """Return the probabilities [n,K] of pictures, the mean over each picture and its mirror image."""
    said = []
    for part in torch.from_numpy(stills.crops).split(TOGETHER):
        rgb = to_device(part, DEVICE)[..., None].expand(-1, -1, -1, 3)
        both = [network.head(network.encoder.frames(x)).float().softmax(dim=1) for x in (rgb, rgb.flip(2))]
        said.append((both[0] + both[1]) / 2)
    return np.asarray(torch.cat(said).cpu().numpy(), np.float32)


if __name__ == "__main__":
    main()
