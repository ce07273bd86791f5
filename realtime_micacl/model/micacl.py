"""MICACL (arXiv 2509.04344): encoder, GEIIM, WIAN and a linear head, with an optional second stream of shapes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, get_args

from torch import Tensor, nn

from realtime_micacl.model.config import ShapedConfig
from realtime_micacl.model.geiim import GEIIM, Nodes
from realtime_micacl.model.shape import shape_stream
from realtime_micacl.model.system import Folded, System
from realtime_micacl.model.wian import WIAN, BiLSTMMean, Over


@dataclass(frozen=True, kw_only=True)
class MICACLConfig(ShapedConfig):
    """The configuration of MICACL."""

    choices: ClassVar[dict[str, tuple[str, ...]]] = ShapedConfig.choices | {
        "system": ("micacl",),
        "geiim_nodes": get_args(Nodes),
        "wian_over": get_args(Over),
    }
    largest: ClassVar[dict[str, int]] = ShapedConfig.largest | dict.fromkeys(("geiim_width", "wian_hidden"), 4096)
    zero: ClassVar[frozenset[str]] = ShapedConfig.zero | {"wian_hidden"}

    system: str = "micacl"
    geiim: bool = True
    """False: instances go to the aggregation unchanged."""
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
    """H, per direction, a multiple of 4; 0 means D. Without WIAN it is that of the plain LSTM."""

    def _faults(self) -> Iterable[tuple[str, str]]:
        yield from super()._faults()
        if self.wian and self.instances < 2:
            yield "instances", "must be at least 2 for WIAN"
        if not all(kernel % 2 for kernel in self.geiim_kernels):
            yield "geiim_kernels", "must be odd"
        if not 0 <= self.geiim_alpha <= 1:
            yield "geiim_alpha", "must be from 0 to 1"
        if self.wian_hidden % 4:
            yield "wian_hidden", "must be a multiple of 4"


RELEASED = MICACLConfig(
    encoder="r3d_18", size_px=112, geiim_nodes="channels", geiim_kernels=(), wian_over="channels", wian_layers=4
)
"""The form of the authors' released code, for comparison; with its channel-wise weights the signal vanishes."""


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
        self.shape = shape_stream(config)

    def fold(self, instances: Tensor) -> Folded:
        """Aggregate instance features [B,N,D]."""
        return Folded(*self.aggregate(self.interact(instances)))
