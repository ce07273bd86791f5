"""A checkpoint: `model.safetensors`, and `checkpoint.json`, which says what it is and how it was trained."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from realtime_micacl import __version__
from realtime_micacl.errors import ConfigError
from realtime_micacl.files import write_whole
from realtime_micacl.inference.engine import WEIGHTS
from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.training.clip_weights import start_clip
from realtime_micacl.making.training.saved import DIVERGED, Row, write_weights
from realtime_micacl.model.backbone import R3D18, FrameEncoder
from realtime_micacl.model.fineclip import FineCLIPER
from realtime_micacl.model.system import System
from realtime_micacl.model.zoo import build, configured
from realtime_micacl.types import EMOTIONS
from realtime_micacl.wording import why

ABOUT = "checkpoint.json"
NEEDED = ("name", "bag", "crop", "calibration")
DAMAGE = (OSError, EOFError, ValueError, RuntimeError, SafetensorError)
"""What reading damaged weights, or those of another network, may raise."""
LONG = 200
HELD_OUT = "held_out"
KINETICS = "https://download.pytorch.org/models/r3d_18-b3b3357e.pth"
FULLY_CONNECTED = ("fc.weight", "fc.bias")  # torchvision's 400 classes


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How the weights of a checkpoint were trained, and how its logits become probabilities."""

    temperature: float
    abstain_below: float
    counts: Sequence[int]
    """The training clips by emotion."""
    trained_on: Sequence[str]
    prior_removed: float = 0.0
    """How much of the log frequencies of `counts` was subtracted from the logits."""
    history: Sequence[Row] = ()
    held_out: str | None = None
    """A digest of the people that the stage [clips] held out."""
    shape: Shape | None = None


def write_checkpoint(out: Path, recipe: Recipe, model: System, how: Provenance) -> None:
    """Write a checkpoint into the folder `out`; raise ConfigError if a weight is not finite."""
    about = {
        "name": recipe.name,
        "labels": EMOTIONS,
        "bag": recipe.bag,
        "crop": recipe.crop,
        "model": model.config.to_dict(),
        "shape": how.shape,
        "calibration": {"temperature": how.temperature, "abstain_below": how.abstain_below},
        "counts": list(how.counts),
        "prior_removed": how.prior_removed,
        "trained_on": list(how.trained_on),
        HELD_OUT: how.held_out,
        "recipe": recipe,
        "version": __version__,
        "revision": revision(),
        "history": list(how.history),
    }
    encoded = msgspec.json.encode(about)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ConfigError(f"{recipe.name}: {DIVERGED}")
    write_weights(out / WEIGHTS, tensors, {"checkpoint": encoded.decode()})
    write_whole(out / ABOUT, msgspec.json.format(encoded, indent=1) + b"\n")


def read_checkpoint(folder: Path) -> tuple[dict[str, Any], System]:
    """Return the contents of checkpoint.json, and the network; raise ConfigError if there is no checkpoint."""
    file = folder / ABOUT
    if not file.is_file():
        raise ConfigError(f"no checkpoint at {folder}: {ABOUT} is missing; `realtime-micacl train` writes it")
    try:
        about: dict[str, Any] = json.loads(file.read_text("utf-8"))
        model = build(configured(about["model"]))
        model.load_state_dict(load_file(folder / WEIGHTS))
        if missing := [key for key in NEEDED if key not in about]:
            raise ValueError(f"{ABOUT} does not say {missing[0]}")
    except (*DAMAGE, KeyError, TypeError) as cause:
        raise ConfigError(
            f"the checkpoint in {folder} is damaged or of another version: {_in_brief(cause)}; train it again"
        ) from cause
    return about, model.eval()


def start_encoder(model: System, source: str) -> None:
    """Load the encoder's weights from a checkpoint, an engine, a file (torchvision's r3d_18, CLIP), or "kinetics"."""
    try:
        if isinstance(model, FineCLIPER):
            start_clip(model, Path(source))
            return
        if source == "kinetics":
            state = torch.hub.load_state_dict_from_url(KINETICS, check_hash=True, weights_only=True)
        elif Path(source).is_dir():
            state = load_file(Path(source) / WEIGHTS)
            state = {name.removeprefix("encoder."): t for name, t in state.items() if name.startswith("encoder.")}
        elif source.endswith(".safetensors"):
            state = load_file(source)
        else:
            state = torch.load(source, weights_only=True, map_location="cpu")
        _load(model, state)
    except UnpicklingError:
        raise ConfigError(f"--encoder-from {source}: it holds more than weights, so it is not opened") from None
    except DAMAGE as cause:
        mend = "; without a connection, download the file elsewhere and name it" if source == "kinetics" else ""
        raise ConfigError(f"--encoder-from {source}: these weights cannot be used: {_in_brief(cause)}{mend}") from cause


def _in_brief(cause: Exception) -> str:
    """Return why weights could not be read, shortened: torch lists every tensor that does not fit."""
    text = " ".join(why(cause).split()) or "the file ends too soon"
    return text if len(text) <= LONG else f"{text[:LONG]}.."


def _load(model: System, state: dict[str, Tensor]) -> None:
    if isinstance(model.encoder, R3D18):
        state = {name: tensor for name, tensor in state.items() if name not in FULLY_CONNECTED}
    if isinstance(model.encoder, FrameEncoder):  # how frames are pooled depends on their number
        own = {name: t for name, t in model.encoder.state_dict().items() if name.startswith("to_change.")}
        state = {name: t for name, t in state.items() if not name.startswith("to_change.")} | own
    model.encoder.load_state_dict(state)


def revision() -> str:
    """Return the git revision of the source tree, with a + if files were changed; empty outside a repository."""
    root = Path(__file__).parents[3]
    command = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if (root / ".git").exists() and done.returncode == 0 else ""
