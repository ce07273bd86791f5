"""`realtime-micacl compare RECIPE.toml..`: other systems beside MICACL, each trained and measured on the same faces."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.files import check_settings, held
from realtime_micacl.making.ablate import slug, test_part
from realtime_micacl.making.compare_runs import Job, Results, engines, fusions, measured
from realtime_micacl.making.evaluation.compare_table import as_table, cost_table, real_table
from realtime_micacl.making.evaluation.lineup import SYSTEMS
from realtime_micacl.making.evaluation.real import Real, RealRows, read_real
from realtime_micacl.making.evaluation.system_rows import system_row
from realtime_micacl.making.figures import RealRow, SystemRow
from realtime_micacl.making.material import read_training_part
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.tables import write_tables
from realtime_micacl.making.train import settings
from realtime_micacl.making.training.clips import split
from realtime_micacl.options import VerbParser


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    arguments = _parser().parse_args(argv)
    real = read_real(arguments.photographs, arguments.stretches)
    recipes = {file: read_toml(file, Recipe) for file in arguments.recipe}
    check(recipes)
    first = next(iter(recipes.values()))
    training = read_training_part(first, arguments.data, arguments.split)
    test = test_part(arguments.data, arguments.split)
    if not test:
        raise ConfigError("the test part of the split is empty, so there is nobody to measure on")
    job = Job(training, test, arguments.encoder_from, arguments.out)
    with held(arguments.out):
        for recipe in recipes.values():
            about = settings(recipe, training, arguments.encoder_from)
            check_settings(arguments.out, {f"{name} of {recipe.name}": value for name, value in about.items()})
        sys.stdout.write(_compared(job, recipes, arguments.seeds, real))


def _compared(job: Job, recipes: Mapping[Path, Recipe], seeds: int, real: Real | None) -> str:
    """Train and measure every system; return the tables."""
    found = {recipe.name: Results(recipe) for recipe in recipes.values()}
    for offset in range(max(1, seeds)):
        for results in found.values():
            for system in SYSTEMS:
                predicted, trained = measured(job, results.recipe, system, results.recipe.seed + offset)
                results.probabilities.setdefault(system.name, []).append(predicted)
                results.trained.setdefault(system.name, []).append(trained)
            write(job, found)
    rows: list[RealRow] = []
    if real:
        read_real_people = RealRows(real, job.out)
        made = engines(job, found[next(iter(recipes.values())).name])
        rows = [read_real_people.shipped(), *(read_real_people.row(name, engine) for name, engine in made.items())]
    return write(job, found, rows)


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


def write(job: Job, found: Mapping[str, Results], real: Sequence[RealRow] = ()) -> str:
    """Write the results so far into the job's folder; return them as Markdown."""
    rows: dict[str, list[SystemRow]] = {}
    texts = []
    for name, results in found.items():
        if results.probabilities:
            rows[name] = [
                system_row(system, each, results.trained[system], job.test)
                for system, each in results.probabilities.items()
            ]
            rows[name] += [system_row(system, each, [], job.test) for system, each in fusions(job, results).items()]
            texts.append(as_table(name, rows[name], budget(job, results.recipe)))
    texts.append(cost_table(next(iter(rows.values()))))
    if real:
        first = next(iter(found.values())).recipe
        texts.append(real_table(real, f"Recipe {first.name}."))
    text = "\n".join(texts)
    everything = {**rows, "real": real} if real else rows
    write_tables(job.out, everything, text)
    return text


def budget(job: Job, recipe: Recipe) -> str:
    """Return in words how each system was trained."""
    plan = recipe.clips
    assert plan is not None
    clips = len(split(job.training.clips, plan, recipe.seed).train)
    return (
        f"one try, {plan.epochs} epochs of {clips} clips in batches of {plan.batch}, learning rate up to "
        f"{plan.learning_rate:g}, the same frozen frame encoder"
    )
