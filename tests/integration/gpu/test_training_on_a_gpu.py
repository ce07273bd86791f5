"""Training where there is a GPU, `pytest -m gpu`: the same draws, the same losses, and no step that waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from realtime_micacl.making.data.augment import augmented, degraded, jitter, shake
from realtime_micacl.making.recipe import Plan
from realtime_micacl.making.training.loop import Run, Stage, fit
from realtime_micacl.making.training.ranks import Ranks
from tests.integration.test_training_device import K, objective_of, striped

pytestmark = pytest.mark.gpu
CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def test_pictures_are_spoilt_as_on_the_processor() -> None:
    groups, pictures = torch.arange(48), torch.rand(48, 1, 64, 64) * 255
    clips = (torch.rand(12, 4, 64, 64, 3) * 255).to(torch.uint8)
    seen = []
    for device in (CPU, CUDA):
        torch.manual_seed(2)
        spoilt = jitter(degraded(shake(pictures.to(device), groups), groups))
        seen.append((spoilt.cpu(), augmented(clips.to(device)).float().cpu()))
    for own, other in zip(*seen, strict=True):
        assert (own - other).abs().mean() < 0.05, "of 255"
        assert (own - other).abs().max() < 8


@pytest.mark.parametrize("kind", ["stills", "bags"])
def test_losses_are_the_processor_s(kind: str, tmp_path: Path) -> None:
    plan, losses = Plan(epochs=30, batch=4 * K, learning_rate=3e-3), []
    for device in (CPU, CUDA):
        run = Run(tmp_path, "", 1, Ranks(1, 1, device))
        stage = Stage(
            kind,
            objective_of(kind),
            lambda steps: [striped(kind, step) for step in steps],
            lambda: {"war": 0.0, "uar": 0.0},
            plan,
            1,
        )
        rows = fit(stage, run)
        losses.append(torch.tensor([row["loss"] for row in rows]))
    own, other = losses
    assert (own - other).abs().max() < 0.1
    assert abs(float((own - other).mean())) < 0.02


@pytest.mark.parametrize("kind", ["stills", "bags"])
def test_no_step_waits_for_the_gpu(kind: str, tmp_path: Path) -> None:
    def watched(steps: range) -> Iterator[tuple[Tensor, ...]]:
        try:
            for step in steps:
                if step - steps.start == 2:  # the first steps set up what the others use
                    torch.cuda.set_sync_debug_mode("error")
                yield striped(kind, step)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    plan, run = Plan(epochs=2, batch=4 * K, learning_rate=3e-3), Run(tmp_path, "", 1, Ranks(1, 1, CUDA))
    rows = fit(Stage(kind, objective_of(kind), watched, lambda: {"war": 0.0, "uar": 0.0}, plan, 6), run)
    assert rows[1]["loss"] < rows[0]["loss"]
