"""What a live crop suffers that a training picture does not: a shaking tracker, light, blur, noise, hands.

Crops are luma, [B,1,S,S], 0 to 255. `groups` [B] says which crops share one draw, as the frames of a clip do.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def shake(crops: Tensor, groups: Tensor) -> Tensor:
    """Turn, scale, shift and mirror crops, a clip's frames alike; the border repeats."""
    n = _draws(groups)
    angle = (torch.randn(n) * 0.12).clamp(-0.35, 0.35)
    mirror = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    scale, shift = torch.exp(torch.randn(n) * 0.08), torch.randn(n, 2) * 0.05
    return _warped(crops, angle[groups], scale[groups], shift[groups], mirror[groups])


def jitter(crops: Tensor) -> Tensor:
    """Move each crop by what the key points of a still face jitter, about 1 % of the eyes' distance."""
    n = len(crops)
    angle, scale, shift = torch.randn(n) * 0.012, torch.exp(torch.randn(n) * 0.012), torch.randn(n, 2) * 0.01
    return _warped(crops, angle, scale, shift, torch.ones(n))


def spoil(crops: Tensor, groups: Tensor) -> Tensor:
    """Change gamma, the fall of light, contrast and detail, cover a part, a clip's frames alike; add noise to each.

    Noise comes last: where the contrast is low, as with a camera in the dark, it hides more.
    """
    n, size = _draws(groups), crops.shape[-1]
    x = (crops / 255).clamp(0, 1) ** torch.exp(torch.randn(n, 1, 1, 1) * 0.25)[groups] * 255
    ramp = torch.linspace(-1, 1, size)
    light = torch.randn(n, 1, 1, 1) * 0.15 * ramp[:, None] + torch.randn(n, 1, 1, 1) * 0.15 * ramp
    x = x * (1 + light).clamp(0.3, 1.7)[groups]
    contrast = torch.where(torch.rand(n) < 0.12, 0.2 + 0.5 * torch.rand(n), 1.0).view(n, 1, 1, 1)[groups]
    x = x * contrast + 20 * (1 - contrast)
    coarse = (torch.rand(n) < 0.12)[groups]
    if coarse.any():
        small = F.interpolate(x[coarse], size=_whole(size // 4, size * 3 // 4), mode="area")
        x[coarse] = F.interpolate(small, size=size, mode="bilinear")
    blurred = (torch.rand(n) < 0.12)[groups]
    for _ in range(_whole(1, 5) if blurred.any() else 0):
        x[blurred] = F.avg_pool2d(F.pad(x[blurred], (1, 1, 1, 1), mode="replicate"), 3, 1)
    for group in torch.where(torch.rand(n) < 0.35)[0].tolist():
        height, width = (_whole(size // 8, size * 7 // 16) for _ in range(2))
        top, left = _whole(0, size - height), _whole(0, size - width)
        x[groups == group, :, top : top + height, left : left + width] = float(torch.rand(1)) * 255
    return (x + torch.randn_like(x) * torch.rand(n, 1, 1, 1)[groups] * 6).clamp(0, 255)


def seen_anew(clips: Tensor) -> Tensor:
    """Crop, mirror and recolour clips u8[B,T,S,S,3], all frames of a clip alike: one box, one draw of each.

    The box holds half of the crop to all of it. The released code's 8 % suits whole pictures, not aligned faces.
    """
    count, frames = clips.shape[:2]
    area, ratio = _uniform(clips, 0.5, 1.0), torch.exp(_uniform(clips, -0.29, 0.29))
    wide, high = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    across, down = _uniform(clips, -1.0, 1.0) * (1 - wide), _uniform(clips, -1.0, 1.0) * (1 - high)
    mirror, zero = torch.where(_uniform(clips, 0.0, 1.0) < 0.5, -1.0, 1.0), torch.zeros_like(wide)
    boxes = torch.stack([mirror * wide, zero, across, zero, high, down], dim=1).view(count, 2, 3)
    pixels = clips.flatten(0, 1).permute(0, 3, 1, 2).float()
    grid = F.affine_grid(boxes.repeat_interleave(frames, dim=0), list(pixels.shape), align_corners=False)
    pixels = F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    light, contrast, colour = (_uniform(clips, 0.6, 1.4).repeat_interleave(frames)[:, None, None, None] for _ in "lcc")
    pixels = pixels * light
    pixels = (pixels - pixels.mean(dim=(1, 2, 3), keepdim=True)) * contrast + pixels.mean(dim=(1, 2, 3), keepdim=True)
    grey = pixels.mean(dim=1, keepdim=True)
    pixels = (grey + (pixels - grey) * colour).clamp(0, 255).round().to(torch.uint8)
    anew: Tensor = pixels.permute(0, 2, 3, 1).unflatten(0, (count, frames))
    return anew


def as_rgb(crops: Tensor) -> Tensor:
    """Turn luma [B,1,S,S] into what encoders take, uint8 RGB [B,S,S,3]."""
    return crops.round().to(torch.uint8).permute(0, 2, 3, 1).expand(-1, -1, -1, 3)


def _uniform(clips: Tensor, low: float, high: float) -> Tensor:
    return torch.empty(len(clips), device=clips.device).uniform_(low, high)


def _draws(groups: Tensor) -> int:
    return int(groups.max()) + 1


def _whole(low: int, high: int) -> int:
    return int(torch.randint(low, high, (1,)))


def _warped(crops: Tensor, angle: Tensor, scale: Tensor, shift: Tensor, mirror: Tensor) -> Tensor:
    cos, sin = scale * angle.cos(), scale * angle.sin()
    across = torch.stack([mirror * cos, -sin, shift[:, 0]], dim=1)
    down = torch.stack([mirror * sin, cos, shift[:, 1]], dim=1)
    grid = F.affine_grid(torch.stack([across, down], dim=1), list(crops.shape), align_corners=False)
    return F.grid_sample(crops, grid, padding_mode="border", align_corners=False)
