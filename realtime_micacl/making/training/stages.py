"""The stages of the default engine: the frame encoder learns from stills, then the rest from bags of its features."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.making.data.bank import Bank, clip_bank, luma, still_bank, turned_ticks
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.data.sampler import CategorySampler
from realtime_micacl.making.data.transfer import to_device
from realtime_micacl.making.figures import Recalls
from realtime_micacl.making.recipe import Bags, Recipe, Teacher
from realtime_micacl.making.recipe import Stills as StillsPlan
from realtime_micacl.making.scores import confusion, uar, war
from realtime_micacl.making.training.loop import Batch, Run, Stage, begin, fit
from realtime_micacl.making.training.objectives import BagsObjective, StillsObjective
from realtime_micacl.making.training.saved import Row
from realtime_micacl.model.backbone import FrameEncoder, PerFrame
from realtime_micacl.model.mccl import MCCL
from realtime_micacl.model.system import System
from realtime_micacl.types import EMOTIONS, F32

ENCODED = 256  # pictures that are encoded at once
HEAD_DECAY = 1e-4


@dataclass(frozen=True, eq=False)
class Faces:
    """Training and validation data."""

    stills: Stills
    photos: Stills
    clips: list[Clip]
    validation: Stills
    forms: tuple[F32, F32, F32] | None = None
    """Of the stills, of all frames of the clips, and of the photographs, [n,C] each, if the recipe asks for them."""
    portraits: Stills | None = None
    """More pictures for the first stream, if the recipe asks for them."""

    @property
    def pictures(self) -> Stills:
        """All single pictures that the first stream learns from."""
        if self.portraits is None:
            return self.stills
        parts = (self.stills, self.portraits)
        return Stills(np.concatenate([p.crops for p in parts]), np.concatenate([p.targets for p in parts]))


def train_teacher(like: FrameEncoder, plan: Teacher, faces: Faces, run: Run) -> tuple[StillsObjective, list[Row]]:
    """Train a wider encoder of the kind of `like` on single pictures; return it with its head, and the history."""
    side = faces.stills.crops.shape[-1] >> len(plan.widths)
    places = 0 if like.places is None else side
    return train_stills(
        FrameEncoder(widths=plan.widths, blocks=plan.blocks, frames=1, places=places), plan, faces, run, stage="teacher"
    )


def train_stills(
    encoder: FrameEncoder,
    plan: StillsPlan,
    faces: Faces,
    run: Run,
    *,
    stage: str = "stills",
    teacher: StillsObjective | None = None,
    share: float = 0.0,
) -> tuple[StillsObjective, list[Row]]:
    """Train `encoder.frames` on single pictures with soft labels; return it with its head, and the history.

    In the stage "tuning" the encoder was trained before, so its head is fitted first.
    """
    begin(run, stage)
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # an eighth faster on a processor
    pictures = faces.pictures
    pools = (pictures, frames_of(training_clips(faces.clips)), faces.photos)
    forms = faces.forms or tuple(np.zeros((len(pool.crops), 0), np.float32) for pool in pools)
    samplers = _samplers([pool.labels for pool in pools], plan, run.seed)
    objective = StillsObjective(
        encoder,
        emotions=len(EMOTIONS),
        dropout=plan.dropout,
        label_smoothing=plan.label_smoothing,
        components=forms[0].shape[1],
        weight=plan.form,
        teacher=teacher,
        share=share,
    )
    if stage == "tuning":
        _fit_head(objective.head, encoder, pictures, run)
    batches = partial(_still_batches, pools, forms, samplers, run.ranks.part(plan.batch))

    def validate() -> Recalls:
        logits = _over(faces.validation, lambda x: objective.head(encoder.frames(x)), run)
        return war_and_uar(logits, faces.validation.labels)

    steps = max(1, len(pictures.crops) // plan.batch)
    return objective, fit(Stage(stage, objective, batches, validate, plan, steps), run)


def _still_batches(
    pools: Sequence[Stills], forms: Sequence[F32], samplers: Sequence[CategorySampler], part: slice, steps: range
) -> Iterator[Batch]:
    """Yield this rank's part of each batch: crops, targets and forms that the samplers draw from their pools."""
    for step in steps:
        drawn = [sampler.batch(step) for sampler in samplers]
        crops = _together([pool.crops for pool in pools], drawn)[part]
        targets = _together([pool.targets for pool in pools], drawn)[part]
        yield crops[:, None], targets, _together(forms, drawn)[part]


def _together(pools: Sequence[npt.NDArray[Any]], drawn: Sequence[npt.NDArray[np.int64]]) -> Tensor:
    """Return the drawn rows of all pools, concatenated."""
    return torch.from_numpy(np.concatenate([rows[i] for rows, i in zip(pools, drawn, strict=True)]))


