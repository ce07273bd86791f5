"""Converts an encoder to half precision; its inputs and features stay float32."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from realtime_micacl.model.backbone import R3D18, FrameEncoder, PerFrame
from realtime_micacl.model.clip import ClipImage, Tokens


def halved(encoder: PerFrame | R3D18) -> PerFrame | R3D18:
    """Return a copy for inference with the batch norms folded and the convolutions in float16.

    What follows the convolutions stays float32: it is a hundredth of the work, and its variances need the precision. In
    CLIP's image tower all products with weights but the last are float16, norms and softmaxes are not.
    """
    encoder = copy.deepcopy(encoder).eval()
    if isinstance(encoder, ClipImage):
        for module in encoder.modules():
            if isinstance(module, Tokens):
                module.in_proj_weight.data = module.in_proj_weight.half()
                module.in_proj_bias.data = module.in_proj_bias.half()
            elif isinstance(module, nn.Linear | nn.Conv2d):
                module.half()
                module.register_forward_pre_hook(_to_half)
                module.register_forward_hook(_to_float)
        return encoder
    light = isinstance(encoder, FrameEncoder)
    names = ("stem", "stages") if light else ("stem", "layer1", "layer2", "layer3", "layer4")
    parts = [encoder.get_submodule(name) for name in names]
    for part in parts:
        _fold(part)
        part.half()
    parts[0].register_forward_pre_hook(_to_half)
    parts[-1].register_forward_hook(_to_float)
    return encoder


def _fold(part: nn.Module) -> None:
    """Fold each batch norm into the convolution before it."""
    for module in part.modules():
        if isinstance(module, nn.Sequential):
            for i, (one, two) in enumerate(pairwise(list(module))):
                if isinstance(one, nn.Conv2d | nn.Conv3d) and isinstance(two, nn.BatchNorm2d | nn.BatchNorm3d):
                    module[i], module[i + 1] = fuse_conv_bn_eval(one, two), nn.Identity()


def _to_half(_: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(x.half() for x in given)


def _to_float(_: nn.Module, given: Any, made: Tensor) -> Tensor:
    return made.float()
