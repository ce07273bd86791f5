"""The saved state of an unfinished run, from which it goes on after a kill as if nothing had happened; no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as encoded
from torch import Tensor, nn

from realtime_micacl.errors import ConfigError, StageFailed
from realtime_micacl.files import write_whole
from realtime_micacl.making.figures import Recalls
from realtime_micacl.wording import why

Weights = dict[str, Tensor]
DIVERGED = (
    "the training diverged: its numbers are no longer finite; lower learning_rate in the recipe and train into another"
    " folder"
)


class Row(Recalls):
    """The figures of an epoch."""

    stage: str
    epoch: int
    loss: float
    took_s: float


def save(
    file: Path, recipe: str, rows: list[Row], weights: Mapping[str, Weights], optimiser: torch.optim.Optimizer
) -> None:
    """Write the state after an epoch; a kill leaves either the old file or the new one, both complete."""
    tensors = {f"{part}/{name}": t for part, state in weights.items() for name, t in state.items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{number}/{name}": torch.as_tensor(value) for name, value in state.items()}
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    write_weights(file, tensors, {"recipe": recipe, "rows": json.dumps(rows)})


def write_weights(file: Path, tensors: Weights, about: dict[str, str] | None) -> None:
    """Write tensors completely or not at all; raise StageFailed if the disk does not take them."""
    try:
        write_whole(file, encoded(tensors, about))  # save_file's own files are for their owner alone
    except OSError as cause:
        raise StageFailed(f"{file} cannot be written: {why(cause)}; run it again once that is mended") from cause


def resume(
    file: Path, recipe: str, network: nn.Module, optimiser: torch.optim.Optimizer
) -> tuple[list[Row], dict[str, Weights]]:
    """Load a saved state if there is one; return the rows of its epochs, and its other weights by name."""
    if not file.is_file():
        return [], {}
    try:
        with safe_open(file, "pt") as stored:
            about = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as cause:
        raise ConfigError(f"{file}, an unfinished run, is damaged: {why(cause)}; remove it and run it again") from cause
    if about.get("recipe") != recipe:
        raise ConfigError(
            f"{file} is an unfinished run of another recipe or other data; remove it or name another --out"
        )
    parts: dict[str, Weights] = {}
    for name, tensor in tensors.items():
        part, _, key = name.partition("/")
        parts.setdefault(part, {})[key] = tensor
    network.load_state_dict(parts.pop("network"))
    moments: dict[int, Weights] = {}
    for name, tensor in parts.pop("optimiser", {}).items():
        number, _, key = name.partition("/")
        moments.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict(optimiser.state_dict() | {"state": moments})
    return list(json.loads(about["rows"])), parts
