"""IFDD on the maps of a frame encoder: the expression is separated from the static appearance of the face.

ISSM samples two interleaved halves of a window, LADM predicts one from the other; the classifier reads the residual.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from realtime_micacl.model.backbone import MapEncoder
from realtime_micacl.model.config import SystemConfig
from realtime_micacl.model.system import Folded, System
from realtime_micacl.model.wian import Attention

SQUEEZED = 7  # channels for the similarity of ticks
REACH = 2.0  # how many ticks a sample may be moved
DROPPED_DEPTH = 0.2  # rate of stochastic depth
LIFTING = 0.1  # weight of the lifting loss


@dataclass(frozen=True, kw_only=True)
class IFDDConfig(SystemConfig):
    """The configuration of IFDD."""

    choices: ClassVar[dict[str, tuple[str, ...]]] = SystemConfig.choices | {"system": ("ifdd",)}
    largest: ClassVar[dict[str, int]] = SystemConfig.largest | {"ifdd_width": 1024}

    system: str = "ifdd"
    ifdd_width: int = 128
    """C, the channels after the 1x1 convolution; a multiple of ifdd_heads."""
    ifdd_heads: int = 8
    refine_residual: bool = True
    """False: the last layers replace what they refine, as in the released code."""

    def _faults(self) -> Iterable[tuple[str, str]]:
        yield from super()._faults()
        if self.encoder != "light":
            yield "encoder", 'must be "light" for IFDD, which reads the maps of single frames'
        if self.instances * self.frames % 2:
            yield "instances", f"times frames ({self.frames}) must be even for IFDD"
        if self.ifdd_width % self.ifdd_heads:
            yield "ifdd_width", f"must be a multiple of ifdd_heads ({self.ifdd_heads})"


class ISSM(nn.Module):
    """Choose the sampling times of the two halves of a window by the similarity of its ticks.

    u_t = vec GELU(Conv1x1_{C->7}(x_t)); S = U U^T / C; offsets o_a = 2 tanh(W_a vec softmax_row(S)) from the even
    ticks, o_d = 2 tanh(W_d vec softmax_row(-S)) from the odd ones. A position p reads sum_j relu(1 - |p - j|) x_j,
    linear interpolation with the first and last tick beyond the ends.
    """

    even: Tensor
    odd: Tensor
    ticks: Tensor

    def __init__(self, *, channels: int, ticks: int) -> None:
        super().__init__()
        self.channels, self.last = channels, ticks - 1
        self.squeeze = nn.Sequential(nn.Conv2d(channels, SQUEEZED, 1), nn.GELU())
        self.alike = nn.Linear(ticks**2, ticks // 2, bias=False)
        self.unlike = nn.Linear(ticks**2, ticks // 2, bias=False)
        for layer in (self.alike, self.unlike):
            nn.init.trunc_normal_(layer.weight, std=0.03)
        place = torch.arange(ticks).float()
        self.register_buffer("even", place[0::2], persistent=False)
        self.register_buffer("odd", place[1::2], persistent=False)
        self.register_buffer("ticks", place, persistent=False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the interpolation weights of both halves, [B,T/2,T] each, for maps x [B,T,C,H,W]."""
        u = self.squeeze(rearrange(x, "b t c h w -> (b t) c h w"))
        u = rearrange(u, "(b t) c h w -> b t (c h w)", t=self.last + 1)
        likeness = u @ u.transpose(1, 2) / self.channels
        near = self.alike(torch.softmax(likeness, dim=-1).flatten(1))
        far = self.unlike(torch.softmax(-likeness, dim=-1).flatten(1))
        return self._weights(self.even + REACH * near.tanh()), self._weights(self.odd + REACH * far.tanh())

    def _weights(self, position: Tensor) -> Tensor:
        position = position.clamp(0, self.last)
        return torch.relu(1 - (position[..., None] - self.ticks).abs())


