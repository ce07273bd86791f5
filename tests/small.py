"""The smallest network and the smallest recipe that learn something, for all tests that train or build one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from realtime_micacl.model.system import System
from realtime_micacl.types import EMOTIONS

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


def assert_alone_as_in_a_batch(model: System) -> Tensor:
    """Fail where a bag alone, or from kept pieces, reads otherwise than in a batch; return the importance."""
    model = model.double()
    model(random_bags(model, 4))  # one pass in training mode, so that the running statistics are of this world
    model.eval()
    batch = random_bags(model, 3)
    logits, importance = model(batch)
    assert logits.shape == (3, len(EMOTIONS))
    assert importance.shape == (3, model.config.instances)
    for b in range(3):
        pieces = torch.cat([model.encode(frame[None, None]) for instance in batch[b] for frame in instance])
        for alone in (model(batch[b : b + 1]), model.classify(pieces[None])):
            torch.testing.assert_close(alone[0][0], logits[b], rtol=0, atol=1e-12)
            torch.testing.assert_close(alone[1][0], importance[b], rtol=0, atol=1e-12)
    return importance
