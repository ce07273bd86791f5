"""The second stream: how a face's shape has changed from its own neutral, tick by tick, read by GEIIM and WIAN."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

from realtime_micacl.model.config import ShapedConfig
from realtime_micacl.model.geiim import GEIIM
from realtime_micacl.model.wian import WIAN


class ShapeStream(nn.Module):
    """Changes of shape [B,N*L,C+1] to logits [B,K] and importance [B,N].

    The last number of a tick says how well the face is known. `basis` takes the C coordinates to their `components`
    principal components, scaled to a spread of 1; it is set before training and stays.
    """

    basis: Tensor

    def __init__(
        self,
        *,
        coordinates: int,
        components: int,
        width: int,
        hidden: int,
        instances: int,
        frames: int,
        emotions: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.instances, self.frames, self.bag_features = instances, frames, 2 * hidden
        self.register_buffer("basis", torch.zeros(coordinates, components))
        self.tick = nn.Sequential(
            nn.Dropout(dropout / 3),
            nn.Linear(components + 1, 2 * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )
        self.interact = GEIIM(features=width, instances=instances)
        self.aggregate = WIAN(features=width, instances=instances, hidden=hidden)
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.bag_features, emotions))

    def forward(self, changes: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and importance."""
        return self.read(self.components(changes))

    def components(self, changes: Tensor) -> Tensor:
        """Return the components of changes, and how well the face is known, [B,N*L,components+1]."""
        return torch.cat([changes[..., :-1] @ self.basis, changes[..., -1:]], dim=-1)

    def read(self, components: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and importance of changes that are given by their components already, [B,N*L,components+1]."""
        bag, importance = self.fold(components)
        return self.head(bag), importance

    def fold(self, components: Tensor) -> tuple[Tensor, Tensor]:
        """Fold changes by their components into the bag vector [B,2H] and the importance [B,N]."""
        x = rearrange(self.tick(components), "b (n l) d -> b n l d", n=self.instances, l=self.frames).mean(dim=2)
        bag, importance = self.aggregate(self.interact(x))
        return bag, importance


def spread(components: Tensor) -> Tensor:
    """Return how far windows of components [B,N*L,C+1] are from the neutral face, [B,1]; 1 is common in training."""
    return components[..., :-1].mean(dim=1).square().mean(dim=-1, keepdim=True).sqrt()


def shape_stream(config: ShapedConfig) -> ShapeStream | None:
    """Return the second stream that a configuration asks for, None where it asks for none."""
    if not config.shape:
        return None
    return ShapeStream(
        coordinates=config.shape,
        components=config.shape_components,
        width=config.shape_width,
        hidden=config.shape_hidden,
        instances=config.instances,
        frames=config.frames,
        emotions=config.emotions,
        dropout=config.dropout,
    )
