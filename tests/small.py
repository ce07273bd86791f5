"""The smallest network and the smallest recipe that learn something, for all tests that train or build one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from realtime_micacl.model.system import System

NETWORK: dict[str, Any] = {"widths": [8, 16], "blocks": [1, 1]}
POINTS = [[0.3, 0.37], [0.7, 0.37], [0.5, 0.6], [0.5, 0.79]]
RECIPE: dict[str, Any] = {
    "name": "stripes",
    "bag": {"instances": 4, "frames": 2, "size_px": 32, "span_s": 0.8},
    "crop": {"points": POINTS},
    "model": {"encoder": "light", **NETWORK, "wian_hidden": 16},
}


def write_recipe(file: Path, recipe: dict[str, Any]) -> Path:
    """Write a recipe as TOML; return the file."""
    lines = [f"name = {json.dumps(recipe['name'])}"]
    for name, table in recipe.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    file.write_text("\n".join(lines))
    return file


def random_bags(model: System, count: int) -> Tensor:
    """Return bags of noise as a network takes them, u8[count,N,L,S,S,3]."""
    c = model.config
    return torch.randint(0, 256, (count, c.instances, c.frames, c.size_px, c.size_px, 3), dtype=torch.uint8)
