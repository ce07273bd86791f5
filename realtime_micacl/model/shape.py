"""The second stream: GEIIM and WIAN over the changes of a face's shape from its own neutral one."""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

from realtime_micacl.model.config import ShapedConfig
from realtime_micacl.model.geiim import GEIIM
from realtime_micacl.model.wian import WIAN


class ShapeStream(nn.Module):
    """Turns changes of shape [B,N*L,C+1] into logits [B,K] and importance [B,N].

    The last number of a tick is trust, how well the face is known. `basis` projects the C coordinates to `components`
    principal components with a standard deviation of 1; it is set before training and not trained.
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
        """Return the principal components of changes [B,N*L,C+1], and trust, [B,N*L,components+1]."""
        return torch.cat([changes[..., :-1] @ self.basis, changes[..., -1:]], dim=-1)

    def read(self, components: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits [B,K] and importance [B,N] for components [B,N*L,components+1]."""
        bag, importance = self.fold(components)
        return self.head(bag), importance

    def fold(self, components: Tensor) -> tuple[Tensor, Tensor]:
        """Return the bag vector [B,2H] and the importance [B,N] for components [B,N*L,components+1]."""
        x = rearrange(self.tick(components), "b (n l) d -> b n l d", n=self.instances, l=self.frames).mean(dim=2)
        bag, importance = self.aggregate(self.interact(x))
        return bag, importance


def spread(components: Tensor) -> Tensor:
    """Return the distance of windows of components [B,N*L,C+1] from the neutral face, [B,1]; about 1 in training."""
    return components[..., :-1].mean(dim=1).square().mean(dim=-1, keepdim=True).sqrt()


def shape_stream(config: ShapedConfig) -> ShapeStream | None:
    """Return the second stream of a configuration, None if it has none."""
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
