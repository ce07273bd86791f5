"""`realtime-micacl compare RECIPE.toml`: other systems beside MICACL, each trained and measured on the same faces."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.files import replacing
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.making.ablate import slug, test_part
from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.evaluation.compared import as_table, figures
from realtime_micacl.making.evaluation.systems import costs, expert_use, follow, read
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import Labels, calibrated
from realtime_micacl.making.train import TrainingPart, read_training_part, train
from realtime_micacl.making.training.clips import FrozenFeatures, clip_logits, split
from realtime_micacl.making.training.fusion import averaged, fit, fused
from realtime_micacl.making.training.loop import Run
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.types import F32

READ, ABOUT = "read.npz", "system.json"
ENCODER = ("encoder", "widths", "blocks", "pooling", "dropout")
"""What of the recipe's network all systems share."""
PLAIN: Mapping[str, Any] = {"mccl": 0.0, "sampler": "random"}
JOINT: Mapping[str, Any] = {"mccl": 0.0, "still_share": 0.33}


@dataclass(frozen=True)
class System:
    """A row of the table: its network and what of the stage [clips] is its own."""

    name: str
    model: Mapping[str, Any]
    clips: Mapping[str, Any] = field(default_factory=dict)


def _s4d(name: str, kinds: int, adapter: str) -> System:
    return System(f"S4D: {name}", {"system": "s4d", "wian_hidden": 96, "kinds": kinds, "adapter": adapter}, JOINT)


SYSTEMS = (
    System("M3DFEL", {"system": "m3dfel", "lstm_hidden": 96}, PLAIN),
    System("MICACL", {"system": "micacl", "wian_hidden": 96}),
    System("IFDD", {"system": "ifdd", "dropout": 0.5}, {"mccl": 0.0}),
    _s4d("one head", 1, "none"),
    _s4d("two heads", 2, "none"),
    _s4d("two heads, experts", 2, "experts"),
    _s4d("two heads, dense adapter", 2, "dense"),
)
FUSED = ("MICACL", "IFDD", "S4D: two heads, experts")


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    p = argparse.ArgumentParser(
        prog="realtime-micacl compare",
        description="Train every system with several seeds and print one table. Finished runs are kept.",
        epilog="Each system has one try: the recipe's stage [clips], as docs/zoo.md says.",
    )
    p.add_argument("recipe", type=Path, metavar="RECIPE.toml", help="with a table [clips] whose encoder is frozen")
    p.add_argument("--data", type=Path, nargs="+", required=True, metavar="FOLDER", help="as `prepare` wrote them")
    p.add_argument("--split", metavar="NAME", help="trained on its training part, measured on its test part")
    p.add_argument("--encoder-from", metavar="WHAT", required=True, help="checkpoint or engine")
    p.add_argument("--seeds", type=int, default=3, metavar="N", help="how many (default 3)")
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="checkpoints, table.md and table.json")
    arguments = p.parse_args(argv)
    recipe = read_toml(arguments.recipe, Recipe)
    if recipe.clips is None or not recipe.clips.frozen or recipe.model.get("encoder", "light") != "light":
        raise ConfigError(f"{arguments.recipe}: systems are compared over one frozen light encoder, in a table [clips]")
    learnt = read_training_part(recipe, arguments.data, arguments.split)
    test = test_part(arguments.data, arguments.split)
    if not test:
        raise ConfigError("the test part of the split is empty; there is nobody to measure on")
    rows: list[dict[str, Any]] = []
    found: dict[str, list[dict[str, F32]]] = {}
    vectors, maps = FrozenFeatures(), FrozenFeatures()
    for system in SYSTEMS:
        kept, about = maps if system.model["system"] == "ifdd" else vectors, []
        for seed in range(recipe.seed, recipe.seed + max(1, arguments.seeds)):
            out = arguments.out / slug(system.name) / f"seed-{seed}"
            shares, said = measured(changed(recipe, system, seed), learnt, test, out, arguments.encoder_from, kept)
            found.setdefault(system.name, []).append(shares)
            about.append(said)
        rows.append({"system": system.name} | figures(found[system.name], about, test))
        write(arguments.out, rows)
    for name, together in fusions(found, learnt, recipe).items():
        rows.append({"system": name} | figures(together, [], test))
    write(arguments.out, rows)
    sys.stdout.write(as_table(rows))


