"""M3DFEL (CVPR 2023), which MICACL extends: a plain bidirectional LSTM over the instances and their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from realtime_micacl.model.config import SystemConfig
from realtime_micacl.model.system import Folded, System
from realtime_micacl.model.wian import BiLSTMMean


@dataclass(frozen=True, kw_only=True)
class M3DFELConfig(SystemConfig):
    """The configuration of M3DFEL."""

    choices: ClassVar[dict[str, tuple[str, ...]]] = SystemConfig.choices | {"system": ("m3dfel",)}
    largest: ClassVar[dict[str, int]] = SystemConfig.largest | {"lstm_hidden": 4096}
    zero: ClassVar[frozenset[str]] = SystemConfig.zero | {"lstm_hidden"}

    system: str = "m3dfel"
    lstm_hidden: int = 0
    """H, per direction; 0 means D."""


class M3DFEL(System):
    """Encoder -> bidirectional LSTM -> mean -> linear head."""

    def __init__(self, config: M3DFELConfig) -> None:
        super().__init__(config)
        self.bag_features = 2 * (config.lstm_hidden or self.encoder.features)
        self.aggregate = BiLSTMMean(features=self.encoder.features, hidden=self.bag_features // 2)
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(self.bag_features, config.emotions))

    def fold(self, instances: Tensor) -> Folded:
        """Aggregate instance features [B,N,D]."""
        return Folded(*self.aggregate(instances))