def _fit_head(head: nn.Sequential, encoder: FrameEncoder, stills: Stills, run: Run) -> None:
    """Fit the linear layer of a head to the encoder's present features, so that it does not disturb the encoder."""
    linear = head[-1]
    assert isinstance(linear, nn.Linear)
    features = torch.from_numpy(_over(stills, encoder.eval().frames, run)).to(run.ranks.device)
    targets = torch.from_numpy(stills.targets).to(run.ranks.device)
    linear.to(run.ranks.device)
    optimiser = torch.optim.LBFGS(linear.parameters(), max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        found = F.cross_entropy(linear(features), targets) + HEAD_DECAY * linear.weight.square().sum()
        found.backward()
        return found

    optimiser.step(loss)


def train_bags(model: System, encoder: PerFrame, plan: Bags, recipe: Recipe, faces: Faces, run: Run) -> list[Row]:
    """Train all but the frame encoder on bags of its features, with cross-entropy and MCCL; return the history."""
    begin(run, "bags")
    banks = encoded(encoder, plan, recipe, faces)

    def validate() -> Recalls:
        return war_and_uar(still_logits(model, encoder, faces.validation, recipe.bag, run), faces.validation.labels)

    return fit_bags(model, encoder, plan, recipe, banks, validate, run)


def fit_bags(
    model: System,
    encoder: PerFrame,
    plan: Bags,
    recipe: Recipe,
    banks: Sequence[Bank],
    validate: Callable[[], Recalls],
    run: Run,
) -> list[Row]:
    """Train as `train_bags` on given features of FER+ pictures, clips and photographs."""
    spec, part = recipe.bag, run.ranks.part(plan.batch)
    samplers = _samplers([bank.labels for bank in banks], plan, run.seed)
    counts = np.bincount(banks[0].labels, minlength=len(EMOTIONS)).tolist()
    mccl = MCCL(feature_size=model.bag_features, class_counts=counts) if plan.mccl else None
    model.learn()
    if model.shape:
        model.shape.requires_grad_(False)
    encoder.freeze_frames()
    objective = BagsObjective(model, mccl, weight=plan.mccl, label_smoothing=plan.label_smoothing)

    def batches(steps: range) -> Iterator[Batch]:
        for step in steps:
            rng = np.random.default_rng([run.seed, step, 2])
            drawn = [bank.bags(s.batch(step), spec, rng) for bank, s in zip(banks, samplers, strict=True)]
            features, targets = (torch.from_numpy(np.concatenate(arrays)[part]) for arrays in zip(*drawn, strict=True))
            yield features, targets

    steps = max(1, len(banks[0].targets) // plan.batch)
    return fit(Stage("bags", objective, batches, validate, plan, steps), run)


def still_logits(model: System, encoder: PerFrame, stills: Stills, spec: BagSpec, run: Run) -> F32:
    """Return the logits [n,K] of pictures, each repeated for a window."""
    turned = torch.from_numpy(turned_ticks(spec)).to(run.ranks.device)

    def read(crops: Tensor) -> Tensor:
        plain = encoder.frames(crops)
        other = encoder.frames(crops.flip(-2)) if spec.mirrored else plain
        return model.seen(torch.stack([plain, other], dim=1)[:, turned])[0]

    return _over(stills, read, run)


def war_and_uar(logits: F32, labels: npt.NDArray[np.int64]) -> Recalls:
    """Return WAR and UAR of logits [n,K]."""
    matrix = confusion(labels, logits.argmax(axis=1))
    return {"war": round(war(matrix), 4), "uar": round(uar(matrix), 4)}


def encoded(encoder: PerFrame, plan: Bags, recipe: Recipe, faces: Faces) -> tuple[Bank, ...]:
    """Return the frame features that `[bags]` learns from."""
    encoder.eval()
    spec, clips = recipe.bag, training_clips(faces.clips)
    return (
        still_bank(encoder, faces.pictures, plan.views, spec),
        clip_bank(encoder, clips if plan.rendered_share else clips[:1], max(1, plan.views), spec),
        still_bank(encoder, faces.photos, plan.views, spec),
    )


def _samplers(labels: Sequence[npt.NDArray[np.int64]], plan: StillsPlan | Bags, seed: int) -> list[CategorySampler]:
    """Return samplers of FER+, rendered clips and photographs, which together fill a batch."""
    rendered, photos = round(plan.batch * plan.rendered_share), round(plan.batch * plan.photo_share)
    sizes = (plan.batch - rendered - photos, rendered, photos)
    by_category = isinstance(plan, StillsPlan) or plan.sampler == "category"
    drawn_from = [y if by_category else np.zeros_like(y) for y in labels]
    return [CategorySampler(y, n, seed + i) for i, (y, n) in enumerate(zip(drawn_from, sizes, strict=True))]


def training_clips(clips: Sequence[Clip]) -> list[Clip]:
    """Return the clips of people who are not held out."""
    return [clip for clip in clips if not clip.held_out]


def frames_of(clips: Sequence[Clip]) -> Stills:
    """Return the frames of clips as single pictures."""
    return Stills(np.concatenate([luma(clip.crops) for clip in clips]), np.concatenate([c.targets for c in clips]))


@torch.inference_mode()
def _over(stills: Stills, read: Callable[[Tensor], Tensor], run: Run) -> F32:
    """Return what `read` returns for all pictures, in batches."""
    parts = torch.from_numpy(stills.crops).split(ENCODED)
    outputs = [read(to_device(part, run.ranks.device)[..., None].expand(-1, -1, -1, 3)).float() for part in parts]
    return np.asarray(torch.cat(outputs).cpu().numpy(), np.float32)
