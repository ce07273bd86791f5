"""MICACL, the whole network: encode instances once, then classify any bag of instance features."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from einops import rearrange
from torch import Tensor, nn

from realtime_micacl.errors import ConfigError
from realtime_micacl.model.backbone import R3D18, FrameEncoder
from realtime_micacl.model.geiim import GEIIM, Nodes
from realtime_micacl.model.shape import ShapeStream
from realtime_micacl.model.wian import WIAN, BiLSTMMean, Over
from realtime_micacl.types import EMOTIONS

Encoder = Literal["light", "r3d_18"]
Pooling = Literal["mean", "gdc"]
CHOICES = {
    "encoder": get_args(Encoder),
    "pooling": get_args(Pooling),
    "geiim_nodes": get_args(Nodes),
    "wian_over": get_args(Over),
}

WIDE = dict.fromkeys(("widths", "geiim_width", "wian_hidden"), 4096)
LARGEST = WIDE | dict.fromkeys(("size_px", "shape_components", "shape_width", "shape_hidden"), 512) | {"shape": 1404}
"""Others 64."""
LONGEST = 16  # a configuration may come from a stranger's file


@dataclass(frozen=True, kw_only=True)
class MICACLConfig:
    """What the network is made of; the `[model]` table of a recipe."""

    encoder: Encoder = "light"
    """light (FrameEncoder) or r3d_18 (R3D18, the paper's)."""
    widths: tuple[int, ...] = (32, 64, 128, 256)
    """Channels of the light encoder's stages, multiples of 8; the last is D."""
    blocks: tuple[int, ...] = (1, 1, 1, 1)
    """Residual blocks of the light encoder's stages."""
    pooling: Pooling = "mean"
    """What the light encoder makes of its last maps: mean, or gdc, weights learnt for each channel and place."""
    instances: int = 4
    frames: int = 4
    size_px: int = 64
    geiim: bool = True
    """False: instances reach the aggregation as they are."""
    geiim_nodes: Nodes = "instances"
    geiim_kernels: tuple[int, ...] = (1, 3, 5)
    geiim_hops: int = 1
    geiim_alpha: float = 0.7
    geiim_width: int = 32
    wian: bool = True
    """False: one plain bidirectional LSTM and the mean over instances."""
    wian_over: Over = "instances"
    wian_layers: int = 2
    wian_hidden: int = 0
    """H, per direction, a multiple of 4; 0 means D. Also the size of the plain LSTM."""
    dropout: float = 0.0
    """Share of the bag vector that is dropped before the head, in training."""
    shape: int = 0
    """Coordinates of a face's shape that a second stream reads, 3 P; 0: crops are all that is read."""
    shape_components: int = 64
    """Principal components of their changes that it sees."""
    shape_width: int = 48
    """Size of what it makes of a tick."""
    shape_hidden: int = 32
    """H of its WIAN, a multiple of 4."""
    emotions: int = len(EMOTIONS)

    def __post_init__(self) -> None:
        for name, fault in self._faults():
            raise ConfigError(f"model.{name} {fault}, not {getattr(self, name)!r}")

    def _faults(self) -> Iterable[tuple[str, str]]:
        for field in fields(self):
            value = getattr(self, field.name)
            kind: type[Any] = type(field.default)
            least = 0 if field.name in ("wian_hidden", "shape") else 1
            if type(value) is not kind and not (kind is float and type(value) is int):
                yield field.name, f"must be of type {kind.__name__}"
            elif kind is tuple and any(type(item) is not int or item < 1 for item in value):
                yield field.name, "must hold positive whole numbers"
            elif kind is int and value < least:
                yield field.name, f"must be at least {least}"
            elif kind in (int, tuple) and not _bounded(value, largest := LARGEST.get(field.name, 64)):
                yield field.name, f"must be at most {largest}, and a list at most {LONGEST} long"
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                yield name, f"must be one of {', '.join(choices)}"
        light = self.encoder == "light"
        if len(self.widths) != len(self.blocks) or not self.widths:
            yield "blocks", f"must be as many as widths ({len(self.widths)})"
        if any(width % 8 for width in self.widths):
            yield "widths", "must be multiples of 8"
        if light and self.size_px % 2 ** len(self.widths):
            yield "size_px", f"must be a multiple of {2 ** len(self.widths)}"
        if self.wian and self.instances < 2:
            yield "instances", "must be at least 2 for WIAN"
        if not all(kernel % 2 for kernel in self.geiim_kernels):
            yield "geiim_kernels", "must be odd"
        if not 0 <= self.geiim_alpha <= 1:
            yield "geiim_alpha", "must be from 0 to 1"
        for name in ("wian_hidden", "shape_hidden"):
            if getattr(self, name) % 4:
                yield name, "must be a multiple of 4"
        if self.shape and self.shape < self.shape_components:
            yield "shape_components", f"must be at most as many as the coordinates ({self.shape})"
        if self.shape and (not light or self.instances < 2):
            yield "shape", 'needs the encoder "light" and at least 2 instances'
        if not 0 <= self.dropout < 1:
            yield "dropout", "must be at least 0 and below 1"

    @property
    def places(self) -> int:
        """The side of the light encoder's last maps, where their places are weighed; else 0."""
        return self.size_px >> len(self.widths) if self.pooling == "gdc" else 0

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Self:
        """Build from plain values, lists for tuples; raise ConfigError at an unknown key, naming the nearest."""
        names = [field.name for field in fields(cls)]
        for key in table:
            if key not in names:
                nearest = difflib.get_close_matches(key, names, n=1, cutoff=0)[0]
                raise ConfigError(f"unknown key model.{key}; the nearest is model.{nearest}")
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that `from_dict`, TOML and JSON take back."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


def _bounded(value: int | tuple[int, ...], largest: int) -> bool:
    numbers = value if isinstance(value, tuple) else (value,)
    return len(numbers) <= LONGEST and all(number <= largest for number in numbers)


RELEASED = MICACLConfig(
    encoder="r3d_18", size_px=112, geiim_nodes="channels", geiim_kernels=(), wian_over="channels", wian_layers=4
)
"""The form of the authors' released code, for comparison; its channel-wise weights let the signal vanish."""

M3DFEL = MICACLConfig(encoder="r3d_18", size_px=112, geiim=False, wian=False)
"""What MICACL extends: the same encoder, a plain bidirectional LSTM over the instances; trained by cross-entropy."""


class MICACL(nn.Module):
    """Encoder -> GEIIM -> WIAN -> linear head, over bags of N instances of L frames of S px.

    `encode` and `classify` are the two graphs that are exported; `forward` is the one after the other.
    Feature size D is `encoder.features`, that of the bag vector, E, `bag_features`.
    """

    def __init__(self, config: MICACLConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder: FrameEncoder | R3D18 = (
            FrameEncoder(widths=config.widths, blocks=config.blocks, frames=config.frames, places=config.places)
            if config.encoder == "light"
            else R3D18(frames=config.frames)
        )
        features = self.encoder.features
        self.bag_features = 2 * (config.wian_hidden or features)
        self.interact: nn.Module = nn.Identity()
        if config.geiim:
            self.interact = GEIIM(
                features=features,
                instances=config.instances,
                nodes=config.geiim_nodes,
                kernels=config.geiim_kernels,
                hops=config.geiim_hops,
                alpha=config.geiim_alpha,
                width=config.geiim_width,
            )
        self.aggregate: WIAN | BiLSTMMean = (
            WIAN(
                features=features,
                instances=config.instances,
                hidden=self.bag_features // 2,
                over=config.wian_over,
                layers=config.wian_layers,
            )
            if config.wian
            else BiLSTMMean(features=features, hidden=self.bag_features // 2)
        )
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(self.bag_features, config.emotions))
        self.shape = (
            ShapeStream(
                coordinates=config.shape,
                components=config.shape_components,
                width=config.shape_width,
                hidden=config.shape_hidden,
                instances=config.instances,
                frames=config.frames,
                emotions=config.emotions,
                dropout=config.dropout,
            )
            if config.shape
            else None
        )

    def forward(self, bags: Tensor) -> tuple[Tensor, Tensor]:
        """Classify uint8 bags [B,N,L,S,S,3]: logits [B,K] and instance importance [B,N]; by crops alone."""
        n, length, piece = self.config.instances, self.config.frames, self.encoder.piece
        pieces = rearrange(bags, "b n (u p) h w c -> (b n u) p h w c", n=n, p=piece, u=length // piece)
        return self.seen(rearrange(self.encode(pieces), "(b u) d -> b u d", b=len(bags)))

    def encode(self, crops: Tensor) -> Tensor:
        """Encode uint8 pieces [M,P,S,S,3] to [M,D], each by itself."""
        features: Tensor = self.encoder(crops)
        return features

    def instances(self, features: Tensor) -> Tensor:
        """Pool the piece features of bags [B,N*L/P,D] to instance features [B,N,D]."""
        pooled = self.encoder.pool(rearrange(features, "b (n u) d -> (b n) u d", n=self.config.instances))
        return rearrange(pooled, "(b n) d -> b n d", n=self.config.instances)

    def embed(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Fold instance features [B,N,D] into the bag vector b [B,E] and the importance [B,N]."""
        bag, importance = self.aggregate(self.interact(features))
        return bag, importance

    def seen(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Turn the piece features of bags [B,N*L/P,D] into logits [B,K] and importance [B,N]: the first stream."""
        bag, importance = self.embed(self.instances(features))
        return self.head(bag), importance

    def classify(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Turn the pieces of bags [B,N*L/P,D] into logits [B,K] and importance [B,N], mean 1.

        For a network with a second stream the changes of shape stand behind the features, [B,N*L,D+3P+1]. The logits
        of either stream are log shares, and two witnesses who look at different things are believed together: they
        are added.
        """
        if self.shape is None:
            return self.seen(rows)
        features, changes = rows.split([self.encoder.features, self.config.shape + 1], dim=-1)
        (logits, importance), (told, weights) = self.seen(features), self.shape(changes)
        return logits + told, (importance + weights) / 2
