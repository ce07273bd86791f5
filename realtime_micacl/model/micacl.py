"""MICACL (arXiv 2509.04344): encoder, GEIIM, WIAN and a linear head, with a second stream of shapes on demand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, get_args

from torch import Tensor, nn

from realtime_micacl.model.config import SystemConfig
from realtime_micacl.model.geiim import GEIIM, Nodes
from realtime_micacl.model.shape import ShapeStream
from realtime_micacl.model.system import Folded, System
from realtime_micacl.model.wian import WIAN, BiLSTMMean, Over


@dataclass(frozen=True, kw_only=True)
class MICACLConfig(SystemConfig):
    """What MICACL is made of."""

    choices: ClassVar[dict[str, tuple[str, ...]]] = SystemConfig.choices | {
        "system": ("micacl",),
        "geiim_nodes": get_args(Nodes),
        "wian_over": get_args(Over),
    }
    largest: ClassVar[dict[str, int]] = (
        SystemConfig.largest
        | dict.fromkeys(("geiim_width", "wian_hidden"), 4096)
        | dict.fromkeys(("shape_components", "shape_width", "shape_hidden"), 512)
    )
    zero: ClassVar[frozenset[str]] = SystemConfig.zero | {"wian_hidden"}
    second_stream: ClassVar[bool] = True

    system: str = "micacl"
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
    shape_components: int = 64
    """Principal components of the changes of shape that the second stream sees."""
    shape_width: int = 48
    """Size of what it makes of a tick."""
    shape_hidden: int = 32
    """H of its WIAN, a multiple of 4."""

    def _faults(self) -> Iterable[tuple[str, str]]:
        yield from super()._faults()
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
        if self.shape and (self.encoder != "light" or self.instances < 2):
            yield "shape", 'needs the encoder "light" and at least 2 instances'


RELEASED = MICACLConfig(
    encoder="r3d_18", size_px=112, geiim_nodes="channels", geiim_kernels=(), wian_over="channels", wian_layers=4
)
"""The form of the authors' released code, for comparison; its channel-wise weights let the signal vanish."""


class MICACL(System):
    """Encoder -> GEIIM -> WIAN -> linear head."""

    config: MICACLConfig

    def __init__(self, config: MICACLConfig) -> None:
        super().__init__(config)
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

    def fold(self, instances: Tensor) -> Folded:
        """Fold instance features [B,N,D]."""
        return Folded(*self.aggregate(self.interact(instances)))
