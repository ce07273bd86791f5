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
"""Keys of the table [bag] that the network takes as well."""


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that every stage has."""

    epochs: Epochs
    batch: Batch
    """Items per step, of all GPUs together."""
    learning_rate: Positive
    least_rate: Annotated[float, Meta(ge=0.0)] = 0.0
    """The learning rate at the end of the cosine schedule."""
    warmup_epochs: Epochs = 2
    """The learning rate rises linearly over these epochs; at most a fifth of the run."""
    weight_decay: Share = 0.05
    label_smoothing: Share = 0.05
    clip_norm: Positive = 5.0
    average: Share = 0.999
    """Decay per step of the exponential moving average of the weights."""
    patience: Epochs = 0
    """Early stopping: epochs to wait for a better one on held-out people; then the best is taken. 0: run to the end."""


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
    """Weight of a second loss, for predicting from the features where brows, lids and lips lie."""


class Teacher(Stills, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[teacher]`: a wider frame encoder is trained first, and [tuning] learns from its predictions (distillation)."""

    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    share: Share = 0.8
    """Share of the teacher's predictions in the targets of [tuning]; the rest is the taggers' votes."""


class Bags(Plan, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[bags]`: pooling, GEIIM, WIAN and head learn from bags of the frozen encoder's features."""

    epochs: Epochs = 20
    batch: Batch = 256
    learning_rate: Positive = 1e-3
    mccl: Share = 0.1
    """Weight of the contrastive loss, lambda."""
    views: Annotated[int, Meta(ge=0, le=32)] = 3
    """Augmented versions of every clip that are encoded and kept; 0: pictures are taken as they are."""
    sampler: Literal["category", "random"] = "category"
    """category: each batch holds every emotion by the square root of its frequency; random: as they come."""
    rendered_share: Share = 0.2
    photo_share: Share = 0.05


class Shapes(Plan, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[shapes]`: the second stream learns how rendered faces change from their own neutral, whoever they are."""

    epochs: Epochs = 20
    batch: Batch = 512
    steps: Annotated[int, Meta(ge=1, le=100_000)] = 100
    """Steps per epoch; before each epoch the own neutrals of all clips are simulated anew."""
    learning_rate: Positive = 2e-3
    weight_decay: Share = 0.02
    still_share: Share = 0.3
    """Share of FER+ pictures in a batch; they are compared with the average neutral face."""
    mccl: Share = 0.0
    """Weight of the contrastive loss, lambda."""
    sampler: Literal["category", "random"] = "category"
    imbalance: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    """Below 1: the rendered clips are made long-tailed, the rarest emotion keeping this share of them."""
    prior: Positive = 0.5
    """Weight of the average neutral face in a track's own neutral one, in ticks that looked neutral."""
    half_s: Positive = 24.0
    """Half-life of a tick in the own neutral face, s."""
    gain: Positive = 1.6
    """An expression counts as complete from 1 / gain of its full strength on."""
    jitter: Positive = 0.006
    """Standard deviation of the noise of landmarks from tick to tick, in distances between the eyes."""
    doubt: Positive = 1.5
    """Divides the calibrated logits of the first stream where the two streams are added."""
    certainty: Positive = 1.0
    """Factor of the second stream's logits in the finished network."""


class Clips(Plan, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[clips]`: the whole network learns from prepared clips of one or more data sets."""

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
    """Logit adjustment after training: as much of the log class frequencies of the training part is subtracted from the
    logits, in steps of a twentieth, as keeps this WAR on the held-out part. None: nothing is subtracted."""
    abstain_below: Share | None = None
    """The word is "unsure" below this probability. None: the threshold is chosen so that at most a tenth of the words
    shown on the held-out part are wrong."""
    model: dict[str, Any] = field(default_factory=dict)
    """`system` names the network, the other keys are its options, without the bag's shape; see model/zoo.py."""
    photographs: Annotated[int, Meta(ge=0, le=100)] = 0
    """How often each photograph of --photographs stands among the FER+ pictures of the first stream."""
    stills: Stills | None = None
    teacher: Teacher | None = None
    tuning: Stills | None = None
    """`[tuning]`: the frame encoder of [stills] or --encoder-from is trained further on single pictures."""
    bags: Bags | None = None
    shapes: Shapes | None = None
    clips: Clips | None = None

    def __post_init__(self) -> None:
        if not (self.stills or self.bags or self.clips):
            raise ConfigError(f"the recipe {self.name!r} trains nothing: it needs a table [stills], [bags] or [clips]")
        if twice := next((key for key in IN_BAG if key in self.model), ""):
            raise ConfigError(f"the recipe {self.name!r} has model.{twice}, which [bag] sets already; leave it out")
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
