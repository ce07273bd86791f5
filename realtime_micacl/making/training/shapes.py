"""The stage in which the second stream learns: rendered faces against an own neutral that is found as it is live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from realtime_micacl.inference.sidecar import BagSpec, Shape
from realtime_micacl.live.reading.neutral import Neutral
from realtime_micacl.live.seeing.pose import BONE, FRAME
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.data.marks import still_changes
from realtime_micacl.making.data.sampler import long_tail, sampler
from realtime_micacl.making.figures import Recalls
from realtime_micacl.making.recipe import Recipe, Shapes
from realtime_micacl.making.training.face import POINTS
from realtime_micacl.making.training.loop import Batch, Run, begin, fit
from realtime_micacl.making.training.objectives import smoothed
from realtime_micacl.making.training.ranks import gathered
from realtime_micacl.making.training.saved import Row
from realtime_micacl.making.training.stages import learnt, seen
from realtime_micacl.model.mccl import MCCL
from realtime_micacl.model.shape import ShapeStream
from realtime_micacl.types import EMOTIONS, F32

NEUTRAL = EMOTIONS.index("neutral")
AT_REST = 0.97  # share of neutral from which a rendered frame shows the face as it is at rest
WATCHED = (3, 60)  # ticks for which a track may have been followed before its clip begins
WATCHED_SHARE, SURE_SHARE = 0.7, 0.8
MISREAD = 0.15  # standard deviation of the share of neutral that such tracks read
OFF = 0.008  # of an own neutral that was learnt before, in distances between the eyes
BLUR = 0.1  # of the components of a window


@dataclass(frozen=True, eq=False)
class Tracks:
    """Clips as components of their shapes, side by side; T is that of the longest, zeros follow the others."""

    components: F32
    """[n,T,C], from everybody's neutral face."""
    targets: F32
    """[n,T,K]"""
    lengths: npt.NDArray[np.int64]
    """[n]"""
    own: F32
    """The neutral face of each, [n,C]; that of a clip without a frame at rest is everybody's."""
    labels: npt.NDArray[np.int64]
    """[n]"""


