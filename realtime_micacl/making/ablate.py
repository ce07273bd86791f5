"""`realtime-micacl ablate RECIPE.toml`: how much each part of MICACL adds, on people it never saw, over seeds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

import msgspec
import numpy as np

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.files import check_settings, held, replacing
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.making.ablate_streams import ablate_streams
from realtime_micacl.making.data.prepared import PreparedClip, read_prepared
from realtime_micacl.making.data.sampler import TAIL
from realtime_micacl.making.evaluate import add_shown
from realtime_micacl.making.figures import Interval, Means
from realtime_micacl.making.material import TrainingPart, add_faces, read_training_part
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import DIGITS, Labels, confusion, recalls, report, spread, uar, war
from realtime_micacl.making.tables import write_tables
from realtime_micacl.making.train import settings, train
from realtime_micacl.making.training.clips import FrozenFeatures, clip_logits, split
from realtime_micacl.making.training.loop import Run
from realtime_micacl.options import VerbParser
from realtime_micacl.types import EMOTIONS, F32

PREDICTIONS = "test.npz"


@dataclass(frozen=True)
class Variant:
    """A row of the table: what differs from the recipe."""

    name: str
    model: Mapping[str, object] = field(default_factory=dict)
    clips: Mapping[str, object] = field(default_factory=dict)


class Row(Means):
    """The scores of a variant: means over seeds, intervals over people."""

    variant: str
    tail: float
    """Mean recall of the `rarest` emotions."""
    tail_sd: float
    rarest: list[str]
    seeds: int
    n: int
    people: int


BASELINE: Mapping[str, object] = {"mccl": 0.0, "sampler": "random"}
VARIANTS = (
    Variant("baseline (M3DFEL)", {"geiim": False, "wian": False}, BASELINE),
    Variant("+ GEIIM", {"wian": False}, BASELINE),
    Variant("+ WIAN", {}, BASELINE),
    Variant("+ category sampler", {}, {"mccl": 0.0}),
    Variant("+ MCCL, the whole of MICACL"),
    Variant("MICACL without GEIIM", {"geiim": False}),
    Variant("MICACL without WIAN", {"wian": False}),
    Variant("kernels: none", {"geiim_kernels": []}),
    Variant("kernels: 3", {"geiim_kernels": [3]}),
    Variant("nodes: channels", {"geiim_nodes": "channels"}),
    Variant("weights over channels", {"wian_over": "channels"}),
    Variant("lambda 0.01", {}, {"mccl": 0.01}),
    Variant("lambda 0.5", {}, {"mccl": 0.5}),
)


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    arguments = _parser().parse_args(argv)
    recipe = read_toml(arguments.recipe, Recipe)
    if recipe.shapes:
        with held(arguments.out):
            check_settings(arguments.out, settings(recipe, None, arguments.encoder_from))
            sys.stdout.write(ablate_streams(recipe, arguments))
        return
    if recipe.clips is None:
        raise ConfigError(f"{arguments.recipe}: `ablate` needs a recipe with a table [clips] or [shapes]")
    training = read_training_part(recipe, arguments.data, arguments.split)
    test = test_part(arguments.data, arguments.split)
    cache, rows = FrozenFeatures(), []
    trained_on = split(training.clips, recipe.clips, recipe.seed).train
    counts = np.bincount([clip.label for clip in trained_on], minlength=len(EMOTIONS))
    with held(arguments.out):
        check_settings(arguments.out, settings(recipe, training, arguments.encoder_from))
        for variant in VARIANTS:
            found = []
            for seed in range(recipe.seed, recipe.seed + max(1, arguments.seeds)):
                varied, out = changed(recipe, variant, seed), arguments.out / slug(variant.name) / f"seed-{seed}"
                found.append(predictions(varied, training, test, out, arguments.encoder_from, cache))
            rows.append(figures(variant.name, found, counts, [clip.subject or clip.clip for clip in test]))
            write_tables(arguments.out, rows, as_table(rows))
    sys.stdout.write(as_table(rows))


def _parser() -> argparse.ArgumentParser:
    p = VerbParser(
        prog="realtime-micacl ablate",
        description="Train every variant of a recipe with several seeds and print one table. Finished runs are kept.",
    )
    p.add_argument(
        "recipe", type=Path, metavar="RECIPE.toml", help="of the complete network, with a table [clips] or [shapes]"
    )
    p.add_argument("--encoder-from", metavar="WHAT", help="checkpoint, engine, r3d_18 or CLIP weights, or kinetics")
    p.add_argument("--seeds", type=int, default=3, metavar="N", help="number of seeds (default 3)")
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for checkpoints, table.md and table.json")
    clips = p.add_argument_group("for a recipe with [clips]")
    clips.add_argument("--data", type=Path, nargs="+", metavar="FOLDER", help="sets that `prepare` wrote")
    clips.add_argument("--split", metavar="NAME", help="train on its training part, measure on its test part")
    faces = p.add_argument_group("for a recipe with [bags] and [shapes]")
    add_faces(faces)
    add_shown(faces)
    return p


def changed(recipe: Recipe, variant: Variant, seed: int) -> Recipe:
    """Return the recipe of a variant."""
    assert recipe.clips is not None
    clips = msgspec.structs.replace(recipe.clips, **variant.clips)
    return msgspec.structs.replace(recipe, seed=seed, model=recipe.model | dict(variant.model), clips=clips)


def test_part(folders: Sequence[Path], name: str | None) -> list[PreparedClip]:
    """Return the clips in the test part of the split `name` of all data sets."""
    sets = [read_prepared(folder) for folder in folders]
    return [clip for data in sets for clip in data.part(data.split(name), "test")]


def predictions(
    recipe: Recipe,
    training: TrainingPart,
    test: Sequence[PreparedClip],
    out: Path,
    encoder_from: str | None,
    cache: FrozenFeatures,
) -> tuple[F32, Labels]:
    """Return logits [n,K] and labels [n] of the test part; the variant is trained first unless they are in `out`."""
    file = out / PREDICTIONS
    if not file.is_file():
        out.mkdir(parents=True, exist_ok=True)
        model = train(recipe, None, training, out, encoder_from=encoder_from, features=cache)
        plan = recipe.clips
        assert plan is not None
        features = cache.of(model.encoder, test) if plan.frozen else None  # type: ignore[arg-type]  # checked in training
        logits, labels = clip_logits(model, test, recipe, plan, Run(out, "", recipe.seed), features)
        with replacing(file) as part:
            np.savez(part, logits=logits, labels=labels)
    with np.load(file) as stored:
        return stored["logits"], stored["labels"]


def figures(name: str, found: Sequence[tuple[F32, Labels]], counts: Labels, people: Sequence[str]) -> Row:
    """Return the row of a variant: mean and standard deviation over seeds, intervals over people.

    For the intervals seeds are pooled, and whole people are drawn with their predictions of all seeds.
    """
    matrices = [confusion(labels, logits.argmax(axis=1)) for logits, labels in found]
    rare = sorted(range(len(EMOTIONS)), key=lambda k: (counts[k], -TAIL.index(EMOTIONS[k])))[:2]
    _, person = np.unique(people, return_inverse=True)
    pooled = report(
        softmax(np.concatenate([logits for logits, _ in found])),
        np.concatenate([labels for _, labels in found]),
        np.tile(person, len(found)),
    )
    wars, uars = [war(m) for m in matrices], [uar(m) for m in matrices]
    tails = [float(np.nanmean(recalls(m)[rare])) for m in matrices]
    return {
        "variant": name,
        "war": round(mean(wars), DIGITS),
        "war_95": pooled["war_95"],
        "war_sd": spread(wars),
        "uar": round(mean(uars), DIGITS),
        "uar_95": pooled["uar_95"],
        "uar_sd": spread(uars),
        "tail": round(mean(tails), DIGITS),
        "tail_sd": spread(tails),
        "rarest": [EMOTIONS[k] for k in rare],
        "seeds": len(found),
        "n": len(people),
        "people": int(person.max()) + 1,
    }


def as_table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown."""
    first = rows[0]
    lines = [
        f"{first['n']} clips of {first['people']} people never trained on, {first['seeds']} seeds: mean ± standard "
        f"deviation over seeds, [95 % interval over people]. Tail: mean recall of {' and '.join(first['rarest'])}.",
        "",
        "| variant | WAR | UAR | tail |",
        "|---|---|---|---|",
    ]
    for row in rows:
        cells = (
            row["variant"],
            f"{row['war']:.3f} ± {row['war_sd']:.3f} {_interval(row['war_95'])}",
            f"{row['uar']:.3f} ± {row['uar_sd']:.3f} {_interval(row['uar_95'])}",
            f"{row['tail']:.3f} ± {row['tail_sd']:.3f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _interval(interval: Interval) -> str:
    return f"[{interval[0]:.3f}, {interval[1]:.3f}]"


def slug(name: str) -> str:
    """Return a name as it can be used for a folder: lower case, words joined by dashes."""
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