def changed(recipe: Recipe, system: System, seed: int) -> Recipe:
    """Return the recipe of a row."""
    assert recipe.clips is not None
    shared = {key: recipe.model[key] for key in ENCODER if key in recipe.model}
    clips = msgspec.structs.replace(recipe.clips, **system.clips)
    return msgspec.structs.replace(recipe, seed=seed, model=shared | dict(system.model), clips=clips)


def measured(
    recipe: Recipe,
    learnt: TrainingPart,
    test: Sequence[PreparedClip],
    out: Path,
    encoder_from: str,
    kept: FrozenFeatures,
) -> tuple[dict[str, F32], dict[str, Any]]:
    """Return the logits of a trained system and what else is known of it; it is trained unless that lies there."""
    plan, spec = recipe.clips, recipe.bag
    assert plan is not None
    held = split(learnt.clips, plan, recipe.seed).held_out
    if not (out / READ).is_file():
        out.mkdir(parents=True, exist_ok=True)
        model = train(recipe, None, learnt, out, encoder_from=encoder_from, kept=kept).eval()
        assert isinstance(model.encoder, FrameEncoder)
        features = kept.of(model.encoder, test)
        logits = read(model, features, spec)
        run = Run(out, "", recipe.seed)
        logits["held"] = clip_logits(model, held, recipe, plan, run, kept.of(model.encoder, held))[0]
        about = costs(model) | asdict(follow(model, test, features, spec))
        about |= {"experts": expert_use(model, test, features, spec)}
        (out / ABOUT).write_text(json.dumps(about) + "\n", "utf-8")
        with replacing(out / READ) as part:
            np.savez(part, **logits)  # type: ignore[arg-type]  # its other argument is no array
    with np.load(out / READ) as stored:
        logits = {name: stored[name] for name in stored.files}
    temperature = np.float32(calibrated(logits["held"], _labels(held))[0])
    shares = {name: softmax(each / temperature) for name, each in logits.items()}
    return shares, json.loads((out / ABOUT).read_text("utf-8"))


def _labels(clips: Sequence[PreparedClip]) -> Labels:
    return np.array([clip.label for clip in clips], np.int64)


def fusions(
    found: Mapping[str, Sequence[Mapping[str, F32]]], learnt: TrainingPart, recipe: Recipe
) -> dict[str, list[dict[str, F32]]]:
    """Return the members of FUSED put together, seed by seed: the plain mean of log shares, and learnt weights."""
    rows: dict[str, list[dict[str, F32]]] = {"mean of the three": [], "Team RAS's weights of the three": []}
    assert recipe.clips is not None
    for n, members in enumerate(zip(*(found[name] for name in FUSED if name in found), strict=True)):
        held = split(learnt.clips, recipe.clips, recipe.seed + n).held_out
        people = np.unique([clip.subject or clip.clip for clip in held], return_inverse=True)[1]
        weights = fit(np.stack([m["held"] for m in members]), _labels(held), people).weights
        shares = {order: np.stack([m[order] for m in members]) for order in ("logits", "reversed", "shuffled")}
        rows["mean of the three"].append({order: averaged(each) for order, each in shares.items()})
        rows["Team RAS's weights of the three"].append({order: fused(each, weights) for order, each in shares.items()})
    return {name: each for name, each in rows.items() if each}


def write(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what is known so far."""
    (out / "table.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    (out / "table.md").write_text(as_table(rows), "utf-8")