class ShapeObjective(nn.Module):
    """Cross-entropy of the second stream alone, plus `weight` times MCCL."""

    def __init__(
        self, stream: ShapeStream, label_smoothing: float, mccl: MCCL | None = None, weight: float = 0
    ) -> None:
        super().__init__()
        self.stream, self.label_smoothing, self.mccl, self.weight = stream, label_smoothing, mccl, weight

    def forward(self, components: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of components [B,N*L,C+1] and targets [B,K]."""
        noise = BLUR * torch.randn_like(components[:, :1])
        noise[..., -1] = 0
        bag, _ = self.stream.fold(components + noise)
        logits = self.stream.head(bag)
        loss = F.cross_entropy(logits, smoothed(targets, self.label_smoothing))
        if self.mccl is None:
            return loss
        contrast: Tensor = self.mccl(gathered(bag), gathered(logits.detach()), gathered(targets.argmax(dim=1)))
        return loss + self.weight * contrast


def face_shape(clips: Sequence[Clip], plan: Shapes) -> Shape:
    """Return what shapes are compared by: everybody's neutral face is the mean of the clips' people at rest."""
    blank = Shape(
        bone=BONE, frame=FRAME, points=POINTS, mean=(0.0,) * 3 * len(POINTS), prior=plan.prior, half_s=plan.half_s
    )
    reader = ShapeReader(blank)
    rests = [_rest(reader.read(clip.marks), clip.targets) for clip in clips if clip.marks is not None]
    mean = np.mean([rest for rest in rests if rest is not None], axis=0)
    return Shape(
        bone=BONE,
        frame=FRAME,
        points=POINTS,
        mean=tuple(round(float(x), 5) for x in mean),
        prior=plan.prior,
        half_s=plan.half_s,
    )


def train_shapes(
    stream: ShapeStream, shape: Shape, recipe: Recipe, clips: Sequence[Clip], stills: Stills, run: Run
) -> list[Row]:
    """Train the second stream on rendered clips and, against everybody's neutral face, on pictures."""
    plan, spec = recipe.shapes, recipe.bag
    assert plan is not None
    begin(run, "shapes")
    stream.requires_grad_(True)
    reader = ShapeReader(shape)
    stream.basis.copy_(torch.from_numpy(_basis(reader, clips, stream.basis.shape[1])))
    basis = stream.basis.cpu().numpy()
    taught = _tracks(reader, basis, learnt(clips), plan)
    chosen = long_tail(taught.labels, [f"{n:06}" for n in range(len(taught.labels))], plan.imbalance, run.seed)
    taught = Tracks(*(getattr(taught, one.name)[chosen] for one in fields(taught)))
    watched = _tracks(reader, basis, [clip for clip in clips if clip.held_out], plan)
    known = stills.marks is not None and np.isfinite(stills.marks[:, 0, 0])
    assert stills.marks is not None
    faces = (reader.read(stills.marks[known]) - reader.mean) @ basis
    votes, n_stills = stills.targets[known], round(plan.batch * plan.still_share)
    noise = plan.jitter * np.sqrt(np.square(basis).sum(axis=0))
    drawn_clips = sampler(plan, taught.labels, plan.batch - n_stills, run.seed)
    drawn_stills = sampler(plan, votes.argmax(axis=1), max(1, n_stills), run.seed + 1)
    part = run.ranks.part(plan.batch)

    def batches(steps: range) -> Iterator[Batch]:
        simulated = simulate(taught, plan, spec.tick_s, noise, np.random.default_rng([run.seed, steps.start, 4]))
        for step in steps:
            rng = np.random.default_rng([run.seed, step, 5])
            items = drawn_clips.batch(step)
            ends = (rng.random(len(items)) * taught.lengths[items]).astype(np.int64)
            windows, targets = _windows(taught, simulated, items, ends, spec.ticks)
            if n_stills:
                chosen = drawn_stills.batch(step)
                shaken = faces[chosen, None] + noise * rng.normal(size=(len(chosen), spec.ticks, len(noise)))
                strangers = np.concatenate([shaken, np.zeros((*shaken.shape[:2], 1))], axis=-1)
                windows = np.concatenate([windows, strangers])
                targets = np.concatenate([targets, votes[chosen]])
            yield torch.from_numpy(windows[part].astype(np.float32)), torch.from_numpy(targets[part].astype(np.float32))

    def look() -> Recalls:
        rng = np.random.default_rng(run.seed)
        simulated = simulate(watched, plan, spec.tick_s, noise, rng)
        items = np.repeat(np.arange(len(watched.lengths)), 8)
        ends = (rng.random(len(items)) * watched.lengths[items]).astype(np.int64)
        windows, targets = _windows(watched, simulated, items, ends, spec.ticks)
        clear = targets.max(axis=1) > 0.6
        logits, _ = stream.read(torch.from_numpy(windows[clear].astype(np.float32)).to(run.ranks.device))
        return seen(logits.cpu().numpy(), targets[clear].argmax(axis=1))

    counts = np.bincount(taught.labels, minlength=len(EMOTIONS)).tolist()
    mccl = MCCL(feature_size=stream.bag_features, class_counts=counts) if plan.mccl else None
    objective = ShapeObjective(stream, plan.label_smoothing, mccl, plan.mccl)
    return fit("shapes", objective, batches, look, plan, plan.steps, run)


@torch.inference_mode()
def shape_logits(stream: ShapeStream, shape: Shape, stills: Stills, spec: BagSpec) -> F32:
    """Return what the second stream says of pictures, each held still, of people whom nobody knows, [n,K].

    Of a picture without landmarks it says nothing: zeros.
    """
    assert stills.marks is not None
    known = np.isfinite(stills.marks[:, 0, 0])
    logits = np.zeros((len(known), len(EMOTIONS)), np.float32)
    logits[known] = stream(torch.from_numpy(still_changes(stills.marks, shape, spec.ticks)[known]))[0].numpy()
    return logits


def simulate(tracks: Tracks, plan: Shapes, tick_s: float, noise: F32, rng: np.random.Generator) -> tuple[F32, F32, F32]:
    """Return components [n,T,C] with noise, and the own neutral [n,T,C] and its trust [n,T] before each tick.

    Most tracks were followed for a while before their clip begins; the others start with everybody's face.
    """
    n, length, size = tracks.components.shape
    shaken = tracks.components + noise * rng.normal(size=tracks.components.shape) * rng.uniform(0.3, 1.7, (n, 1, 1))
    rest = np.clip(tracks.targets[..., NEUTRAL] + rng.normal(0, MISREAD, (n, length)), 0, 1)
    rest = rest * np.where(rng.random((n, 1)) < SURE_SHARE, 1, rng.uniform(0.3, 1, (n, 1)))
    neutral = Neutral(np.zeros(size, np.float32), plan.prior, plan.half_s, (n,))
    before = np.where(rng.random(n) < WATCHED_SHARE, rng.integers(*WATCHED, n), 0) * tracks.own.any(axis=1)
    off = noise / plan.jitter * OFF * rng.normal(size=(n, size))
    neutral.take((tracks.own + off).astype(np.float32), before.astype(np.float32))
    owns, trusts = np.empty_like(tracks.components), np.empty((n, length), np.float32)
    for t in range(length):
        owns[:, t], trusts[:, t] = neutral.shape, neutral.trust
        neutral.learn(shaken[:, t].astype(np.float32), rest[:, t].astype(np.float32), tick_s)
    return shaken.astype(np.float32), owns, trusts


def _windows(
    tracks: Tracks,
    simulated: tuple[F32, F32, F32],
    items: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    ticks: int,
) -> tuple[F32, F32]:
    """Return the windows [B,ticks,C+1] that end at tick `ends` of tracks `items`, and what their newer half shows."""
    components, owns, trusts = simulated
    frames = np.maximum(ends[:, None] + np.arange(1 - ticks, 1), 0)
    changes = components[items[:, None], frames] - owns[items, ends][:, None]
    trust = np.broadcast_to(trusts[items, ends][:, None, None], (*frames.shape, 1))
    targets = tracks.targets[items[:, None], frames[:, ticks // 2 :]].mean(axis=1)
    return np.concatenate([changes, trust], axis=-1), targets


def _tracks(reader: ShapeReader, basis: F32, clips: Sequence[Clip], plan: Shapes) -> Tracks:
    kept = [clip for clip in clips if clip.marks is not None]
    longest = max(len(clip.times_s) for clip in kept)
    components = np.zeros((len(kept), longest, basis.shape[1]), np.float32)
    targets = np.zeros((len(kept), longest, len(EMOTIONS)), np.float32)
    targets[..., NEUTRAL] = 1
    own = np.zeros((len(kept), basis.shape[1]), np.float32)
    labels = np.zeros(len(kept), np.int64)
    for n, clip in enumerate(kept):
        assert clip.marks is not None
        shapes = reader.read(clip.marks)
        components[n, : len(shapes)] = (shapes - reader.mean) @ basis
        shown = 1 - clip.targets[:, NEUTRAL]
        stronger = np.minimum(1, shown * plan.gain) / np.maximum(shown, 1e-6)
        strengthened = clip.targets * stronger[:, None]
        strengthened[:, NEUTRAL] = 0
        strengthened[:, NEUTRAL] = 1 - strengthened.sum(axis=1)
        targets[n, : len(shapes)] = strengthened
        rest = _rest(shapes, clip.targets)
        own[n] = 0 if rest is None else (rest - reader.mean) @ basis
        others = np.delete(clip.targets.sum(axis=0), NEUTRAL)
        labels[n] = NEUTRAL if not others.any() else np.delete(np.arange(len(EMOTIONS)), NEUTRAL)[others.argmax()]
    return Tracks(components, targets, np.array([len(clip.times_s) for clip in kept]), own, labels)


def _basis(reader: ShapeReader, clips: Sequence[Clip], components: int) -> F32:
    """Return the principal components of changes from the own neutral, scaled to a spread of 1, [3P,C]."""
    changes = []
    for clip in clips:
        if clip.marks is None or clip.held_out:
            continue
        shapes = reader.read(clip.marks)
        rest = _rest(shapes, clip.targets)
        if rest is not None:
            changes.append((shapes - rest)[::4])
    stacked = np.concatenate(changes).astype(np.float64)
    spread, vectors = np.linalg.eigh(np.cov(stacked, rowvar=False))
    spread, vectors = spread[::-1][:components], vectors[:, ::-1][:, :components]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(components)])  # not left to the solver
    return np.asarray(vectors * signs / np.sqrt(spread), np.float32)


def _rest(shapes: F32, targets: F32) -> F32 | None:
    """Return the mean shape of the frames at rest, None where there is none."""
    still = targets[:, NEUTRAL] >= AT_REST
    return np.asarray(shapes[still].mean(axis=0), np.float32) if still.any() else None
