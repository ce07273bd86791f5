"""Started by torchrun in a test: write the gradients that each rank holds after one step on its part of a batch."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from realtime_micacl.making.training.objectives import BagsObjective
from realtime_micacl.making.training.ranks import joined
from realtime_micacl.model.mccl import MCCL
from realtime_micacl.model.micacl import MICACL, MICACLConfig


def gradients(folder: Path) -> None:
    """Read batch.safetensors, take a step on this rank's part, write rank<r>.safetensors."""
    with joined() as ranks:
        with ranks.in_turn():
            done = " ".join(file.name for file in folder.glob("turn*"))
            time.sleep(0.2)
            (folder / f"turn{ranks.rank}").write_text(done)
        batch = load_file(folder / "batch.safetensors")
        part = ranks.part(len(batch["bags"]))
        torch.manual_seed(0)
        model = MICACL(MICACLConfig(widths=(8, 16), blocks=(1, 1), frames=2, size_px=32, wian_hidden=16))
        model.encoder.requires_grad_(False)
        model.encoder.to_change.requires_grad_(True)
        mccl = MCCL(feature_size=model.bag_features, class_counts=[9, 5, 4, 3, 2, 1, 1])
        objective = BagsObjective(model, mccl, weight=0.5, label_smoothing=0.1).double()
        wrapped = ranks.wrapped(objective)  # it must live until the gradients are there
        wrapped(batch["bags"][part], batch["targets"][part]).backward()
        found = {name: p.grad for name, p in objective.named_parameters() if p.grad is not None}
        save_file(found, folder / f"rank{ranks.rank}-of-{ranks.world}.safetensors")


if __name__ == "__main__":
    gradients(Path(sys.argv[1]))
