"""FineCLIPER (arXiv 2407.02157): CLIP with adapters, and two sentences for each emotion, one of them negated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from realtime_micacl.model.clip import HEAD, Activation, ClipImage
from realtime_micacl.model.config import Encoder, ShapedConfig
from realtime_micacl.model.shape import shape_stream
from realtime_micacl.model.system import Folded, System

PAIR = 0.5  # weight of the further loss


@dataclass(frozen=True, kw_only=True)
class FineCLIPERConfig(ShapedConfig):
    """The configuration of FineCLIPER; the sizes of the tower must be those of CLIP's weights."""

    choices: ClassVar[dict[str, tuple[str, ...]]] = ShapedConfig.choices | {
        "system": ("fineclip",),
        "encoder": ("clip",),
        "clip_activation": get_args(Activation),
    }
    largest: ClassVar[dict[str, int]] = ShapedConfig.largest | {"clip_width": 4096, "clip_vector": 4096}
    zero: ClassVar[frozenset[str]] = ShapedConfig.zero | {"clip_adapters"}

    system: str = "fineclip"
    encoder: Encoder = "clip"
    size_px: int = 224
    clip_patch: int = 32
    clip_width: int = 768
    clip_layers: int = 12
    clip_vector: int = 512
    """Size of the space that images and texts share, D."""
    clip_activation: Activation = "quick_gelu"
    """quick_gelu for OpenAI's weights, gelu for most of OpenCLIP's; the files do not tell."""
    clip_adapters: int = 6
    """How many of the last blocks have an adapter."""
    positive: str = "A person with an expression of {}"
    negative: str = "A person with an expression of no {}"

    def _faults(self) -> Iterable[tuple[str, str]]:
        yield from super()._faults()
        if self.size_px % self.clip_patch:
            yield "size_px", f"must be a multiple of clip_patch ({self.clip_patch})"
        if self.clip_width % HEAD:
            yield "clip_width", f"must be a multiple of {HEAD}"
        if self.clip_adapters > self.clip_layers:
            yield "clip_adapters", f"must be at most as many as clip_layers ({self.clip_layers})"
        for name in ("positive", "negative"):
            if getattr(self, name).replace("{}", "", 1).count("{") or "{}" not in getattr(self, name):
                yield name, "must hold {} once, where the emotion stands"


class Moments(nn.Module):
    """Self-attention of frames [B,T,D] over a window; at first the identity, with equal attention to all frames."""

    def __init__(self, size: int, ticks: int) -> None:
        super().__init__()
        self.norm, self.time = nn.LayerNorm(size), nn.Parameter(torch.zeros(ticks, size))
        self.query, self.key, self.value = (nn.Linear(size, size) for _ in range(3))
        self.lead = nn.Linear(size, size)
        for layer in (self.query, self.lead):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return [B,T,D], and the attention to each frame, [B,T], which sums to 1."""
        u = self.norm(x) + self.time
        looked = torch.softmax(self.query(u) @ self.key(u).transpose(1, 2) * x.shape[-1] ** -0.5, dim=-1)
        return x + self.lead(looked @ self.value(u)), looked.mean(dim=1)


class FineCLIPER(System):
    """Frames by CLIP -> attention over time -> mean -> similarity to the two sentences of each emotion.

    With f the window's vector and p+, p- those of the sentences, the logit is exp(scale) (f p+ - f p-). `head` is a
    linear layer with these fixed weights.
    """

    config: FineCLIPERConfig
    encoder: ClipImage

    def __init__(self, config: FineCLIPERConfig) -> None:
        super().__init__(config)
        self.bag_features = config.clip_vector
        self.moments = Moments(config.clip_vector, config.pieces)
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(config.clip_vector, config.emotions))
        self.shape = shape_stream(config)

    def _encoder(self) -> ClipImage:
        c = self.config
        return ClipImage(
            size_px=c.size_px,
            patch=c.clip_patch,
            width=c.clip_width,
            layers=c.clip_layers,
            vector=c.clip_vector,
            adapters=c.clip_adapters,
            activation=c.clip_activation,
        )

    @torch.no_grad()
    def say(self, positive: Tensor, negative: Tensor, scale: Tensor) -> None:
        """Set the head's weights to the sentences of each emotion, vectors [K,D] of length 1."""
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        last.weight.copy_(scale.exp() * (positive - negative))
        last.bias.zero_()

    def learn(self) -> None:
        """Train the adapters, the attention over time and the second stream; not the tower, nor the sentences."""
        self.requires_grad_(False)
        self.encoder.adapt_only()
        self.moments.requires_grad_(True)
        if self.shape:
            self.shape.requires_grad_(True)

    def instances(self, features: Tensor) -> Tensor:
        """Return the frames unchanged, [B,T,D]; they are not pooled to instances."""
        return features

    def fold(self, instances: Tensor) -> Folded:
        """Aggregate frames [B,T,D]."""
        frames, looked = self.moments(instances)
        mean = frames.mean(dim=1)
        share = looked.unflatten(1, (self.config.instances, -1)).sum(dim=2)
        length = (mean.square().sum(dim=-1, keepdim=True) + 1e-12).sqrt()
        return Folded(mean / length, share * self.config.instances)

    def beside(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return half of the binary cross-entropy over the two sentences of each emotion."""
        return PAIR * F.binary_cross_entropy_with_logits(logits, targets)