class Crossing(nn.Module):
    """Lin(A v + v) with A = softmax(q k^T / sqrt(C / heads)) of tokens [B,n,C] that attend to other tokens [B,n,C]."""

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.query, self.key, self.value, self.lead = (nn.Linear(width, width) for _ in range(4))

    def forward(self, own: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        """Return [B,n,C] and the attention [B,heads,n,n]."""
        q, k, v = (
            rearrange(layer(x), "b n (m d) -> b m n d", m=self.heads)
            for layer, x in ((self.query, own), (self.key, other), (self.value, other))
        )
        attention = torch.softmax(self.scale * (q @ k.transpose(-1, -2)), dim=-1)
        led: Tensor = self.lead(rearrange(attention @ v + v, "b m n d -> b n (m d)"))
        return led, attention


class LADM(nn.Module):
    """Subtract from tokens d [B,n,C] what tokens a [B,n,C] predict of them, and refine the residual.

    a = LN(a), d = LN(d); a' = a + Cross_a(a, d); d' = d - Cross_d(d, a'); e = d' + SD(SelfAttention(LN d'));
    f = e + SD(MLP(LN e)).
    """

    def __init__(self, *, width: int, heads: int, residual: bool) -> None:
        super().__init__()
        self.residual = residual
        self.norm_a, self.norm_d, self.norm_self, self.norm_mlp = (nn.LayerNorm(width) for _ in range(4))
        self.update, self.predict = (Crossing(width=width, heads=heads) for _ in range(2))
        self.attend = Attention(size=width, heads=heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, a: Tensor, d: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return f and a' [B,n,C], and the mean attention to each token of a, [B,n]."""
        a, d = self.norm_a(a), self.norm_d(d)
        a = a + self.update(a, d)[0]
        lifted, attention = self.predict(d, a)
        d = d - lifted
        e = d + self._dropped(self.attend(self.norm_self(d)))
        refined = self._dropped(self.mlp(self.norm_mlp(e)))
        return (e + refined if self.residual else refined), a, attention.mean(dim=(1, 2))

    def _dropped(self, x: Tensor) -> Tensor:
        """Apply stochastic depth: in training, drop the branch x for some bags."""
        if not self.training:
            return x
        kept = (torch.rand(len(x), 1, 1, device=x.device) >= DROPPED_DEPTH).to(x.dtype)
        return x * kept / (1 - DROPPED_DEPTH)


class IFDD(System):
    """Frame maps -> 1x1 convolution -> ISSM -> LADM -> weighted sum of the tokens -> linear head."""

    config: IFDDConfig

    def __init__(self, config: IFDDConfig) -> None:
        super().__init__(config)
        width, ticks = config.ifdd_width, config.pieces
        self.bag_features = width
        self.narrow = nn.Conv2d(config.widths[-1], width, 1)
        self.sample = ISSM(channels=width, ticks=ticks)
        self.lift = LADM(width=width, heads=config.ifdd_heads, residual=config.refine_residual)
        self.read = nn.Linear(ticks // 2 * config.side**2, 1, bias=False)
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(width, config.emotions))

    def _encoder(self) -> MapEncoder:
        c = self.config
        return MapEncoder(side=c.side, widths=c.widths, blocks=c.blocks, places=c.places)

    def instances(self, features: Tensor) -> Tensor:
        """Return the maps of all ticks, [B,T,C,H,W], from pieces [B,T,D]; they are not pooled to instances."""
        side = self.config.side
        maps: Tensor = self.narrow(rearrange(features, "b t (c h w) -> (b t) c h w", h=side, w=side))
        return rearrange(maps, "(b t) c h w -> b t c h w", t=self.config.pieces)

    def fold(self, instances: Tensor) -> Folded:
        """Aggregate maps [B,T,C,H,W]; the penalty is the lifting loss."""
        t, c = self.config.pieces, self.config.ifdd_width
        near, far = self.sample(instances)
        ticks = rearrange(instances, "b t c h w -> b t (h w c)")
        a, d = (rearrange(weights @ ticks, "b t (s c) -> b (t s) c", c=c) for weights in (near, far))
        read, shared, looked = self.lift(a, d)
        bag = self.read(read.transpose(1, 2))[..., 0]
        pooled = rearrange(ticks, "b (t two) (s c) -> b t two s c", two=2, c=c).mean(dim=2)
        off = (pooled - rearrange(shared, "b (t s) c -> b t s c", t=t // 2)).mean(dim=(1, 3))
        penalty = LIFTING * F.smooth_l1_loss(off, torch.zeros_like(off)) if self.training else None
        return Folded(bag, self._importance(near, far, looked), penalty)

    def _importance(self, near: Tensor, far: Tensor, looked: Tensor) -> Tensor:
        """Return the importance of instances, [B,N]: their share in tokens a, by attention, and in tokens d."""
        at = looked.unflatten(1, (self.config.pieces // 2, -1)).sum(dim=2)  # [B,T/2], sums to 1
        given = torch.einsum("bst,bs->bt", near, at) + far.mean(dim=1)
        attention: Tensor = given.unflatten(1, (self.config.instances, -1)).sum(dim=2)
        return attention / attention.mean(dim=1, keepdim=True)
