"""Banks of frame features: a frozen encoder encodes each augmented frame once, and bags are made of the features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.making.data.augment import as_rgb, degraded, jitter, shake
from realtime_micacl.making.data.clips import Clip, bag_frames
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.data.precision import half
from realtime_micacl.making.data.transfer import to_device
from realtime_micacl.model.backbone import PerFrame
from realtime_micacl.types import F32, U8

JITTERS = 4  # versions of a still, jittered like the crops of a tracker; the frames of a bag are drawn from them


@dataclass(frozen=True, eq=False)
class Bank:
    """Bags of frame features; an item is one bag of one clip."""

    features: npt.NDArray[np.float16]
    """Of all frames, augmented differently in each view, [views, F, D]."""
    rows: npt.NDArray[np.int64]
    """Indices of the frames of each item, [items, N * L]."""
    spread: int
    """Instead of a frame, one of this many from it on is drawn: those that show the same."""
    targets: F32
    """[items, K]"""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """The leading emotion of each item, [items]."""
        return np.asarray(self.targets.argmax(axis=1), np.int64)

    def bags(self, items: npt.NDArray[np.int64], spec: BagSpec, rng: np.random.Generator) -> tuple[F32, F32]:
        """Return features [B,N,L,D] and targets [B,K] of `items` [B], each in a newly drawn view."""
        view = rng.integers(0, len(self.features), (len(items), 1))
        frames = self.rows[items] + rng.integers(0, self.spread, (len(items), spec.ticks))
        features = self.features[view, frames].astype(np.float32)
        return features.reshape(len(items), spec.instances, spec.frames, features.shape[-1]), self.targets[items]


def still_bank(encoder: PerFrame, stills: Stills, views: int, spec: BagSpec) -> Bank:
    """Return a bank in which every picture is a clip of that picture, jittered like the crops of a tracker.

    With `views` 0 pictures are not augmented; their mirror images are there for bags with mirrored frames.
    """
    if not views:
        return _plain_bank(encoder, stills, spec)
    groups = torch.arange(JITTERS * 64) // JITTERS
    each = JITTERS // 2 if spec.mirrored else JITTERS
    turned = torch.arange(JITTERS * 64) % JITTERS >= each
    features = []
    for _ in range(views):
        rows = []
        for part in tqdm(torch.from_numpy(stills.crops).split(64), desc="encoding stills", leave=False, disable=None):
            crops = part.float()[:, None].repeat_interleave(JITTERS, dim=0)
            rows.append(_encoded(encoder, crops, groups[: len(crops)], turned[: len(crops)]))
        features.append(torch.cat(rows).cpu().numpy())
    first = np.arange(len(stills.crops))[:, None] * JITTERS
    return Bank(np.stack(features), first + each * turned_ticks(spec), each, stills.targets)


@torch.inference_mode()
def _plain_bank(encoder: PerFrame, stills: Stills, spec: BagSpec) -> Bank:
    device, rows = encoder.luma.device, []
    for part in tqdm(torch.from_numpy(stills.crops).split(64), desc="encoding stills", leave=False, disable=None):
        crops = as_rgb(to_device(part, device)[:, None].float())
        both = torch.stack([encoder.frames(crops), encoder.frames(crops.flip(-2))], dim=1)
        rows.append(both.flatten(0, 1).half())
    first = np.arange(len(stills.crops))[:, None] * 2
    return Bank(torch.cat(rows).cpu().numpy()[None], first + turned_ticks(spec), 1, stills.targets)


def clip_bank(encoder: PerFrame, clips: Sequence[Clip], views: int, spec: BagSpec) -> Bank:
    """Return a bank of all bags that the live window cuts from `clips`."""
    features = []
    forms = 2 if spec.mirrored else 1
    for _ in range(views):
        parts = []
        for clip in tqdm(clips, desc="encoding clips", leave=False, disable=None):
            crops = torch.from_numpy(luma(clip.crops))[:, None].float()
            turned = torch.arange(forms).repeat_interleave(len(crops)) == 1
            crops = crops.repeat(forms, 1, 1, 1)
            parts.append(_encoded(encoder, crops, torch.zeros(len(crops), dtype=torch.long), turned))
        features.append(torch.cat(parts).cpu().numpy())
    starts = np.cumsum([0] + [len(clip.times_s) * forms for clip in clips])
    rows = [bag_frames(clip.times_s, spec) for clip in clips]
    targets = [bag_targets(clip, frames, spec) for clip, frames in zip(clips, rows, strict=True)]
    shifted = [
        frames + start + len(clip.times_s) * turned_ticks(spec)
        for clip, frames, start in zip(clips, rows, starts, strict=False)
    ]
    return Bank(np.stack(features), np.concatenate(shifted), 1, np.concatenate(targets))


def bag_targets(clip: Clip, frames: npt.NDArray[np.int64], spec: BagSpec) -> F32:
    """Return the target of each bag, [bags,K]: the mean over its newer half."""
    return np.asarray(clip.targets[frames[:, spec.ticks // 2 :]].mean(axis=1), np.float32)


def turned_ticks(spec: BagSpec) -> npt.NDArray[np.int64]:
    """Return 1 for each frame of a bag that is mirrored for the encoder, 0 for the others, [N * L]."""
    return np.arange(spec.ticks) % 2 if spec.mirrored else np.zeros(spec.ticks, np.int64)


def luma(crops: U8) -> U8:
    """Return the luma [n,S,S] of RGB crops [n,S,S,3]."""
    return np.array([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops], np.uint8)


@torch.inference_mode()
def _encoded(encoder: PerFrame, crops: Tensor, groups: Tensor, turned: Tensor) -> Tensor:
    """Return the features f16[n,D] of augmented crops, on the encoder's device."""
    device = encoder.luma.device
    crops = jitter(degraded(shake(to_device(crops, device), groups), groups))
    pixels = as_rgb(torch.where(to_device(turned, device).view(-1, 1, 1, 1), crops.flip(-1), crops))
    with half(device):
        return encoder.frames(pixels).half()
