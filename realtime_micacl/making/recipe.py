"""A recipe says how an engine is made: the shape of its bags, its network, and how each part is trained."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.sidecar import BagSpec, Crop
from realtime_micacl.model.config import SystemConfig

Positive = Annotated[float, Meta(gt=0.0)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Epochs = Annotated[int, Meta(ge=0, le=10_000)]
Batch = Annotated[int, Meta(ge=2, le=65_536)]
IN_BAG = ("instances", "frames", "size_px")
"""What the network has of the table [bag]."""


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every stage is trained by."""

    epochs: Epochs
    batch: Batch
    """Items of a step, over all ranks."""
    learning_rate: Positive
    least_rate: Annotated[float, Meta(ge=0.0)] = 0.0
    """What the cosine falls to."""
    warmup_epochs: Epochs = 2
    """At most a fifth of the run."""
    weight_decay: Share = 0.05
    label_smoothing: Share = 0.05
    clip_norm: Positive = 5.0
    average: Share = 0.999
    """How much of the running average of the weights stays at each step."""
    patience: Epochs = 0
    """Stop after so many epochs without a better one on held-out people, and take the best; 0: run to the end."""


class Stills(Plan, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[stills]`: the frame encoder learns from single pictures first."""

    epochs: Epochs = 24
    batch: Batch = 128
    learning_rate: Positive = 2e-3
    dropout: Share = 0.3
    rendered_share: Share = 0.2
    """Share of rendered pictures in a batch."""
    photo_share: Share = 0.05
    """Share of London photographs in a batch."""
    form: Annotated[float, Meta(ge=0.0, le=100.0)] = 0.0
    """Weight of a second loss: how far the encoder is from telling where brows, lids and lips lie."""


class Teacher(Stills, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[teacher]`: a wider frame encoder learns from the pictures first, and [tuning] from what it says of them."""

    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    share: Share = 0.8
    """Of what [tuning] aims at; the rest are the votes."""


class Bags(Plan, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[bags]`: pooling, GEIIM, WIAN and head learn from bags of the frozen encoder's features."""

    epochs: Epochs = 20
    batch: Batch = 256
    learning_rate: Positive = 1e-3
    mccl: Share = 0.1
    """Weight of the contrastive loss, lambda."""
    views: Annotated[int, Meta(ge=0, le=32)] = 3
    """Augmented versions of every clip whose features are kept; 0: pictures are taken as they are."""
    sampler: Literal["category", "random"] = "category"
    """category: each batch holds every emotion by the square root of its frequency; random: as they come."""
    rendered_share: Share = 0.2
    photo_share: Share = 0.05


class Shapes(Plan, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[shapes]`: the second stream learns how rendered faces change from their own neutral, whoever they are."""

    epochs: Epochs = 20
    batch: Batch = 512
    steps: Annotated[int, Meta(ge=1, le=100_000)] = 100
    """Of an epoch; the own neutrals of all clips are simulated again for each."""
    learning_rate: Positive = 2e-3
    weight_decay: Share = 0.02
    still_share: Share = 0.3
    """Share of FER+ pictures in a batch, against everybody's neutral face."""
    mccl: Share = 0.0
    """Weight of the contrastive loss, lambda."""
    sampler: Literal["category", "random"] = "category"
    imbalance: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    """Below 1: the rendered clips are made long-tailed, the rarest emotion keeping this share of them."""
    prior: Positive = 0.5
    """How many neutral ticks of its own everybody's face counts for in a track's neutral face."""
    half_s: Positive = 24.0
    """After so long a tick counts half."""
    gain: Positive = 1.6
    """An expression counts as whole from 1 / gain of its fullest on."""
    jitter: Positive = 0.006
    """Standard deviation of the noise of landmarks from tick to tick, in distances between the eyes."""
    doubt: Positive = 1.5
    """How many times less sure the calibrated first stream is taken to be beside the second."""
    certainty: Positive = 1.0
    """What the second stream's logits are multiplied by in the end."""


class Clips(Plan, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[clips]`: the whole network learns from prepared clips of one or more data sets; METHOD's recipe by default."""

    epochs: Epochs = 100
    batch: Batch = 128
    learning_rate: Positive = 5e-4
    least_rate: Annotated[float, Meta(ge=0.0)] = 3e-6
    warmup_epochs: Epochs = 10
    label_smoothing: Share = 0.1
    patience: Epochs = 15
    mccl: Annotated[float, Meta(ge=0.0, le=100.0)] = 0.1
    """Weight of the contrastive loss, lambda; 0 leaves it out."""
    queue: Annotated[int, Meta(ge=0, le=65_536)] = 0
    """Earlier bags that the contrastive loss compares with as well."""
    sampler: Literal["category", "random"] = "category"
    """category: each batch holds every emotion by the square root of its frequency; random: as they come."""
    bags: Literal["segments", "live"] = "segments"
    """segments: one frame per equal part of the clip, as the data sets' papers do; live: what the live window cuts."""
    held_out: Annotated[float, Meta(gt=0.0, le=0.5)] = 0.1
    """Share of the training part's people on whom the best epoch is chosen."""
    imbalance: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    """Below 1: the training part is made long-tailed, the rarest emotion keeping this share of its clips."""
    still_share: Share = 0.0
    """Share of a batch that shows one frame of its clip throughout, as what that frame shows: stills among clips."""
    frozen: bool = False
    """Leave the frame encoder as it is; its features are computed once."""
    workers: Annotated[int, Meta(ge=0, le=256)] = 2
    """Processes that read clips."""


class Recipe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole recipe; each stage that it names is run, in the order stills, teacher, tuning, bags, shapes, clips."""

    name: str
    seed: Annotated[int, Meta(ge=0, le=2**31)] = 1
    bag: BagSpec
    crop: Crop
    least_war: Share | None = None
    """In the end as much of the training part's class frequencies is taken out of the logits, in steps of a twentieth,
    as leaves this WAR on the held-out part; without it nothing is."""
    abstain_below: Share | None = None
    """Below this share the leading emotion is not named; without it, what is shown may be wrong in a tenth of the cases
    on the held-out part."""
    model: dict[str, Any] = field(default_factory=dict)
    """`system`, which network it is, and what that one takes but for the bag's shape; see model/zoo.py."""
    photographs: Annotated[int, Meta(ge=0, le=100)] = 0
    """How often each photograph of --photographs stands among the FER+ pictures of the first stream."""
    stills: Stills | None = None
    teacher: Teacher | None = None
    tuning: Stills | None = None
    """`[tuning]`: the frame encoder that is there, of [stills] or --encoder-from, learns on from single pictures."""
    bags: Bags | None = None
    shapes: Shapes | None = None
    clips: Clips | None = None

    def __post_init__(self) -> None:
        if not (self.stills or self.bags or self.clips):
            raise ConfigError(f"the recipe {self.name!r} trains nothing: it needs a table [stills], [bags] or [clips]")
        if twice := next((key for key in IN_BAG if key in self.model), ""):
            raise ConfigError(f"the recipe {self.name!r} has model.{twice}, which the table [bag] says; leave it out")
        if bool(self.shapes) != bool(self.model.get("shape")):
            raise ConfigError(f"the recipe {self.name!r} needs both model.shape and the table [shapes], or neither")
        if self.teacher and not self.tuning:
            raise ConfigError(
                f"the recipe {self.name!r} has a table [teacher] and no [tuning], which would learn from it"
            )
        if self.teacher:
            try:
                SystemConfig(widths=self.teacher.widths, blocks=self.teacher.blocks, size_px=self.bag.size_px)
            except ConfigError as error:
                fault = str(error).removeprefix("model.")
                raise ConfigError(f"the recipe {self.name!r} has a [teacher] that cannot be built: {fault}") from None
        if self.bags and self.bags.views and self.model.get("system") == "s4d":
            raise ConfigError(
                f"the recipe {self.name!r} needs bags.views = 0: a still is one picture throughout for s4d"
            )
        if self.bag.mirrored and self.clips:
            raise ConfigError(f"the recipe {self.name!r} mirrors frames, which the stage [clips] cannot learn from")

    @property
    def network(self) -> dict[str, Any]:
        """The network's whole configuration."""
        return self.model | {key: getattr(self.bag, key) for key in IN_BAG}
