"""Makes an untrained engine of a recipe, to measure its speed: `python tests/bench/untrained.py RECIPE OUT`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch

from realtime_micacl.config import read_toml
from realtime_micacl.making.export import export
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.making.training.checkpoint import Provenance, write_checkpoint
from realtime_micacl.model.zoo import build, configured


def main(file: str, out: str) -> None:
    torch.manual_seed(0)
    recipe = read_toml(Path(file), Recipe)
    model = build(configured(recipe.network)).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm3d):  # equal biases would share one initializer
            module.running_mean.normal_(std=0.01)
    with tempfile.TemporaryDirectory() as folder:
        how = Provenance(temperature=1.0, abstain_below=0.3, counts=[1] * 7, trained_on=["nothing"])
        write_checkpoint(Path(folder), recipe, model, how)
        export(Path(folder), Path(out), (), {})
    sys.stdout.write(f"{out}: untrained\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
