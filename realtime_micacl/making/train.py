"""`realtime-micacl train RECIPE.toml`: train a network stage by stage, as the recipe says, and write a checkpoint."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError, MicaclError, StageFailed
from realtime_micacl.files import check_settings, held
from realtime_micacl.inference.engine import WEIGHTS
from realtime_micacl.inference.sidecar import sha256
from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.material import FaceFiles, TrainingPart, add_faces, read_faces, read_training_part
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.scores import calibrated
from realtime_micacl.making.training.checkpoint import Provenance, start_encoder, write_checkpoint
from realtime_micacl.making.training.clips import FrozenFeatures
from realtime_micacl.making.training.loop import Run
from realtime_micacl.making.training.objectives import shift_logits
from realtime_micacl.making.training.outcome import Outcome, after_clips, after_faces, after_shapes
from realtime_micacl.making.training.prior import log_prior, removable_prior
from realtime_micacl.making.training.ranks import ONE, Ranks, joined
from realtime_micacl.making.training.stages import Faces
from realtime_micacl.model.system import System
from realtime_micacl.model.zoo import build, configured
from realtime_micacl.options import VerbParser
from realtime_micacl.types import EMOTIONS

log = logging.getLogger(__name__)

UNSURE = "this engine says unsure of everybody; train it on more clips, or set abstain_below in the recipe"


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    p = VerbParser(
        prog="realtime-micacl train",
        description="Train a network by a recipe. An interrupted run continues where it stopped.",
        epilog="Many GPUs: torchrun --nproc-per-node 8 -m realtime_micacl train RECIPE.toml ...",
    )
    p.add_argument("recipe", type=Path, metavar="RECIPE.toml")
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the checkpoint goes")
    start = "begin with the frame encoder of a checkpoint, an engine, r3d_18 or CLIP weights, or kinetics"
    p.add_argument("--encoder-from", metavar="WHAT", help=start)
    clips = p.add_argument_group("for the stage [clips]")
    clips.add_argument("--data", type=Path, nargs="+", metavar="FOLDER", help="data sets, as `prepare` wrote them")
    clips.add_argument("--split", metavar="NAME", help="whose training part is used, such as fold1")
    faces = p.add_argument_group("for the other stages")
    add_faces(faces)
    faces.add_argument(
        "--photographs", nargs=2, metavar=("FILE", "HALF"), help="one half of a set of face crops, for recipes that ask"
    )
    arguments = p.parse_args(argv)
    recipe = read_toml(arguments.recipe, Recipe)
    files = FaceFiles.named(arguments, encoder_given=bool(arguments.encoder_from))
    with joined() as ranks:
        with ranks.in_turn():
            faces_read = read_faces(recipe, files) if recipe.stills or recipe.bags else None
            part = read_training_part(recipe, arguments.data, arguments.split) if recipe.clips else None
        with held(arguments.out) if ranks.first else nullcontext():
            if ranks.first:
                check_settings(arguments.out, settings(recipe, part, arguments.encoder_from))
            train(recipe, faces_read, part, arguments.out, ranks, arguments.encoder_from)


def settings(recipe: Recipe, part: TrainingPart | None, encoder_from: str | None) -> dict[str, Any]:
    """Return what the results of a run depend on: `check_settings` refuses to continue a run with other settings."""
    clips = sorted(map(_identity, part.clips)) if part else []
    return {
        "recipe": msgspec.to_builtins(recipe),
        "split": list(part.names) if part else [],
        "set of clips": hashlib.sha256("\n".join(clips).encode("utf-8", "surrogateescape")).hexdigest(),
        "--encoder-from": _weights_hash(encoder_from),
    }


def train(
    recipe: Recipe,
    faces: Faces | None,
    part: TrainingPart | None,
    out: Path,
    ranks: Ranks = ONE,
    encoder_from: str | None = None,
    features: FrozenFeatures | None = None,
) -> System:
    """Run the stages of the recipe and write the checkpoint into the folder `out`; return the network.

    `features` keeps what the frozen encoder gives for clips, so that several runs encode them once.
    """
    model = _untrained(recipe, encoder_from).to(ranks.device)
    run = Run(out, _digest(recipe, faces, part, encoder_from), recipe.seed, ranks)
    found = after_faces(model, recipe, faces, run, given=bool(encoder_from)) if faces is not None else None
    if recipe.clips and part:
        with _reader_errors():
            found = after_clips(found, model, recipe, part.clips, part.names, run, features or FrozenFeatures())
    assert found is not None
    found, removed = _without_prior(model, recipe, found)
    shape = None
    if recipe.shapes and faces is not None and model.shape is not None:
        found, shape = after_shapes(found, model, recipe, faces, run)
    if absent := [emotion for emotion, count in zip(EMOTIONS, found.counts, strict=True) if not count]:
        log.warning("nothing of %s was there to learn from, so the engine is never right about it", ", ".join(absent))
    temperature, threshold = calibrated(found.logits, found.labels)
    if recipe.abstain_below is not None:
        threshold = recipe.abstain_below
    elif threshold == 1:
        log.warning("nobody held out is read well enough to name a word: %s", UNSURE)
    if ranks.first:
        provenance = Provenance(
            temperature=temperature,
            abstain_below=threshold,
            counts=found.counts.tolist(),
            trained_on=found.trained_on,
            prior_removed=removed,
            history=found.history,
            held_out=found.held_out,
            shape=shape,
        )
        write_checkpoint(out, recipe, model, provenance)
        for unfinished in out.glob("unfinished-*.safetensors"):
            unfinished.unlink()
    return model


def _untrained(recipe: Recipe, encoder_from: str | None) -> System:
    """Return the network of a recipe before training, with the frame encoder that was named."""
    torch.manual_seed(recipe.seed)
    model = build(configured(recipe.network))
    if model.config.encoder == "clip" and not encoder_from:
        raise ConfigError(f"{recipe.name}: name the file of CLIP's weights with --encoder-from; see docs/zoo.md")
    if encoder_from:
        start_encoder(model, encoder_from)
    return model


def _without_prior(model: System, recipe: Recipe, found: Outcome) -> tuple[Outcome, float]:
    """Subtract the log class frequencies from the logits as far as `least_war` allows; return how much of them."""
    removed = 0.0
    if recipe.least_war is not None:
        removed = removable_prior(found.logits, found.labels, found.counts, recipe.least_war)
    shift = np.float32(-removed) * log_prior(found.counts)
    shift_logits(model.heads, shift)
    return replace(found, logits=found.logits + shift), removed


def _identity(clip: PreparedClip) -> str:
    """Return a text that changes if the clip gets another label or person, or is cut anew."""
    return f"{clip.clip} {clip.label} {clip.subject} {clip.file.name}"


def _weights_hash(source: str | None) -> str | None:
    """Return a hash of the weights that --encoder-from names, so that their path does not matter; else the name."""
    file = Path(source or "")
    file = file / WEIGHTS if file.is_dir() else file
    return sha256(file) if source and file.is_file() else source


@contextmanager
def _reader_errors() -> Iterator[None]:
    """Turn an error of a process that reads clips, which torch raises with its traceback, into one for people."""
    try:
        yield
    except Exception as cause:
        if "DataLoader worker" not in (text := str(cause)):
            raise
        kind, _, words = text.strip().splitlines()[-1].partition(": ")
        if isinstance(cause, MicaclError) and kind.endswith(type(cause).__name__):
            raise type(cause)(words) from cause
        mend = "set clips.workers = 0 in the recipe if memory is short, and run it again"
        raise StageFailed(f"a process that reads clips failed: {text.strip().splitlines()[-1]}; {mend}") from cause


def _digest(recipe: Recipe, faces: Faces | None, part: TrainingPart | None, encoder_from: str | None) -> str:
    """Return a hash of recipe, data and encoder: an interrupted run is continued only if they are the same."""
    pictures = [faces.pictures.labels.tobytes(), faces.photos.labels.tobytes(), len(faces.clips)] if faces else []
    clips = [_identity(clip) for clip in part.clips] if part else []
    about = (msgspec.json.encode(recipe), pictures, clips, _weights_hash(encoder_from))
    return hashlib.sha256(repr(about).encode()).hexdigest()
