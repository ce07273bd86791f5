"""S4D for bags: training on stills and clips together, with a head for each kind and a mixture of adapter experts.

From S4D it takes the two heads and the mixture of adapter experts (MoAE), not the ViT. The experts are between the
pooling of instances and GEIIM.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.model.system import Folded

Adapter = Literal["none", "experts", "dense"]
BALANCE = 1e-3
STILL = 1e-3  # if features differ by less than this share of the largest, all pieces show the same picture


@dataclass(frozen=True, kw_only=True)
class S4DConfig(MICACLConfig):
    """The configuration of S4D: what it adds to MICACL's."""

    choices: ClassVar[dict[str, tuple[str, ...]]] = MICACLConfig.choices | {
        "system": ("s4d",),
        "adapter": get_args(Adapter),
    }
    second_stream: ClassVar[bool] = False

    system: str = "s4d"
    kinds: int = 2
    """Heads: 2, one for stills and one for clips, or 1 for both."""
    adapter: Adapter = "experts"
    """none; experts, of which each instance uses `served`; dense, one adapter of the same size for all."""
    experts: int = 8
    served: int = 2
    expert_width: int = 64

    def _faults(self) -> Iterable[tuple[str, str]]:
        yield from super()._faults()
        if self.kinds > 2:
            yield "kinds", "must be 1 or 2"
        if self.kinds == 2 and self.pieces < 3:
            yield "kinds", "can be 2 only where a bag has three pieces or more"
        if self.served > self.experts:
            yield "served", f"must be at most as many as experts ({self.experts})"


class MoAE(nn.Module):
    """Add the outputs of experts to x [B,N,D]: x + sum_e g_e E_e(LN x), E_e = D -> width -> D with GELU, no skip.

    Router logits l = W_g u; in training eps * softplus(W_n u) is added, eps ~ N(0,1). g is the softmax over the
    `served` largest, 0 elsewhere: experts have no capacity limit, and inference is deterministic. The last layer of
    every expert starts at zero. Without `router` all experts have weight 1: a dense adapter.
    """

    def __init__(self, *, features: int, experts: int, served: int, width: int, router: bool = True) -> None:
        super().__init__()
        self.experts, self.served = experts, served
        self.norm = nn.LayerNorm(features)
        self.down = nn.Linear(features, experts * width)
        self.up = nn.Linear(experts * width, features, bias=False)
        nn.init.zeros_(self.up.weight)
        self.router = nn.Linear(features, experts, bias=False) if router else None
        self.noise = nn.Linear(features, experts, bias=False) if router else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return [B,N,D] and the load-balancing loss, a scalar: E sum_e f_e p_e, 1 if all experts are used equally."""
        u = self.norm(x)
        hidden = F.gelu(self.down(u)).unflatten(-1, (self.experts, -1))
        balance = None
        if self.router is not None and self.noise is not None:
            scores = self.router(u)
            if self.training:
                scores = scores + torch.randn_like(scores) * F.softplus(self.noise(u))
            gates = self._gates(scores)
            hidden = hidden * gates[..., None]
            share = (gates > 0).to(scores.dtype).mean(dim=(0, 1)) / self.served
            balance = self.experts * (share * torch.softmax(scores, dim=-1).mean(dim=(0, 1))).sum()
        return x + self.up(hidden.flatten(-2)), balance

    def use(self, x: Tensor) -> Tensor:
        """Return the weights of the experts for x [B,N,D], [B,N,E]."""
        assert self.router is not None
        return self._gates(self.router(self.norm(x)))

    def _gates(self, scores: Tensor) -> Tensor:
        least = scores.topk(self.served, dim=-1).values[..., -1:]
        return torch.softmax(scores.masked_fill(scores < least, float("-inf")), dim=-1)


class S4D(MICACL):
    """Encoder -> MoAE -> GEIIM -> WIAN -> the head for clips, or for stills: bags of one repeated picture."""

    config: S4DConfig

    def __init__(self, config: S4DConfig) -> None:
        super().__init__(config)
        self.still_head = (
            nn.Sequential(nn.Dropout(config.dropout), nn.Linear(self.bag_features, config.emotions))
            if config.kinds == 2
            else None
        )
        self.adapter = (
            MoAE(
                features=self.encoder.features,
                experts=config.experts,
                served=config.served,
                width=config.expert_width,
                router=config.adapter == "experts",
            )
            if config.adapter != "none"
            else None
        )

    @property
    def heads(self) -> tuple[nn.Sequential, ...]:
        """The heads for clips and for stills."""
        return (self.head,) if self.still_head is None else (self.head, self.still_head)

    def fold(self, instances: Tensor) -> Folded:
        """Aggregate instance features [B,N,D]; the penalty is the experts' load balance."""
        balance = None
        if self.adapter is not None:
            instances, balance = self.adapter(instances)
        folded = super().fold(instances)
        penalty = BALANCE * balance if self.training and balance is not None else None
        return Folded(folded.bag, folded.importance, penalty)

    def judge(self, bag: Tensor, pieces: Tensor) -> Tensor:
        """Return the logits [B,K] of the head for each bag's kind."""
        logits: Tensor = self.head(bag)
        if self.still_head is None:
            return logits
        return torch.where(stills(pieces)[:, None], self.still_head(bag), logits)


def stills(pieces: Tensor) -> Tensor:
    """Return which bags of pieces [B,n,D] show one repeated picture, [B]; every other piece may be mirrored."""
    change = (pieces[:, 2:] - pieces[:, :-2]).abs().amax(dim=(1, 2))
    return change <= STILL * pieces.abs().amax(dim=(1, 2))
