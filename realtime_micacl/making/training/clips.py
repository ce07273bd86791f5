"""The paper's training, stage [clips]: the whole network learns from labelled clips of data sets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.making.data.bags import segments
from realtime_micacl.making.data.bank import bag_targets
from realtime_micacl.making.data.clips import Clip, bag_frames
from realtime_micacl.making.data.prepared import PreparedClip
from realtime_micacl.making.data.sampler import long_tail, sampler
from realtime_micacl.making.data.transfer import to_device
from realtime_micacl.making.figures import Recalls
from realtime_micacl.making.recipe import Clips, Recipe
from realtime_micacl.making.training.loop import Batch, Run, Stage, begin, fit
from realtime_micacl.making.training.objectives import BagsObjective
from realtime_micacl.making.training.saved import Row
from realtime_micacl.making.training.stages import war_and_uar
from realtime_micacl.model.backbone import PerFrame
from realtime_micacl.model.mccl import MCCL
from realtime_micacl.model.system import System
from realtime_micacl.types import EMOTIONS, F32

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """The clips to train on and those that choose the best epoch; nobody is in both."""

    train: tuple[PreparedClip, ...]
    held_out: tuple[PreparedClip, ...]


def split(clips: Sequence[PreparedClip], plan: Clips, seed: int) -> Split:
    """Split a training set by people, then make it long-tailed if the recipe asks for that.

    A clip of an unknown person counts as a person of its own.
    """
    rank = {person: hashlib.sha256(f"{seed}/{person}".encode()).digest() for person in map(_person, clips)}
    people = sorted(rank, key=rank.__getitem__)
    aside = set(people[: max(1, round(len(people) * plan.held_out))])
    learnt = [clip for clip in clips if _person(clip) not in aside]
    labels, names = np.array([clip.label for clip in learnt], np.int64), [clip.clip for clip in learnt]
    learnt = [learnt[n] for n in long_tail(labels, names, plan.imbalance, seed)]
    held_out = tuple(clip for clip in clips if _person(clip) in aside)
    if len(people) < 2 or not learnt:
        raise ConfigError(
            f"training needs clips of at least two people, some of them not held out; found: {len(people)}"
        )
    return Split(tuple(learnt), held_out)


def people_digest(clips: Sequence[PreparedClip]) -> str:
    """Return a hash that is the same for the same people and reveals nothing about them."""
    return hashlib.sha256("\n".join(sorted({_person(clip) for clip in clips})).encode()).hexdigest()


class ClipBags(Dataset[Batch]):
    """Bags of clips: crops u8[N,L,S,S,3] or, with `features`, a frozen encoder's frame features [N,L,D].

    An item is named by step and clip. The step decides which frames are drawn; -1 gives the fixed ones for testing.
    """

    def __init__(
        self,
        clips: Sequence[PreparedClip],
        spec: BagSpec,
        how: str,
        seed: int,
        features: Sequence[npt.NDArray[np.float16]] | None = None,
        still_share: float = 0.0,
    ) -> None:
        self._clips, self._spec, self._seed, self._features = clips, spec, seed, features
        self.reads, self._still_share = features is None, still_share
        self._shown = [clip.load().targets.copy() for clip in clips] if still_share else []
        self._live = [_live_bags(clip.load(), spec) for clip in clips] if how == "live" else None

    def __getitem__(self, place: tuple[int, int]) -> Batch:
        """Return the bag of a clip at a step, and its target [K]."""
        step, number = place
        rng = None if step < 0 else np.random.default_rng([self._seed, step, number])
        frames, target = self._drawn(number, rng)
        content: npt.NDArray[Any]
        if self._features is None:
            content = self._clips[number].load().crops[frames]
        else:
            content = self._features[number][frames].astype(np.float32)
        shape = (self._spec.instances, self._spec.frames, *content.shape[1:])
        return torch.from_numpy(content.reshape(shape)), torch.from_numpy(target)

    def _drawn(self, number: int, rng: np.random.Generator | None) -> tuple[Labels, F32]:
        """Return the frames of a bag [N * L] and its target [K]: the clip's label or, cut as live, that of its end."""
        if rng is not None and self._shown and rng.random() < self._still_share:
            frame = int(rng.integers(self._clips[number].frames))
            return np.full(self._spec.ticks, frame, np.int64), self._shown[number][frame]
        if self._live and len(self._live[number][0]):
            frames, targets = self._live[number]
            chosen = len(frames) // 2 if rng is None else rng.integers(len(frames))
            return frames[chosen], targets[chosen]
        clip = self._clips[number]
        return segments(clip.frames, self._spec, rng), np.eye(len(EMOTIONS), dtype=np.float32)[clip.label]


def _live_bags(clip: Clip, spec: BagSpec) -> tuple[Labels, F32]:
    """Return the bags that the live window cuts from a clip, [bags, N * L], and their targets [bags,K]."""
    frames = bag_frames(clip.times_s, spec)
    return frames, bag_targets(clip, frames, spec)


