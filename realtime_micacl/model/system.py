"""The base class of all networks: pieces are encoded once, and any bag of their features can be classified."""

from __future__ import annotations

from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor, nn

from realtime_micacl.model.backbone import R3D18, FrameEncoder, MapEncoder, PerFrame
from realtime_micacl.model.config import SystemConfig
from realtime_micacl.model.shape import ShapeStream, spread

KNOWN = 1.07  # a face with this trust or more is known: after about a second of neutral ticks
USUAL = 1.3  # spread of a change's components; nine in ten readings of unseen rendered people are below
UNHEARD_OF = 2 * USUAL


class Folded(NamedTuple):
    """The result of `System.fold`."""

    bag: Tensor
    """The bag vector b [B,E]."""
    importance: Tensor
    """Importance of each instance, [B,N], mean 1."""
    penalty: Tensor | None = None
    """A scalar that is added to the loss in training."""


class System(nn.Module):
    """Turns bags of N instances of L frames of S px into logits; `encode` and `classify` are exported as two graphs.

    A subclass sets `head` and implements `fold`. D is `encoder.features`, the size of a piece's features; E is
    `bag_features`, the size of the bag vector.
    """

    encoder: PerFrame | R3D18
    head: nn.Sequential
    bag_features: int
    shape: ShapeStream | None

    def __init__(self, config: SystemConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = self._encoder()
        self.shape = None

    def _encoder(self) -> PerFrame | R3D18:
        c = self.config
        if c.encoder == "light":
            return FrameEncoder(widths=c.widths, blocks=c.blocks, frames=c.frames, places=c.places)
        return R3D18(frames=c.frames)

    def fold(self, instances: Tensor) -> Folded:
        """Aggregate the instance features from `instances` into a bag vector."""
        raise NotImplementedError  # every subclass has its own

    def judge(self, bag: Tensor, pieces: Tensor) -> Tensor:
        """Turn bag vectors [B,E] into logits [B,K]; the pieces [B,N*L/P,D] are for subclasses."""
        logits: Tensor = self.head(bag)
        return logits

    def learn(self) -> None:
        """Set `requires_grad` for all parameters that are trained."""
        self.requires_grad_(True)

    def beside(self, logits: Tensor, targets: Tensor) -> Tensor | None:
        """Return a further loss of logits [B,K] and targets [B,K], a scalar; None if this network has none."""
        return None

    @property
    def heads(self) -> tuple[nn.Sequential, ...]:
        """Each head that gives logits; its last layer is linear."""
        return (self.head,)

    def forward(self, bags: Tensor) -> tuple[Tensor, Tensor]:
        """Classify uint8 bags [B,N,L,S,S,3] by the first stream: logits [B,K] and instance importance [B,N]."""
        n, length, piece = self.config.instances, self.config.frames, self.encoder.piece
        pieces = rearrange(bags, "b n (u p) h w c -> (b n u) p h w c", n=n, p=piece, u=length // piece)
        return self.seen(rearrange(self.encode(pieces), "(b u) d -> b u d", b=len(bags)))

    def encode(self, crops: Tensor) -> Tensor:
        """Encode uint8 pieces [M,P,S,S,3] to [M,D]; no piece depends on another."""
        features: Tensor = self.encoder(crops)
        return features

    def instances(self, features: Tensor) -> Tensor:
        """Pool the piece features of bags [B,N*L/P,D] to instance features [B,N,D]."""
        assert isinstance(self.encoder, FrameEncoder | R3D18)
        assert not isinstance(self.encoder, MapEncoder)
        pooled = self.encoder.pool(rearrange(features, "b (n u) d -> (b n) u d", n=self.config.instances))
        return rearrange(pooled, "(b n) d -> b n d", n=self.config.instances)

    def embed(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the bag vector b [B,E] and the importance [B,N] of instance features [B,N,D]."""
        folded = self.fold(features)
        return folded.bag, folded.importance

    def seen(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Turn the piece features of bags [B,N*L/P,D] into logits [B,K] and importance [B,N]: the first stream."""
        folded = self.fold(self.instances(features))
        return self.judge(folded.bag, features), folded.importance

    def classify(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Turn the pieces of bags [B,N*L/P,D] into logits [B,K] and importance [B,N], mean 1.

        For a network with a second stream the changes of shape are appended to the features, [B,N*L,D+3P+1]. The
        logits of both streams are added, multiplied by their `weights`: up to a constant they are log probabilities,
        and the streams see different things, so their evidence adds up.
        """
        if self.shape is None:
            return self.seen(rows)
        features, changes = rows.split([self.encoder.features, self.config.shape + 1], dim=-1)
        components = self.shape.components(changes)
        (logits, importance), (shape_logits, others) = self.seen(features), self.shape.read(components)
        of_crops, of_shape = self.weights(changes[:, -1, -1:], spread(components))
        return of_crops * logits + of_shape * shape_logits, (importance + others) / 2

    def weights(self, trust: Tensor, spread_of: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights of the logits of crops and of shapes, [B,1] each.

        `trust` [B,1] says how well the face is known: a change from the average neutral face tells more about who
        somebody is than about the expression. `spread_of` [B,1] is the spread of the change's components: the weights
        for strangers are also used for changes far larger than in training, as of somebody who laughs and speaks.
        """
        known = 1 - torch.relu(1 - trust / KNOWN)
        usual = 1 - torch.relu(1 - torch.relu(UNHEARD_OF - spread_of) / (UNHEARD_OF - USUAL))
        crops, shape = self.config.stranger_crops, self.config.stranger_shape
        believed = known * usual
        return crops + (1 - crops) * believed, shape + (1 - shape) * believed
