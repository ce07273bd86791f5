"""The training loop that every stage of a recipe shares."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

Row = dict[str, Any]


def fit(
    network: nn.Module,
    loss: Callable[[], Tensor],
    look: Callable[[], Row],
    *,
    stage: str,
    epochs: int,
    steps: int,
    learning_rate: float,
    weight_decay: float,
) -> Iterator[Row]:
    """Minimise `loss`, which draws its own batch, by AdamW for `epochs` of `steps`; yield what `look` sees after each.

    The rate warms up over two epochs and falls as a cosine. `look` sees, and the end leaves, the running average of
    the weights.
    """
    optimiser = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
    average = _copy(network)
    total, warm = epochs * steps, max(1, min(2 * steps, epochs * steps // 5))
    step = 0
    for epoch in range(1, epochs + 1):
        network.train()
        losses = []
        for _ in tqdm(range(steps), desc=f"{stage} {epoch}/{epochs}", leave=False, disable=None):
            step += 1
            for group in optimiser.param_groups:
                group["lr"] = learning_rate * min(1.0, step / warm) * 0.5 * (1 + math.cos(math.pi * step / total))
            value = loss()
            optimiser.zero_grad()
            value.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            _follow(average, network, min(0.999, step / (step + 50)))
            losses.append(float(value.detach()))
        current = _copy(network)
        network.load_state_dict(average)
        network.eval()
        with torch.inference_mode():
            row = {"stage": stage, "epoch": epoch, "loss": round(float(np.mean(losses)), 4)} | look()
        tqdm.write(json.dumps(row))
        yield row
        if epoch < epochs:
            network.load_state_dict(current)


def smoothed(targets: Tensor, amount: float) -> Tensor:
    """Mix distributions [B,K] with the uniform one."""
    return targets * (1 - amount) + amount / targets.shape[1]


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


@torch.no_grad()
def _follow(average: dict[str, Tensor], network: nn.Module, keep: float) -> None:
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            average[name].lerp_(tensor, 1 - keep)
        else:
            average[name].copy_(tensor)