def train_clips(
    model: System, plan: Clips, recipe: Recipe, parts: Split, run: Run, cache: FrozenFeatures | None = None
) -> list[Row]:
    """Train the network, or with `frozen` all but its frame encoder, on clips; `cache` has features of earlier runs."""
    begin(run, "clips")
    labels = np.array([clip.label for clip in parts.train], np.int64)
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    mccl = MCCL(feature_size=model.bag_features, class_counts=counts.tolist(), queue=plan.queue) if plan.mccl else None
    model.learn()
    features = held_out_features = None
    if plan.frozen:
        encoder, cache = _per_frame(model), cache or FrozenFeatures()
        encoder.freeze_frames()
        features, held_out_features = cache.of(encoder, parts.train), cache.of(encoder, parts.held_out)
    drawn = sampler(plan, labels, plan.batch, run.seed)
    part = run.ranks.part(plan.batch)
    training = _Loader(ClipBags(parts.train, recipe.bag, plan.bags, run.seed, features, plan.still_share), plan, run)
    held_out = _Loader(ClipBags(parts.held_out, recipe.bag, plan.bags, run.seed, held_out_features), plan, run)

    def batches(steps: range) -> Iterable[Batch]:
        return training.batches([[(step, int(i)) for i in drawn.batch(step)[part]] for step in steps])

    def validate() -> Recalls:
        return war_and_uar(*_read(model, held_out, len(parts.held_out), run))

    objective = BagsObjective(model, mccl, weight=plan.mccl, label_smoothing=plan.label_smoothing)
    return fit(Stage("clips", objective, batches, validate, plan, max(1, len(labels) // plan.batch)), run)


@torch.inference_mode()
def clip_logits(
    model: System,
    clips: Sequence[PreparedClip],
    recipe: Recipe,
    plan: Clips,
    run: Run,
    features: Sequence[npt.NDArray[np.float16]] | None = None,
) -> tuple[F32, Labels]:
    """Return the logits [n,K] and labels [n] of clips, from one fixed bag of each."""
    bags = ClipBags(clips, recipe.bag, plan.bags, run.seed, features)
    return _read(model.eval(), _Loader(bags, plan, run), len(clips), run)


def _read(model: System, loader: _Loader, clips: int, run: Run) -> tuple[F32, Labels]:
    """Return the logits [n,K] and labels [n] of all `clips` of a loader."""
    places = [[(-1, i) for i in range(clips)][n : n + 64] for n in range(0, clips, 64)]
    logits, labels = [], []
    for drawn, targets in loader.batches(places):
        drawn = to_device(drawn, run.ranks.device)
        predicted, _ = model(drawn) if drawn.dtype is torch.uint8 else model.seen(drawn.flatten(1, 2))
        logits.append(predicted.float())
        labels.append(targets.argmax(dim=1))
    return np.asarray(torch.cat(logits).cpu().numpy(), np.float32), np.asarray(torch.cat(labels).numpy(), np.int64)


class FrozenFeatures:
    """A cache of the frame features of clips from one frozen encoder, so that each clip is encoded once."""

    def __init__(self) -> None:
        self._kept: dict[Path, npt.NDArray[np.float16]] = {}

    @torch.inference_mode()
    def of(self, encoder: PerFrame, clips: Sequence[PreparedClip]) -> list[npt.NDArray[np.float16]]:
        """Return the features [T,D] of each clip; `encoder` has to have the same weights each time."""
        encoder.eval()
        for clip in tqdm(clips, desc="encoding clips", leave=False, disable=None):
            if clip.file not in self._kept:
                crops = to_device(torch.tensor(clip.load().crops), encoder.luma.device)
                self._kept[clip.file] = encoder.frames(crops).half().cpu().numpy()
        return [self._kept[clip.file] for clip in clips]


def _per_frame(model: System) -> PerFrame:
    if not isinstance(model.encoder, PerFrame):
        raise ConfigError('clips.frozen: "r3d_18" encodes no single frames whose features could be kept')
    return model.encoder


class _Loader:
    """Loads bags in worker processes that stay between epochs; cached features need none."""

    def __init__(self, bags: ClipBags, plan: Clips, run: Run) -> None:
        self._places: list[list[tuple[int, int]]] = []
        workers = plan.workers if bags.reads else 0
        pinned = run.ranks.device.type == "cuda"
        self._loader = DataLoader(
            bags, batch_sampler=self._places, num_workers=workers, pin_memory=pinned, persistent_workers=workers > 0
        )

    def batches(self, places: list[list[tuple[int, int]]]) -> Iterable[Batch]:
        """Return the batches of these items."""
        self._places[:] = places
        return self._loader


def _person(clip: PreparedClip) -> str:
    return clip.subject or f"clip {clip.clip}"
