"""The training loop that every stage of a recipe shares."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm import tqdm

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.transfer import to_device
from realtime_micacl.making.figures import Recalls
from realtime_micacl.making.recipe import Plan
from realtime_micacl.making.training.ranks import ONE, Ranks
from realtime_micacl.making.training.saved import DIVERGED, Row, Weights, resume, save

Batch = tuple[Tensor, ...]


@dataclass(frozen=True)
class Run:
    """Where a run writes, the processes that share it, and what identifies it."""

    out: Path
    recipe: str
    """A digest of recipe and data; the saved state of another digest is refused."""
    seed: int
    ranks: Ranks = ONE


def begin(run: Run, stage: str) -> None:
    """Seed what a stage draws before its first step, so that it does not depend on earlier stages."""
    torch.manual_seed(crc32(f"{run.seed}/{stage}".encode()))


@dataclass(frozen=True, eq=False)
class Stage:
    """A stage of a recipe: what is trained, on which batches, and how it is validated."""

    name: str
    objective: nn.Module
    """Returns the loss of a batch."""
    batches: Callable[[range], Iterable[Batch]]
    """Returns this rank's batches for a range of steps."""
    validate: Callable[[], Recalls]
    """Called after each epoch, while the network has the running average of its weights."""
    plan: Plan
    steps: int
    """Of an epoch."""


def fit(stage: Stage, run: Run) -> list[Row]:
    """Minimise the objective by AdamW for `plan.epochs`; return a row for each epoch.

    The learning rate warms up and then falls as a cosine. In the end the network has the running average of its
    weights: that of the last epoch or, with `patience`, of the epoch with the best mean of WAR and UAR. A run that was
    killed goes on after its last complete epoch, to the same result: all random draws depend on seed, stage, step and
    rank only.
    """
    plan, objective = stage.plan, stage.objective
    ranks, file = run.ranks, run.out / f"unfinished-{stage.name}.safetensors"
    objective.to(ranks.device)
    trained = [p for p in objective.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=plan.learning_rate, weight_decay=plan.weight_decay)
    rows, saved = resume(file, run.recipe, objective, optimiser)
    average = {name: t.to(ranks.device) for name, t in saved.get("average", _copy(objective)).items()}
    best = saved.get("best", average)
    wrapped = ranks.wrapped(objective)
    while len(rows) < plan.epochs and not _exhausted(rows, plan.patience):
        start_s = monotonic()
        loss = _epoch(stage, wrapped, optimiser, average, rows, run)
        if not math.isfinite(loss):
            raise ConfigError(f"[{stage.name}], epoch {len(rows) + 1}: {DIVERGED}")
        current = _copy(objective)
        recalls = _validate_with(average, stage)
        objective.load_state_dict(current)
        took_s = round(monotonic() - start_s, 1)
        rows.append({"stage": stage.name, "epoch": len(rows) + 1, "loss": loss, **recalls, "took_s": took_s})
        if _best(rows) == len(rows) - 1:
            best = {name: tensor.clone() for name, tensor in average.items()}
        if ranks.first:
            tqdm.write(json.dumps(rows[-1]), file=sys.stderr)
            save(file, run.recipe, rows, {"network": current, "average": average, "best": best}, optimiser)
            _log(run.out / f"log-{stage.name}.csv", rows)
    objective.load_state_dict(best if plan.patience else average)
    objective.eval()
    return rows


def _epoch(
    stage: Stage,
    wrapped: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: Weights,
    rows: list[Row],
    run: Run,
) -> float:
    """Run the epoch after `rows`; return its mean loss."""
    plan, steps, objective = stage.plan, stage.steps, stage.objective
    objective.train()
    losses, (averaged, followed) = [], _paired(average, objective)
    done = len(rows)
    places = range(done * steps, (done + 1) * steps)
    last = f", WAR {rows[-1]['war']:.3f} UAR {rows[-1]['uar']:.3f}" if rows else ""
    quiet = None if run.ranks.first else True
    bar = tqdm(stage.batches(places), f"{stage.name} {done + 1}/{plan.epochs}{last}", steps, leave=False, disable=quiet)
    for step, batch in zip(places, bar, strict=True):
        torch.manual_seed(crc32(f"{run.seed}/{stage.name}/{step}/{run.ranks.rank}".encode()))
        for group in optimiser.param_groups:
            group["lr"] = rate(plan, step + 1, plan.epochs * steps, steps)
        loss: Tensor = wrapped(*(to_device(t, run.ranks.device) for t in batch))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(objective.parameters(), plan.clip_norm)
        optimiser.step()
        get_ema_multi_avg_fn(min(plan.average, (step + 1) / (step + 51)))(averaged, followed, step)
        losses.append(loss.detach())
    _copy_counts(average, objective)
    return round(float(torch.stack(losses).double().mean().cpu()), 4)


def _validate_with(weights: Weights, stage: Stage) -> Recalls:
    """Load other weights into the network, where they stay, and validate it."""
    stage.objective.load_state_dict(weights)
    stage.objective.eval()
    with torch.inference_mode():
        return stage.validate()


def rate(plan: Plan, step: int, total: int, steps: int) -> float:
    """Return the learning rate of a step from 1 to `total`: a linear warm-up, times a cosine to the least rate."""
    warm = max(1, min(plan.warmup_epochs * steps, total // 5))
    fall = 0.5 * (1 + math.cos(math.pi * step / total))
    return plan.least_rate + (plan.learning_rate - plan.least_rate) * min(1.0, step / warm) * fall


def _best(rows: list[Row]) -> int:
    """Return the number of the row with the best mean of WAR and UAR."""
    return int(np.argmax([row["war"] + row["uar"] for row in rows]))


def _exhausted(rows: list[Row], patience: int) -> bool:
    return bool(patience and rows and len(rows) - 1 - _best(rows) >= patience)


def _log(file: Path, rows: list[Row]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _copy(network: nn.Module) -> Weights:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def _paired(average: Weights, network: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """Return the tensors that are averaged, and those of the network that they follow."""
    followed = {name: tensor for name, tensor in network.state_dict().items() if tensor.is_floating_point()}
    return [average[name] for name in followed], list(followed.values())


def _copy_counts(average: Weights, network: nn.Module) -> None:
    """Copy the integer tensors, which cannot be averaged."""
    for name, tensor in network.state_dict().items():
        if not tensor.is_floating_point():
            average[name].copy_(tensor)
