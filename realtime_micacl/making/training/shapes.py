"""The stage [shapes]: the second stream learns from rendered faces whose own neutral is estimated as it is live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from realtime_micacl.inference.sidecar import BagSpec, Shape
from realtime_micacl.live.seeing.pose import BONE, FRAME
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.data.landmarks import still_changes
from realtime_micacl.making.data.sampler import long_tail, sampler
from realtime_micacl.making.figures import Recalls
from realtime_micacl.making.recipe import Recipe, Shapes
from realtime_micacl.making.training.face import POINTS
from realtime_micacl.making.training.loop import Batch, Run, Stage, begin, fit
from realtime_micacl.making.training.objectives import smoothed
from realtime_micacl.making.training.ranks import gathered
from realtime_micacl.making.training.saved import Row
from realtime_micacl.making.training.stages import training_clips, war_and_uar
from realtime_micacl.making.training.tracks import Tracks, basis_of, rest_of, simulate, tracks_of, windows_of
from realtime_micacl.model.mccl import MCCL
from realtime_micacl.model.shape import ShapeStream
from realtime_micacl.types import EMOTIONS, F32

NOISE = 0.1  # added to the components of a whole window


class ShapeObjective(nn.Module):
    """Cross-entropy of the second stream alone, plus `weight` times MCCL."""

    def __init__(
        self, stream: ShapeStream, label_smoothing: float, mccl: MCCL | None = None, weight: float = 0
    ) -> None:
        super().__init__()
        self.stream, self.label_smoothing, self.mccl, self.weight = stream, label_smoothing, mccl, weight

    def forward(self, components: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of components [B,N*L,C+1] and targets [B,K]."""
        noise = NOISE * torch.randn_like(components[:, :1])
        noise[..., -1] = 0
        bag, _ = self.stream.fold(components + noise)
        logits = self.stream.head(bag)
        loss = F.cross_entropy(logits, smoothed(targets, self.label_smoothing))
        if self.mccl is None:
            return loss
        contrast: Tensor = self.mccl(gathered(bag), gathered(logits.detach()), gathered(targets.argmax(dim=1)))
        return loss + self.weight * contrast


def face_shape(clips: Sequence[Clip], plan: Shapes) -> Shape:
    """Return what shapes are compared with: the average neutral face is the mean of the clips' people at rest."""
    blank = Shape(
        bone=BONE, frame=FRAME, points=POINTS, mean=(0.0,) * 3 * len(POINTS), prior=plan.prior, half_s=plan.half_s
    )
    reader = ShapeReader(blank)
    rests = [rest_of(reader.read(clip.landmarks), clip.targets) for clip in clips if clip.landmarks is not None]
    mean = np.mean([rest for rest in rests if rest is not None], axis=0)
    return Shape(
        bone=BONE,
        frame=FRAME,
        points=POINTS,
        mean=tuple(round(float(x), 5) for x in mean),
        prior=plan.prior,
        half_s=plan.half_s,
    )


@dataclass(frozen=True, eq=False)
class _Data:
    """What the second stream is trained and validated on."""

    train: Tracks
    validation: Tracks
    faces: F32
    """Pictures that have landmarks, each of a stranger, as components, [n,C]."""
    votes: F32
    """The targets of those pictures, [n,K]."""
    noise: F32
    """Standard deviation of the components from tick to tick, [C]."""


def train_shapes(
    stream: ShapeStream, shape: Shape, recipe: Recipe, clips: Sequence[Clip], stills: Stills, run: Run
) -> list[Row]:
    """Train the second stream on rendered clips and, compared with the average neutral face, on pictures."""
    plan, spec = recipe.shapes, recipe.bag
    assert plan is not None
    begin(run, "shapes")
    stream.requires_grad_(True)
    data = _data(stream, ShapeReader(shape), clips, stills, plan, run.seed)
    counts = np.bincount(data.train.labels, minlength=len(EMOTIONS)).tolist()
    mccl = MCCL(feature_size=stream.bag_features, class_counts=counts) if plan.mccl else None
    objective = ShapeObjective(stream, plan.label_smoothing, mccl, plan.mccl)
    batches = partial(_batches, data, plan, spec, run)
    validate = partial(_validate, stream, data, plan, spec, run)
    return fit(Stage("shapes", objective, batches, validate, plan, plan.steps), run)


