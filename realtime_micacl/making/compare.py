"""`realtime-micacl compare RECIPE.toml..`: other systems beside MICACL, each trained and measured on the same faces."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.files import begun_with, held, replacing
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.making.ablate import slug, test_part
from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.evaluation.candidates import read_candidates
from realtime_micacl.making.evaluation.compare_table import as_table, cost_table, real_table
from realtime_micacl.making.evaluation.lineup import SYSTEMS, System, changed
from realtime_micacl.making.evaluation.real import Real, RealRows, read_real
from realtime_micacl.making.evaluation.system_rows import system_row
from realtime_micacl.making.evaluation.systems import costs, expert_use, follow, read
from realtime_micacl.making.export import export
from realtime_micacl.making.figures import RealRow, SystemRow, Trained
from realtime_micacl.making.fuse import join
from realtime_micacl.making.material import TrainingPart, read_training_part
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import Labels, calibrated
from realtime_micacl.making.train import settings, train
from realtime_micacl.making.training.checkpoint import ABOUT as CHECKPOINT
from realtime_micacl.making.training.checkpoint import read_checkpoint
from realtime_micacl.making.training.clips import FrozenFeatures, clip_logits, split
from realtime_micacl.making.training.fusion import LEAST, averaged, fit, fused
from realtime_micacl.making.training.loop import Run
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.options import VerbParser
from realtime_micacl.types import F32

READ, ABOUT = "read.npz", "system.json"
FUSED = ("MICACL", "IFDD", "S4D: two heads, experts")
MEAN, WEIGHTED = "mean of the three", "Team RAS's weights of the three"


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    arguments = _parser().parse_args(argv)
    real = read_real(arguments.photographs, arguments.stretches)
    recipes = {file: read_toml(file, Recipe) for file in arguments.recipe}
    check(recipes)
    first = next(iter(recipes.values()))
    learnt = read_training_part(first, arguments.data, arguments.split)
    test = test_part(arguments.data, arguments.split)
    if not test:
        raise ConfigError("the test part of the split is empty, so there is nobody to measure on")
    job = Job(learnt, test, arguments.encoder_from, arguments.out)
    with held(arguments.out):
        for recipe in recipes.values():
            about = settings(recipe, learnt, arguments.encoder_from)
            begun_with(arguments.out, {f"{name} of {recipe.name}": value for name, value in about.items()})
        sys.stdout.write(_compared(job, recipes, arguments.seeds, real))


def _compared(job: Job, recipes: Mapping[Path, Recipe], seeds: int, real: Real | None) -> str:
    """Train and measure every system; return the tables."""
    tables = {recipe.name: Table(recipe) for recipe in recipes.values()}
    for offset in range(max(1, seeds)):
        for table in tables.values():
            for system in SYSTEMS:
                predicted, trained = measured(job, table.recipe, system, table.recipe.seed + offset)
                table.found.setdefault(system.name, []).append(predicted)
                table.about.setdefault(system.name, []).append(trained)
            write(job, tables)
    rows: list[RealRow] = []
    if real:
        read_real_people = RealRows(real, job.out)
        made = engines(job, tables[next(iter(recipes.values())).name])
        rows = [read_real_people.shipped(), *(read_real_people.row(name, engine) for name, engine in made.items())]
    return write(job, tables, rows)


def _parser() -> argparse.ArgumentParser:
    p = VerbParser(
        prog="realtime-micacl compare",
        description="Train every system with several seeds and print one table a recipe. Finished runs are kept.",
        epilog="Each system has one try: the recipe's stage [clips], as docs/zoo.md says.",
    )
    p.add_argument(
        "recipe",
        type=Path,
        nargs="+",
        metavar="RECIPE.toml",
        help="with a table [clips] whose encoder is frozen; several differ in that table",
    )
    p.add_argument("--data", type=Path, nargs="+", required=True, metavar="FOLDER", help="sets that `prepare` wrote")
    p.add_argument("--split", metavar="NAME", help="train on its training part, measure on its test part")
    p.add_argument("--encoder-from", metavar="WHAT", required=True, help="checkpoint or engine")
    p.add_argument("--seeds", type=int, default=3, metavar="N", help="number of seeds (default 3)")
    p.add_argument("--photographs", type=Path, metavar="FILE", help="also read half 0 of these, by the first recipe")
    p.add_argument(
        "--stretches", type=Path, nargs=2, metavar=("CLIPS", "FILE"), help="also read these, as `evaluate` does"
    )
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for checkpoints, table.md and table.json")
    return p


@dataclass(frozen=True)
class Job:
    """What all runs have in common; `vectors` and `maps` are features of clips that are encoded once."""

    learnt: TrainingPart
    test: Sequence[PreparedClip]
    encoder_from: str
    out: Path
    vectors: FrozenFeatures = field(default_factory=FrozenFeatures)
    maps: FrozenFeatures = field(default_factory=FrozenFeatures)


@dataclass(frozen=True)
class Table:
    """The results of all systems with one recipe, seed by seed: predictions in `found`, other figures in `about`."""

    recipe: Recipe
    found: dict[str, list[dict[str, F32]]] = field(default_factory=dict)
    about: dict[str, list[Trained]] = field(default_factory=dict)


def check(recipes: Mapping[Path, Recipe]) -> None:
    """Raise ConfigError if the recipes do not share one frozen encoder, or have the same name."""
    first = next(iter(recipes.values()))
    for file, recipe in recipes.items():
        if recipe.clips is None or not recipe.clips.frozen or recipe.model.get("encoder", "light") != "light":
            raise ConfigError(f"{file}: `compare` needs a table [clips] with frozen = true and the light encoder")
        if (recipe.bag, recipe.crop, recipe.model) != (first.bag, first.crop, first.model):
            raise ConfigError(f"{file}: recipes that are compared may differ only in the table [clips]")
    if len({slug(recipe.name) for recipe in recipes.values()}) < len(recipes):
        raise ConfigError("two of the recipes have the same name, so their runs would share a folder; rename one")


def folder(job: Job, recipe: Recipe, system: str, seed: int) -> Path:
    """Return the folder of a run."""
    return job.out / slug(recipe.name) / slug(system) / f"seed-{seed}"


def measured(job: Job, base: Recipe, system: System, seed: int) -> tuple[dict[str, F32], Trained]:
    """Return the probabilities and other figures of a system; it is trained first unless they are in its folder."""
    recipe, out = changed(base, system, seed), folder(job, base, system.name, seed)
    kept = job.maps if system.model["system"] == "ifdd" else job.vectors
    plan, spec = recipe.clips, recipe.bag
    assert plan is not None
    held = split(job.learnt.clips, plan, seed).held_out
    if not (out / READ).is_file():
        out.mkdir(parents=True, exist_ok=True)
        if not (out / CHECKPOINT).is_file():
            train(recipe, None, job.learnt, out, encoder_from=job.encoder_from, features=kept)
        model = read_checkpoint(out)[1]
        assert isinstance(model.encoder, FrameEncoder)
        features = kept.of(model.encoder, job.test)
        logits = read(model, features, spec)
        logits["held"] = clip_logits(model, held, recipe, plan, Run(out, "", seed), kept.of(model.encoder, held))[0]
        about: Trained = {
            **costs(model),
            **follow(model, job.test, features, spec),
            "experts": expert_use(model, job.test, features, spec),
        }
        (out / ABOUT).write_text(json.dumps(about) + "\n", "utf-8")
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


def fusions(job: Job, table: Table) -> dict[str, list[dict[str, F32]]]:
    """Return the predictions of FUSED together, seed by seed: by the mean of log probabilities, and by weights."""
    rows: dict[str, list[dict[str, F32]]] = {MEAN: [], WEIGHTED: []}
    for n, members in enumerate(zip(*(table.found[name] for name in FUSED), strict=True)):
        weights = fit(*held_out_probabilities(job, table, n)).weights
        probabilities = {order: np.stack([m[order] for m in members]) for order in ("logits", "reversed", "shuffled")}
        rows[MEAN].append({order: averaged(each) for order, each in probabilities.items()})
        rows[WEIGHTED].append({order: fused(each, weights) for order, each in probabilities.items()})
    return rows


def held_out_probabilities(job: Job, table: Table, n: int) -> tuple[F32, Labels, Labels]:
    """Return the probabilities of FUSED for the people whom seed `n` held out [M,n,K], with labels and people [n]."""
    assert table.recipe.clips is not None
    held = split(job.learnt.clips, table.recipe.clips, table.recipe.seed + n).held_out
    people = np.unique([clip.subject or clip.clip for clip in held], return_inverse=True)[1]
    return np.stack([table.found[name][n]["held"] for name in FUSED]), _labels(held), people


def engines(job: Job, table: Table) -> dict[str, list[Path]]:
    """Write an engine of each seed of each system and of both fusions; return their folders."""
    made: dict[str, list[Path]] = {}
    for n in range(len(table.found[FUSED[0]])):
        seed = table.recipe.seed + n
        place = job.out / slug(table.recipe.name) / "engines" / f"seed-{seed}"
        for name in table.found:
            export(folder(job, table.recipe, name, seed), place / slug(name), (), {})
            made.setdefault(name, []).append(place / slug(name))
        members = read_candidates([made[name][n] for name in FUSED])
        p, labels, people = held_out_probabilities(job, table, n)
        weights = fit(p, labels, people).weights
        for name, together, w in ((MEAN, averaged(p), None), (WEIGHTED, fused(p, weights), weights)):
            join(members, w, calibrated(np.log(np.maximum(together, LEAST)), labels), place / slug(name))
            made.setdefault(name, []).append(place / slug(name))
    return made


def write(job: Job, tables: Mapping[str, Table], real: Sequence[RealRow] = ()) -> str:
    """Write the results so far into the job's folder; return them as Markdown."""
    rows: dict[str, list[SystemRow]] = {}
    texts = []
    for name, table in tables.items():
        if table.found:
            rows[name] = [
                system_row(system, each, table.about[system], job.test) for system, each in table.found.items()
            ]
            rows[name] += [system_row(system, each, [], job.test) for system, each in fusions(job, table).items()]
            texts.append(as_table(name, rows[name], budget(job, table.recipe)))
    texts.append(cost_table(next(iter(rows.values()))))
    if real:
        first = next(iter(tables.values())).recipe
        texts.append(real_table(real, f"Recipe {first.name}."))
    text = "\n".join(texts)
    everything = {**rows, "real": real} if real else rows
    (job.out / "table.json").write_text(json.dumps(everything, indent=1) + "\n", "utf-8")
    (job.out / "table.md").write_text(text, "utf-8")
    return text


def budget(job: Job, recipe: Recipe) -> str:
    """Return in words how each system was trained."""
    plan = recipe.clips
    assert plan is not None
    clips = len(split(job.learnt.clips, plan, recipe.seed).train)
    return (
        f"one try, {plan.epochs} epochs of {clips} clips in batches of {plan.batch}, learning rate up to "
        f"{plan.learning_rate:g}, the same frozen frame encoder"
    )
