"""Training and evaluation mirror every other frame where the live path does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from realtime_micacl.inference.sidecar import BagSpec, Calibration, Crop, Sidecar
from realtime_micacl.making.data.bank import clip_bank, still_bank
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.evaluation.predictions import clip_predictions, still_logits
from realtime_micacl.types import EMOTIONS, F32, U8

SIDECAR = Sidecar(
    schema=1,
    name="sides",
    labels=EMOTIONS,
    bag=BagSpec(instances=4, frames=2, size_px=32, span_s=0.8, mirrored=True),
    crop=Crop(points=((0.3, 0.37), (0.7, 0.37), (0.5, 0.6), (0.5, 0.79))),
    piece=1,
    feature_size=1,
    calibration=Calibration(temperature=1.0, abstain_below=0.3),
    files={},
    model={},
    trained_on=(),
    measured={},
)
PLAIN = np.array([-1, 1] * 4)


class Sides(nn.Module):
    """An engine and an encoder whose one feature says which side of a face is the brighter one, -1 left, 1 right."""

    device = "double"
    luma = torch.zeros(3)  # says where the encoder is

    def encode(self, crops: U8) -> F32:
        return self.frames(torch.from_numpy(crops[:, 0])).numpy()

    def frames(self, crops: Tensor) -> Tensor:
        left, right = crops.float().mean(dim=(1, 3)).split(16, dim=1)
        return torch.sign(right.mean(dim=1) - left.mean(dim=1))[:, None]

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        return features[:, :7, 0], np.ones((len(features), 4), np.float32)

    def close(self) -> None:
        pass


def lit(n: int) -> U8:
    """Faces [n,32,32] that are bright on the left."""
    return np.repeat(np.where(np.arange(32) < 16, 220, 30).astype(np.uint8)[None, None], 32, axis=1).repeat(n, axis=0)


def clip() -> Clip:
    targets = np.tile(np.eye(7, dtype=np.float32)[2], (40, 1))
    crops = np.repeat(lit(40)[..., None], 3, axis=-1)
    return Clip("x/1", crops, np.arange(40, dtype=np.float32) / 25, targets, held_out=False)


def test_pictures_and_clips_are_read_so() -> None:
    logits = still_logits(Sides(), SIDECAR, np.repeat(lit(3)[..., None], 3, axis=-1))
    assert np.array_equal(logits, np.tile(PLAIN[:7], (3, 1)))
    shares, _, _ = clip_predictions(Sides(), SIDECAR, [clip()])
    assert len(shares) > 5
    assert (np.sign(shares - shares.mean(axis=1, keepdims=True)) == PLAIN[:7]).all()


@pytest.mark.parametrize("of", ["stills", "clips"])
def test_bags_for_training_are_made_so(of: str) -> None:
    torch.manual_seed(0)
    encoder, spec = Sides(), SIDECAR.bag
    if of == "stills":
        bank = still_bank(encoder, Stills(lit(40), np.eye(7, dtype=np.float32)[np.arange(40) % 7]), 2, spec)  # type: ignore[arg-type]
    else:
        bank = clip_bank(encoder, [clip()] * 20, 2, spec)  # type: ignore[arg-type]
    features, _ = bank.bags(np.arange(len(bank.rows)), spec, np.random.default_rng(0))
    sides = features.reshape(len(features), spec.ticks)
    turned = (sides[:, ::2] == -sides[:, 1::2]).all(axis=1)
    assert turned.mean() > 0.9, "a patch or the light may hide a side"
    first = sides[turned, 0]
    assert 0.2 < (first > 0).mean() < 0.8, "the whole clip is mirrored by chance as well"
