"""The parts of the ablation of both streams: the streams, each trained once for a seed, and what is measured on."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors.torch import load_file

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.sidecar import Shape, Sidecar, read_sidecar
from realtime_micacl.making.data.bank import Bank, still_bank
from realtime_micacl.making.data.cache import Array, cached_arrays
from realtime_micacl.making.data.photographs import half_named
from realtime_micacl.making.evaluation.recorded import (
    Encode,
    Recorded,
    record_clips,
    record_photographs,
    record_stretches,
)
from realtime_micacl.making.evaluation.stretches import read_stretches
from realtime_micacl.making.figures import Recalls
from realtime_micacl.making.material import FaceFiles, read_faces
from realtime_micacl.making.recipe import Bags, Recipe
from realtime_micacl.making.scores import calibrated
from realtime_micacl.making.training.checkpoint import start_encoder
from realtime_micacl.making.training.loop import Run, begin
from realtime_micacl.making.training.prior import log_prior, removable_prior
from realtime_micacl.making.training.saved import write_weights
from realtime_micacl.making.training.shapes import face_shape, train_shapes
from realtime_micacl.making.training.stages import Faces, encoded, fit_bags, training_clips, war_and_uar
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.model.system import System
from realtime_micacl.model.zoo import build, configured
from realtime_micacl.types import EMOTIONS, F32, U8

ENCODED_AT_ONCE = 64


@dataclass(frozen=True)
class Variant:
    """A row of the tables: what differs from the recipe."""

    name: str
    bags: dict[str, object] = field(default_factory=dict)
    shapes: dict[str, object] = field(default_factory=dict)
    streams: str = "both"
    learns: bool = True
    """Whether the own neutral face is learnt in measuring, as it is live."""
    alike: bool = False
    """Both streams get the same weight, however well a face is known."""


@dataclass(frozen=True, eq=False)
class Material:
    """What all rows share."""

    recipe: Recipe
    encoder_from: str
    faces: Faces
    shape: Shape
    banks: tuple[Bank, ...]
    validation: F32
    """Features of FER+ validation pictures as bags, [n,N*L,D]."""
    sets: Mapping[str, Recorded]
    out: Path


def crop_logits(material: Material, variant: Variant, seed: int) -> dict[str, F32]:
    """Return the logits of the first stream by set; it is trained first unless they are on disk."""
    assert material.recipe.bags
    plan = msgspec.structs.replace(material.recipe.bags, **variant.bags)
    recipe = msgspec.structs.replace(material.recipe, seed=seed, bags=plan)
    out = material.out / "crops" / _slug(variant.bags) / f"seed-{seed}"
    out.mkdir(parents=True, exist_ok=True)
    return cached_arrays(out / "logits.npz", lambda: _trained_crop_logits(material, recipe, plan, out))


def _trained_crop_logits(material: Material, recipe: Recipe, plan: Bags, out: Path) -> dict[str, F32]:
    """Train the first stream; return its logits by set, without the prior and weighted as in an engine."""
    run, stills = Run(out, repr(recipe), recipe.seed), material.faces.validation
    torch.manual_seed(recipe.seed)
    model = _network(material)
    begin(run, "bags")
    assert isinstance(model.encoder, FrameEncoder)

    def validate() -> Recalls:
        return war_and_uar(_logits(model, material.validation), stills.labels)

    fit_bags(model, model.encoder, plan, recipe, material.banks, validate, run)
    model.eval()
    features = {"validation": material.validation} | {name: one.features for name, one in material.sets.items()}
    found = {name: _logits(model, one) for name, one in features.items()}
    counts = np.bincount(material.faces.stills.labels, minlength=len(EMOTIONS))
    removed = removable_prior(found["validation"], stills.labels, counts, recipe.least_war or 0.0)
    found = {name: logits - np.float32(removed) * log_prior(counts) for name, logits in found.items()}
    assert recipe.shapes
    weight = 1 / (calibrated(found["validation"], stills.labels)[0] * recipe.shapes.doubt)
    (out / "unfinished-bags.safetensors").unlink()
    return {name: np.asarray(weight * logits, np.float32) for name, logits in found.items()}


@torch.inference_mode()
def _logits(model: System, features: F32) -> F32:
    """Return the logits of the first stream for features as bags."""
    parts = torch.from_numpy(features).split(512)
    return np.asarray(torch.cat([model.seen(part)[0] for part in parts]).numpy(), np.float32)


def trained_stream(material: Material, variant: Variant, seed: int) -> System:
    """Return a network whose second stream is trained, or loaded from disk; its first stream is not trained."""
    assert material.recipe.shapes
    plan = msgspec.structs.replace(material.recipe.shapes, **variant.shapes)
    out = material.out / "shape" / _slug(variant.shapes) / f"seed-{seed}"
    file = out / "stream.safetensors"
    out.mkdir(parents=True, exist_ok=True)
    recipe = msgspec.structs.replace(material.recipe, seed=seed, shapes=plan)
    torch.manual_seed(seed)
    model = _network(material)
    assert model.shape
    if not file.is_file():
        run = Run(out, repr(recipe), seed)
        shape = shape_of(material, variant)
        train_shapes(model.shape, shape, recipe, material.faces.clips, material.faces.stills, run)
        write_weights(file, {name: t.contiguous() for name, t in model.shape.state_dict().items()}, None)
        (out / "unfinished-shapes.safetensors").unlink()
    model.shape.load_state_dict(load_file(file))
    return model.eval()


def shape_of(material: Material, variant: Variant) -> Shape:
    """Return the shape settings of a row."""
    prior = variant.shapes.get("prior", material.shape.prior)
    return msgspec.structs.replace(material.shape, prior=prior)


def _network(material: Material) -> System:
    model = build(configured(material.recipe.network))
    start_encoder(model, material.encoder_from)
    return model


def read_material(recipe: Recipe, arguments: argparse.Namespace) -> Material:
    """Read what is trained on and measured on, encoded by the given encoder; raise ConfigError if that cannot be."""
    assert recipe.bags
    assert recipe.shapes
    if recipe.photographs:
        raise ConfigError(
            f"{arguments.recipe} trains on photographs, which this ablation measures on; leave `photographs` out of it"
        )
    _, sidecar = read_sidecar(Path(arguments.encoder_from))
    faces = read_faces(recipe, FaceFiles.named(arguments, encoder_given=True))
    shape = face_shape(training_clips(faces.clips), recipe.shapes)
    model = build(configured(recipe.network))
    start_encoder(model, arguments.encoder_from)
    encoder = model.encoder
    if not isinstance(encoder, FrameEncoder):
        raise ConfigError(f"{arguments.recipe}: only an encoder of single frames can be ablated")
    encoder.eval()

    @torch.inference_mode()
    def encode(pieces: U8) -> F32:
        parts = torch.from_numpy(np.ascontiguousarray(pieces)).split(ENCODED_AT_ONCE)
        return np.asarray(torch.cat([model.encode(part) for part in parts]).numpy(), np.float32)

    sidecar = msgspec.structs.replace(sidecar, bag=recipe.bag, crop=recipe.crop, shape=shape)
    sets = _sets(arguments, faces, encode, sidecar)
    plain = still_bank(encoder, faces.validation, 0, recipe.bag)
    validation = plain.features[0][plain.rows].astype(np.float32)
    banks = _banks(arguments.out / "recorded" / "pictures.npz", encoder, recipe, faces)
    return Material(recipe, arguments.encoder_from, faces, shape, banks, validation, sets, arguments.out)


def _banks(file: Path, encoder: FrameEncoder, recipe: Recipe, faces: Faces) -> tuple[Bank, ...]:
    """Return the banks that [bags] learns from; they are encoded once and kept in a file."""
    names = [one.name for one in fields(Bank)]

    def arrays() -> dict[str, Array]:
        assert recipe.bags
        banks = encoded(encoder, recipe.bags, recipe, faces)
        return {f"{n} {name}": np.asarray(vars(bank)[name]) for n, bank in enumerate(banks) for name in names}

    stored = cached_arrays(file, arrays)
    found = ([stored[f"{n} {name}"] for name in names] for n in range(len(stored) // len(names)))
    return tuple(Bank(features, rows, int(spread), targets) for features, rows, spread, targets in found)


def _sets(arguments: argparse.Namespace, faces: Faces, encode: Encode, sidecar: Sidecar) -> dict[str, Recorded]:
    """Return the sets that rows are measured on; each is recorded once and kept on disk."""

    def kept(name: str, record: Callable[[], Recorded]) -> Recorded:
        file = arguments.out / "recorded" / f"{name.split()[0]}.npz"
        return Recorded(**cached_arrays(file, lambda: record().arrays()))

    half = half_named(arguments.photographs[1]) if arguments.photographs else 0
    stretches = read_stretches(*arguments.stretches) if arguments.stretches else []
    held_out = [clip for clip in faces.clips if clip.held_out]
    name = "rendered people, held out"
    found = {name: kept(name, lambda: record_clips(held_out, encode, sidecar))}
    if arguments.photographs:
        file, name = Path(arguments.photographs[0]), "photographs"
        found[name] = kept(name, lambda: record_photographs(file, half, encode, sidecar))
    if arguments.stretches:
        clips, name = arguments.stretches[0], "stretches of real clips"
        found[name] = kept(name, lambda: record_stretches(clips, stretches, encode, sidecar))
    return found


def _slug(changed: Mapping[str, object]) -> str:
    return "-".join(f"{key}-{value}" for key, value in sorted(changed.items())) or "recipe"
