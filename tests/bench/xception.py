"""mini-XCEPTION of oarriaga/face_classification (MIT), a per-frame peer, rebuilt in torch from its Keras weights."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from realtime_micacl.types import EMOTIONS, F32, U8

ORDER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
PX, EPSILON = 64, 1e-3


class MiniXception:
    """Reads single grey faces."""

    def __init__(self, file: Path) -> None:
        with h5py.File(file) as stored:
            group = stored["model_weights"]
            self._weights = {
                f"{layer}/{name.split('/')[-1].removesuffix(':0')}": torch.tensor(np.array(group[layer][name]))
                for layer in group
                for name in group[layer].attrs["weight_names"].astype(str)
            }

    @torch.inference_mode()
    def __call__(self, faces: U8) -> F32:
        """Return the probabilities [n,K] of luma faces [n,S,S], in the order of EMOTIONS."""
        x = torch.from_numpy(faces)[:, None].float()
        x = F.interpolate(x, size=PX, mode="bilinear", align_corners=False, antialias=True)
        x = (x / 255 - 0.5) * 2
        for number in (1, 2):
            x = F.relu(self._normed(self._conv(x, number), number))
        for block in range(4):
            norm, conv = 4 + 3 * block, 1 + 2 * block
            beside = self._normed(self._conv(x, 3 + block, stride=2), norm - 1)
            x = F.relu(self._normed(self._separable(x, conv), norm))
            x = self._normed(self._separable(x, conv + 1), norm + 1)
            x = F.max_pool2d(_padded(x, 3, 2, float("-inf")), 3, 2) + beside
        x = F.conv2d(x, self._kernel("conv2d_7/kernel"), self._weights["conv2d_7/bias"], padding=1)
        said = F.softmax(x.mean(dim=(2, 3)), dim=1).numpy()
        return np.asarray(said[:, [ORDER.index(name) for name in EMOTIONS]], np.float32)

    def _kernel(self, name: str) -> Tensor:
        return self._weights[name].permute(3, 2, 0, 1)

    def _conv(self, x: Tensor, number: int, stride: int = 1) -> Tensor:
        return F.conv2d(x, self._kernel(f"conv2d_{number}/kernel"), stride=stride)

    def _separable(self, x: Tensor, number: int) -> Tensor:
        name = f"separable_conv2d_{number}"
        depthwise = self._weights[f"{name}/depthwise_kernel"].permute(2, 3, 0, 1)
        x = F.conv2d(x, depthwise, padding=1, groups=x.shape[1])
        return F.conv2d(x, self._kernel(f"{name}/pointwise_kernel"))

    def _normed(self, x: Tensor, number: int) -> Tensor:
        gamma, beta, mean, variance = (
            self._weights[f"batch_normalization_{number}/{name}"]
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return F.batch_norm(x, mean, variance, gamma, beta, eps=EPSILON)


def _padded(x: Tensor, size: int, stride: int, value: float) -> Tensor:
    """Pad as Keras' "same" does: an odd pixel goes to the right and below."""
    wide = max(0, (-(-x.shape[-1] // stride) - 1) * stride + size - x.shape[-1])
    return F.pad(x, (wide // 2, wide - wide // 2, wide // 2, wide - wide // 2), value=value)
