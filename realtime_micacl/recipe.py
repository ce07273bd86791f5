"""A recipe says how an engine is made: the shape of its bags, its network, and how each part is trained."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from realtime_micacl.inference.sidecar import BagShape, Crop

Positive = Annotated[float, Meta(gt=0.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Epochs = Annotated[int, Meta(ge=0, le=10_000)]
Batch = Annotated[int, Meta(ge=2, le=65_536)]


class Stills(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[stills]`: the frame encoder learns from single pictures first."""

    epochs: Epochs = 24
    batch: Batch = 128
    learning_rate: Positive = 2e-3
    weight_decay: Share = 0.05
    label_smoothing: Share = 0.05
    dropout: Share = 0.3
    rendered_share: Share = 0.2
    """Share of rendered pictures in a batch."""
    photo_share: Share = 0.05
    """Share of London photographs in a batch."""


class Bags(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[bags]`: pooling, GEIIM, WIAN and head learn from bags of the frozen encoder's features."""

    epochs: Epochs = 20
    batch: Batch = 256
    learning_rate: Positive = 1e-3
    weight_decay: Share = 0.05
    label_smoothing: Share = 0.05
    mccl: Share = 0.1
    """Weight of the contrastive loss, lambda."""
    views: Annotated[int, Meta(ge=1, le=32)] = 3
    """Augmented versions of every clip whose features are kept."""
    rendered_share: Share = 0.2
    photo_share: Share = 0.05


class Recipe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole recipe."""

    name: str
    seed: int = 1
    bag: BagShape
    crop: Crop
    model: dict[str, Any] = field(default_factory=dict)
    """What `MICACLConfig` takes, but for the bag's shape."""
    stills: Stills = Stills()
    bags: Bags = Bags()

    @property
    def network(self) -> dict[str, Any]:
        """The network's whole configuration."""
        shape = {"instances": self.bag.instances, "frames": self.bag.frames, "size_px": self.bag.size_px}
        return self.model | shape
