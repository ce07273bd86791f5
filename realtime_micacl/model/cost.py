"""Counts the parameters of a module, and the multiply-adds of one call."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from realtime_micacl.model.clip import Tokens
from realtime_micacl.model.fineclip import Moments
from realtime_micacl.model.ifdd import Crossing
from realtime_micacl.model.wian import Attention

COUNTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear, nn.LSTM, Attention, Crossing, Moments, Tokens)


@dataclass(frozen=True)
class Cost:
    """The cost of a module."""

    parameters: int
    multiply_adds: int
    """In convolutions, linear layers, LSTMs and attention; the products with GEIIM's graph are too few to matter."""


def count(module: nn.Module, *inputs: Tensor) -> Cost:
    """Count over one call of a copy of `module` on the meta device: nothing is computed or changed."""
    copy = deepcopy(module).to("meta").eval()
    total = 0

    def add(layer: nn.Module, _: Any, output: Any) -> None:
        nonlocal total
        if isinstance(layer, nn.LSTM):
            steps = output[0].shape[:-1].numel()
            total += steps * sum(p.numel() for name, p in layer.named_parameters() if name.startswith("weight"))
        elif isinstance(layer, Tokens):
            bags, tokens, size = output.shape
            total += bags * tokens * size * (3 * size + 2 * tokens)  # q, k, v; q k^T, and its product with v
        elif isinstance(layer, Attention | Crossing | Moments):
            bags, tokens, size = (output if isinstance(output, Tensor) else output[0]).shape
            total += 2 * bags * tokens**2 * size  # q k^T, and its product with v
        else:
            weight = layer.get_parameter("weight")  # [outputs, ...]: every output value takes one row
            total += output.numel() * weight[0].numel()

    for layer in copy.modules():
        if isinstance(layer, COUNTED):
            layer.register_forward_hook(add)
    with torch.no_grad():
        copy(*(x.to("meta") for x in inputs))
    return Cost(parameters=sum(p.numel() for p in module.parameters()), multiply_adds=total)
