"""`realtime-micacl train RECIPE.toml`: make a checkpoint of MICACL from a recipe.

First the frame encoder learns from single pictures; then, with its features frozen and kept, the pooling inside the
instance, GEIIM, WIAN and the head learn from bags. `realtime-micacl export` turns the checkpoint into an engine.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from realtime_micacl.config import read_toml
from realtime_micacl.data.augment import as_rgb, shake, spoil
from realtime_micacl.data.bank import clip_bank, luma, still_bank
from realtime_micacl.data.clips import Clip, read_clips
from realtime_micacl.data.ferplus import Stills, read_ferplus
from realtime_micacl.data.london import read_london
from realtime_micacl.data.sampler import CategorySampler
from realtime_micacl.errors import ConfigError
from realtime_micacl.export import CHECKPOINT
from realtime_micacl.fitting import Row, fit, smoothed
from realtime_micacl.inference.engine import WEIGHTS
from realtime_micacl.live.align import Aligner
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.model.mccl import MCCL
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.recipe import Recipe
from realtime_micacl.scores import calibrated, confusion, uar, war
from realtime_micacl.types import EMOTIONS


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    p = argparse.ArgumentParser(prog="realtime-micacl train", description="Make a checkpoint from a recipe.")
    p.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    p.add_argument("--ferplus", type=Path, required=True, metavar="FILE", help="FER+ as an npz file")
    p.add_argument("--london", type=Path, required=True, metavar="FOLDER", help="the London face set")
    p.add_argument("--rendered", type=Path, nargs="+", required=True, metavar="FOLDER", help="rendered clips")
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the checkpoint goes")
    p.add_argument("--cache", type=Path, default=Path("runs/cache"), metavar="FOLDER", help="where crops are kept")
    arguments = p.parse_args(argv)
    recipe = read_toml(arguments.recipe, Recipe)
    data = read_data(recipe, arguments)
    arguments.out.mkdir(parents=True, exist_ok=True)
    train(recipe, data, arguments.out)


@dataclass(frozen=True, eq=False)
class Data:
    """What is learnt from, and what is looked at meanwhile."""

    stills: Stills
    photos: Stills
    clips: list[Clip]
    validation: Stills


def read_data(recipe: Recipe, arguments: argparse.Namespace) -> Data:
    """Read the training material, its faces cut as the live program cuts them."""
    aligner = Aligner(recipe.bag.size_px, recipe.crop.points)
    clips = [clip for folder in arguments.rendered for clip in read_clips(folder, aligner, arguments.cache)]
    return Data(
        stills=read_ferplus(arguments.ferplus, "train", aligner, arguments.cache),
        photos=read_london(arguments.london, aligner, held_out=False),
        clips=[clip for clip in clips if not clip.held_out],
        validation=read_ferplus(arguments.ferplus, "validation", aligner, arguments.cache),
    )


def train(recipe: Recipe, data: Data, out: Path) -> None:
    """Run both stages and write the checkpoint into the folder `out`."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    model = MICACL(MICACLConfig.from_dict(recipe.network))
    encoder = model.encoder
    if not isinstance(encoder, FrameEncoder):
        raise ConfigError('model.encoder: only "light" learns from single pictures, which this recipe begins with')
    history = [*train_stills(encoder, recipe, data, rng), *train_bags(model, encoder, recipe, data, rng)]
    model.eval()
    with torch.inference_mode():
        logits = still_logits(model, encoder, data.validation).numpy()
    temperature, abstain_below = calibrated(logits, data.validation.labels)
    save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, out / WEIGHTS)
    checkpoint = {
        "name": recipe.name,
        "labels": EMOTIONS,
        "bag": recipe.bag,
        "crop": recipe.crop,
        "model": recipe.network,
        "calibration": {"temperature": temperature, "abstain_below": abstain_below},
        "counts": np.bincount(data.stills.labels, minlength=len(EMOTIONS)).tolist(),
        "history": history,
    }
    (out / CHECKPOINT).write_bytes(msgspec.json.format(msgspec.json.encode(checkpoint), indent=1) + b"\n")


