"""The losses, as modules whose `forward` takes a batch, so that they can be distributed over ranks."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F

from realtime_micacl.making.data.augment import as_rgb, augmented, degraded, shake
from realtime_micacl.making.data.precision import half
from realtime_micacl.making.training.ranks import gathered
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.model.mccl import MCCL
from realtime_micacl.model.system import System
from realtime_micacl.types import F32


class StillsObjective(nn.Module):
    """Cross-entropy of single pictures plus `weight` times the error of their form.

    With a `teacher`, a `share` of the targets is its prediction for the same augmented pictures (arXiv 2106.05237).
    """

    def __init__(
        self,
        encoder: FrameEncoder,
        *,
        emotions: int,
        dropout: float,
        label_smoothing: float,
        components: int = 0,
        weight: float = 0.0,
        teacher: StillsObjective | None = None,
        share: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder, self.label_smoothing, self.weight = encoder, label_smoothing, weight
        self._teacher, self._share = (teacher,), share  # in a tuple, so that it is neither trained nor saved
        encoder.to_change.requires_grad_(False)  # pools frames, of which a still has one
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(encoder.features, emotions))
        self.form = nn.Linear(encoder.features, components) if components else None

    def forward(self, crops: Tensor, targets: Tensor, forms: Tensor) -> Tensor:
        """Return the loss of luma crops [B,1,S,S], augmented here, targets [B,K], and forms [B,C] (NaN: unknown)."""
        each = torch.arange(len(crops))
        pixels = as_rgb(degraded(shake(crops.float(), each), each))
        targets = smoothed(targets, self.label_smoothing)
        if (teacher := self._teacher[0]) is not None:
            targets = (1 - self._share) * targets + self._share * teacher.probabilities(pixels)
        with half(crops.device):
            features = self.encoder.frames(pixels)
            logits = self.head(features)
            predicted = self.form(features) if self.form else forms
        loss = F.cross_entropy(logits.float(), targets)
        if self.form is None:
            return loss
        known = forms.isfinite()
        return loss + self.weight * F.smooth_l1_loss(predicted.float().where(known, 0.0), forms.where(known, 0.0))

    @torch.no_grad()
    def probabilities(self, pixels: Tensor) -> Tensor:
        """Return the probabilities [B,K] of crops, uint8 [B,S,S,3]; call it in evaluation mode."""
        with half(pixels.device):
            logits: Tensor = self.head(self.encoder.frames(pixels))
        return logits.float().softmax(dim=1)


class BagsObjective(nn.Module):
    """Cross-entropy plus lambda times MCCL plus the network's own losses, for bags of crops or of frame features."""

    def __init__(self, model: System, mccl: MCCL | None, *, weight: float, label_smoothing: float) -> None:
        super().__init__()
        self.model, self.mccl, self.weight, self.label_smoothing = model, mccl, weight, label_smoothing

    def forward(self, bags: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of crops u8[B,N,L,S,S,3] or frame features [B,N,L,D], and targets [B,K].

        MCCL sees the bags of all ranks.
        """
        pieces = self._pieces(bags)
        bag, _, penalty = self.model.fold(self.model.instances(pieces))
        logits = self.model.judge(bag, pieces)
        loss = F.cross_entropy(logits, smoothed(targets, self.label_smoothing))
        for more in (penalty, self.model.beside(logits, targets)):
            if more is not None:
                loss = loss + more
        if self.mccl is None:
            return loss
        contrast: Tensor = self.mccl(gathered(bag), gathered(logits.detach()), gathered(targets.argmax(dim=1)))
        return loss + self.weight * contrast

    def _pieces(self, bags: Tensor) -> Tensor:
        """Return piece features [B,N*L/P,D]."""
        if bags.dtype is not torch.uint8:
            return bags.flatten(1, 2)
        pieces = augmented(bags.flatten(1, 2)).unflatten(1, (-1, self.model.encoder.piece))
        with torch.autocast(bags.device.type, torch.bfloat16, enabled=bags.is_cuda):
            features = self.model.encode(pieces.flatten(0, 1)).float()
        return rearrange(features, "(b u) d -> b u d", b=len(bags))


@torch.no_grad()
def shift_logits(heads: Iterable[nn.Sequential], by: F32) -> None:
    """Add `by` [K] to the logits of trained heads."""
    for last in (head[-1] for head in heads):
        assert isinstance(last, nn.Linear)
        last.bias.add_(torch.from_numpy(by).to(last.bias))


@torch.no_grad()
def weigh_logits(heads: Iterable[nn.Sequential], by: float) -> None:
    """Multiply the logits of trained heads by `by`."""
    for last in (head[-1] for head in heads):
        assert isinstance(last, nn.Linear)
        last.weight.mul_(by)
        last.bias.mul_(by)


def smoothed(targets: Tensor, amount: float) -> Tensor:
    """Mix distributions [B,K] with the uniform one."""
    return targets * (1 - amount) + amount / targets.shape[1]
