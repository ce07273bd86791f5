"""The runs of `compare`: trains and reads each system with each seed, fuses three of them, and makes engines of all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from realtime_micacl.files import replacing, write_whole
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.making.ablate import slug
from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.evaluation.candidates import read_candidates
from realtime_micacl.making.evaluation.lineup import System, changed
from realtime_micacl.making.evaluation.systems import costs, expert_use, follow, read
from realtime_micacl.making.export import export
from realtime_micacl.making.figures import Trained
from realtime_micacl.making.fuse import join
from realtime_micacl.making.material import TrainingPart
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import Labels, calibrated
from realtime_micacl.making.train import train
from realtime_micacl.making.training.checkpoint import ABOUT as CHECKPOINT
from realtime_micacl.making.training.checkpoint import read_checkpoint
from realtime_micacl.making.training.clips import FrozenFeatures, clip_logits, split
from realtime_micacl.making.training.fusion import LEAST, averaged, fit, fused
from realtime_micacl.making.training.loop import Run
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.types import F32

READ, ABOUT = "read.npz", "system.json"
FUSED = ("MICACL", "IFDD", "S4D: two heads, experts")
MEAN, WEIGHTED = "mean of the three", "Team RAS's weights of the three"


@dataclass(frozen=True)
class Job:
    """What all runs have in common."""

    training: TrainingPart
    test: Sequence[PreparedClip]
    encoder_from: str
    out: Path
    vectors: FrozenFeatures = field(default_factory=FrozenFeatures)
    maps: FrozenFeatures = field(default_factory=FrozenFeatures)
    """The features of frames that IFDD reads."""


@dataclass(frozen=True)
class Results:
    """The results of all systems with one recipe, seed by seed."""

    recipe: Recipe
    probabilities: dict[str, list[dict[str, F32]]] = field(default_factory=dict)
    """By system: of the test clips in each order of their frames, and of the clips held out."""
    trained: dict[str, list[Trained]] = field(default_factory=dict)


def folder(job: Job, recipe: Recipe, system: str, seed: int) -> Path:
    """Return the folder of a run."""
    return job.out / slug(recipe.name) / slug(system) / f"seed-{seed}"


def measured(job: Job, base: Recipe, system: System, seed: int) -> tuple[dict[str, F32], Trained]:
    """Return the probabilities and other figures of a system; it is trained first unless they are in its folder."""
    recipe, out = changed(base, system, seed), folder(job, base, system.name, seed)
    cache = job.maps if system.model["system"] == "ifdd" else job.vectors
    plan, spec = recipe.clips, recipe.bag
    assert plan is not None
    held = split(job.training.clips, plan, seed).held_out
    if not (out / READ).is_file():
        out.mkdir(parents=True, exist_ok=True)
        if not (out / CHECKPOINT).is_file():
            train(recipe, None, job.training, out, encoder_from=job.encoder_from, features=cache)
        model = read_checkpoint(out)[1]
        assert isinstance(model.encoder, FrameEncoder)
        features = cache.of(model.encoder, job.test)
        logits = read(model, features, spec)
        logits["held"] = clip_logits(model, held, recipe, plan, Run(out, "", seed), cache.of(model.encoder, held))[0]
        about: Trained = {
            **costs(model),
            **follow(model, job.test, features, spec),
            "experts": expert_use(model, job.test, features, spec),
        }
        write_whole(out / ABOUT, json.dumps(about) + "\n")
        with replacing(out / READ) as part:
            np.savez(part, **logits)  # type: ignore[arg-type]  # its other argument is no array
    with np.load(out / READ) as stored:
        logits = {name: stored[name] for name in stored.files}
    temperature = np.float32(calibrated(logits["held"], _labels(held))[0])
    probabilities = {name: softmax(each / temperature) for name, each in logits.items()}
    trained: Trained = json.loads((out / ABOUT).read_text("utf-8"))
    return probabilities, trained


def _labels(clips: Sequence[PreparedClip]) -> Labels:
    return np.array([clip.label for clip in clips], np.int64)


def fusions(job: Job, results: Results) -> dict[str, list[dict[str, F32]]]:
    """Return the predictions of FUSED together, seed by seed: by the mean of log probabilities, and by weights."""
    rows: dict[str, list[dict[str, F32]]] = {MEAN: [], WEIGHTED: []}
    for n, members in enumerate(zip(*(results.probabilities[name] for name in FUSED), strict=True)):
        weights = fit(*held_out_probabilities(job, results, n)).weights
        probabilities = {order: np.stack([m[order] for m in members]) for order in ("logits", "reversed", "shuffled")}
        rows[MEAN].append({order: averaged(each) for order, each in probabilities.items()})
        rows[WEIGHTED].append({order: fused(each, weights) for order, each in probabilities.items()})
    return rows


def held_out_probabilities(job: Job, results: Results, n: int) -> tuple[F32, Labels, Labels]:
    """Return the probabilities of FUSED for the people whom seed `n` held out [M,n,K], with labels and people [n]."""
    assert results.recipe.clips is not None
    held = split(job.training.clips, results.recipe.clips, results.recipe.seed + n).held_out
    people = np.unique([clip.subject or clip.clip for clip in held], return_inverse=True)[1]
    return np.stack([results.probabilities[name][n]["held"] for name in FUSED]), _labels(held), people


def engines(job: Job, results: Results) -> dict[str, list[Path]]:
    """Write an engine of each seed of each system and of both fusions; return their folders."""
    made: dict[str, list[Path]] = {}
    for n in range(len(results.probabilities[FUSED[0]])):
        seed = results.recipe.seed + n
        place = job.out / slug(results.recipe.name) / "engines" / f"seed-{seed}"
        for name in results.probabilities:
            export(folder(job, results.recipe, name, seed), place / slug(name), (), {})
            made.setdefault(name, []).append(place / slug(name))
        members = read_candidates([made[name][n] for name in FUSED])
        p, labels, people = held_out_probabilities(job, results, n)
        weights = fit(p, labels, people).weights
        for name, together, w in ((MEAN, averaged(p), None), (WEIGHTED, fused(p, weights), weights)):
            join(members, w, calibrated(np.log(np.maximum(together, LEAST)), labels), place / slug(name))
            made.setdefault(name, []).append(place / slug(name))
    return made