def train_stills(encoder: FrameEncoder, recipe: Recipe, data: Data, rng: np.random.Generator) -> Iterator[Row]:
    """Train `encoder.frames` on single pictures with soft labels, under a linear head that is thrown away."""
    plan = recipe.stills
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # an eighth faster on a processor
    head = nn.Sequential(nn.Dropout(plan.dropout), nn.Linear(encoder.features, len(EMOTIONS)))
    pools = (data.stills, _frames_of(data.clips), data.photos)
    samplers = _samplers([pool.labels for pool in pools], plan.batch, plan.rendered_share, plan.photo_share, rng)

    def loss() -> Tensor:
        drawn = [(pool, sampler.draw()) for pool, sampler in zip(pools, samplers, strict=True)]
        crops = torch.from_numpy(np.concatenate([pool.crops[i] for pool, i in drawn]))[:, None].float()
        target = torch.from_numpy(np.concatenate([pool.targets[i] for pool, i in drawn]))
        each = torch.arange(len(crops))
        pixels = as_rgb(spoil(shake(crops, each), each))
        with torch.autocast("cpu", torch.bfloat16):
            logits = head(encoder.frames(pixels))
        return F.cross_entropy(logits.float(), smoothed(target, plan.label_smoothing))

    def look() -> Row:
        logits = [head(encoder.frames(part)) for part in _pixels(data.validation).split(256)]
        return _seen(torch.cat(logits), data.validation)

    yield from fit(
        nn.ModuleDict({"encoder": encoder, "head": head}),
        loss,
        look,
        stage="stills",
        epochs=plan.epochs,
        steps=len(data.stills.crops) // plan.batch,
        learning_rate=plan.learning_rate,
        weight_decay=plan.weight_decay,
    )


def train_bags(
    model: MICACL, encoder: FrameEncoder, recipe: Recipe, data: Data, rng: np.random.Generator
) -> Iterator[Row]:
    """Train all but the frame encoder on bags of its features, with cross-entropy and MCCL."""
    plan, spec = recipe.bags, recipe.bag.spec
    encoder.eval()
    banks = (
        still_bank(encoder, data.stills, plan.views, spec),
        clip_bank(encoder, data.clips, plan.views, spec),
        still_bank(encoder, data.photos, plan.views, spec),
    )
    samplers = _samplers([bank.labels for bank in banks], plan.batch, plan.rendered_share, plan.photo_share, rng)
    counts = np.bincount(banks[0].labels, minlength=len(EMOTIONS)).tolist()
    mccl = MCCL(feature_size=model.bag_features, class_counts=counts)

    def loss() -> Tensor:
        drawn = [bank.bags(sampler.draw(), spec, rng) for bank, sampler in zip(banks, samplers, strict=True)]
        features, target = (torch.from_numpy(np.concatenate(arrays)) for arrays in zip(*drawn, strict=True))
        instances = encoder.pool(features.flatten(0, 1)).unflatten(0, features.shape[:2])
        bag, _ = model.embed(instances)
        logits = model.head(bag)
        plain = F.cross_entropy(logits, smoothed(target, plan.label_smoothing))
        contrast: Tensor = mccl(bag, logits, target.argmax(dim=1))
        return plain + plan.mccl * contrast

    learning = {"pool": encoder.to_change, "interact": model.interact, "aggregate": model.aggregate}
    yield from fit(
        nn.ModuleDict(learning | {"head": model.head, "mccl": mccl}),
        loss,
        lambda: _seen(still_logits(model, encoder, data.validation), data.validation),
        stage="bags",
        epochs=plan.epochs,
        steps=len(data.stills.crops) // plan.batch,
        learning_rate=plan.learning_rate,
        weight_decay=plan.weight_decay,
    )


def still_logits(model: MICACL, encoder: FrameEncoder, stills: Stills) -> Tensor:
    """Return the logits [n,K] of pictures as clips of one repeated frame; all instances of such a bag are equal."""
    features = torch.cat([encoder.frames(part) for part in _pixels(stills).split(256)])
    logits, _ = model.classify(features[:, None].expand(-1, model.config.instances, -1))
    return logits


def _samplers(
    labels: list[Any], batch: int, rendered_share: float, photo_share: float, rng: np.random.Generator
) -> list[CategorySampler]:
    """Return a sampler for each of FER+, rendered clips and photographs; together they fill a batch."""
    sizes = [batch - round(batch * rendered_share) - round(batch * photo_share)]
    sizes += [round(batch * rendered_share), round(batch * photo_share)]
    return [CategorySampler(y, size, rng) for y, size in zip(labels, sizes, strict=True)]


def _frames_of(clips: Sequence[Clip]) -> Stills:
    """Return the frames of clips as single pictures."""
    return Stills(np.concatenate([luma(clip.crops) for clip in clips]), np.concatenate([c.targets for c in clips]))


def _pixels(stills: Stills) -> Tensor:
    return torch.from_numpy(stills.crops)[..., None].expand(-1, -1, -1, 3)


def _seen(logits: Tensor, stills: Stills) -> Row:
    matrix = confusion(stills.labels, logits.argmax(dim=1).numpy())
    return {"war": round(war(matrix), 4), "uar": round(uar(matrix), 4)}