def _data(
    stream: ShapeStream, reader: ShapeReader, clips: Sequence[Clip], stills: Stills, plan: Shapes, seed: int
) -> _Data:
    """Set the stream's basis to the principal components of the clips; return clips and pictures as such components."""
    stream.basis.copy_(torch.from_numpy(basis_of(reader, clips, stream.basis.shape[1])))
    basis = stream.basis.cpu().numpy()
    train = tracks_of(reader, basis, training_clips(clips), plan)
    chosen = long_tail(train.labels, [f"{n:06}" for n in range(len(train.labels))], plan.imbalance, seed)
    assert stills.landmarks is not None
    known = np.isfinite(stills.landmarks[:, 0, 0])
    return _Data(
        Tracks(*(getattr(train, one.name)[chosen] for one in fields(train))),
        tracks_of(reader, basis, [clip for clip in clips if clip.held_out], plan),
        (reader.read(stills.landmarks[known]) - reader.mean) @ basis,
        stills.targets[known],
        plan.jitter * np.sqrt(np.square(basis).sum(axis=0)),
    )


def _batches(data: _Data, plan: Shapes, spec: BagSpec, run: Run, steps: range) -> Iterator[Batch]:
    """Yield windows of clips and, if the plan asks for them, of pictures repeated for a window."""
    train, noise, part = data.train, data.noise, run.ranks.part(plan.batch)
    n_stills = round(plan.batch * plan.still_share)
    drawn_clips = sampler(plan, train.labels, plan.batch - n_stills, run.seed)
    drawn_stills = sampler(plan, data.votes.argmax(axis=1), n_stills, run.seed + 1) if n_stills else None
    simulated = simulate(train, plan, spec.tick_s, noise, np.random.default_rng([run.seed, steps.start, 4]))
    for step in steps:
        rng = np.random.default_rng([run.seed, step, 5])
        items = drawn_clips.batch(step)
        ends = (rng.random(len(items)) * train.lengths[items]).astype(np.int64)
        windows, targets = windows_of(train, simulated, items, ends, spec.ticks)
        if drawn_stills:
            chosen = drawn_stills.batch(step)
            shaken = data.faces[chosen, None] + noise * rng.normal(size=(len(chosen), spec.ticks, len(noise)))
            strangers = np.concatenate([shaken, np.zeros((*shaken.shape[:2], 1))], axis=-1)
            windows = np.concatenate([windows, strangers])
            targets = np.concatenate([targets, data.votes[chosen]])
        yield torch.from_numpy(windows[part].astype(np.float32)), torch.from_numpy(targets[part].astype(np.float32))


def _validate(stream: ShapeStream, data: _Data, plan: Shapes, spec: BagSpec, run: Run) -> Recalls:
    """Return WAR and UAR of clear moments of people held out."""
    validation, rng = data.validation, np.random.default_rng(run.seed)
    simulated = simulate(validation, plan, spec.tick_s, data.noise, rng)
    items = np.repeat(np.arange(len(validation.lengths)), 8)
    ends = (rng.random(len(items)) * validation.lengths[items]).astype(np.int64)
    windows, targets = windows_of(validation, simulated, items, ends, spec.ticks)
    clear = targets.max(axis=1) > 0.6
    logits, _ = stream.read(torch.from_numpy(windows[clear].astype(np.float32)).to(run.ranks.device))
    return war_and_uar(logits.cpu().numpy(), targets[clear].argmax(axis=1))


@torch.inference_mode()
def shape_logits(stream: ShapeStream, shape: Shape, stills: Stills, spec: BagSpec) -> F32:
    """Return the second stream's logits [n,K] of pictures, each repeated for a window, as those of strangers.

    A picture without landmarks has zeros.
    """
    assert stills.landmarks is not None
    known = np.isfinite(stills.landmarks[:, 0, 0])
    logits = np.zeros((len(known), len(EMOTIONS)), np.float32)
    logits[known] = stream(torch.from_numpy(still_changes(stills.landmarks, shape, spec.ticks)[known]))[0].numpy()
    return logits
