"""Augments crops with what happens live: a shaking tracker, light, blur, noise, a hand before the face.

Crops are luma, [B,1,S,S], 0 to 255, on any device. `groups` [B], on the CPU, numbers the crops that share one draw,
such as the frames of a clip. All random numbers are drawn on the CPU, so that they are the same for every device, and
no GPU has to be waited for.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from realtime_micacl.making.data.transfer import to_device


def shake(crops: Tensor, groups: Tensor) -> Tensor:
    """Rotate, scale, shift and mirror crops, the same for each group; the border is repeated."""
    n = _draws(groups)
    angle = (torch.randn(n) * 0.12).clamp(-0.35, 0.35)
    mirror = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    scale, shift = torch.exp(torch.randn(n) * 0.08), torch.randn(n, 2) * 0.05
    return _warped(crops, _boxes(angle, scale, shift, mirror)[groups])


def jitter(crops: Tensor) -> Tensor:
    """Move each crop a little, as the landmarks of a still face jitter: by about 1 % of the distance of the eyes."""
    n = len(crops)
    angle, scale, shift = torch.randn(n) * 0.012, torch.exp(torch.randn(n) * 0.012), torch.randn(n, 2) * 0.01
    return _warped(crops, _boxes(angle, scale, shift, torch.ones(n)))


def degraded(crops: Tensor, groups: Tensor) -> Tensor:
    """Change gamma, lighting, contrast and detail and cover a part, the same for each group; add noise to each crop.

    Noise is added last, so that it hides more where the contrast is low, as with a camera in the dark.
    """
    n, size, device = _draws(groups), crops.shape[-1], crops.device
    gamma, light = torch.exp(torch.randn(n) * 0.25), torch.randn(2, n) * 0.15
    contrast = torch.where(torch.rand(n) < 0.12, 0.2 + 0.5 * torch.rand(n), 1.0)
    coarse, blurred, covered = (torch.rand(n) < share for share in (0.12, 0.12, 0.35))
    coarse_size, blurs = _whole(size // 4, size * 3 // 4), _whole(1, 5)
    high, wide = torch.randint(size // 8, size * 7 // 16, (2, n)).float()
    top, left = ((torch.rand(n) * (size - extent)).floor() for extent in (high, wide))
    draws = torch.stack(
        [gamma, *light, contrast, top, top + high * covered, left, left + wide, torch.rand(n) * 255, torch.rand(n) * 6]
    )
    noise = to_device(torch.randn(crops.shape), device)
    gamma, down, across, contrast, top, bottom, left, right, cover, noisy = to_device(draws[:, groups], device)[
        ..., None, None, None
    ]
    ramp, places = torch.linspace(-1, 1, size, device=device), torch.arange(size, device=device)
    x: Tensor = (crops / 255).clamp(0, 1) ** gamma * 255
    x = x * (1 + down * ramp[:, None] + across * ramp).clamp(0.3, 1.7)
    x = x * contrast + 20 * (1 - contrast)
    if len(few := coarse[groups].nonzero()[:, 0]):
        few = to_device(few, device)
        x[few] = F.interpolate(F.interpolate(x[few], size=coarse_size, mode="area"), size=size, mode="bilinear")
    if len(few := blurred[groups].nonzero()[:, 0]):
        few = to_device(few, device)
        soft = x[few]
        for _ in range(blurs):
            soft = F.avg_pool2d(F.pad(soft, (1, 1, 1, 1), mode="replicate"), 3, 1)
        x[few] = soft
    rows, columns = places[:, None], places
    hidden = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    x = torch.where(hidden, cover, x) + noise * noisy
    return x.clamp(0, 255)


def augmented(clips: Tensor) -> Tensor:
    """Crop, mirror and recolour clips u8[B,T,S,S,3], the same for all frames of a clip.

    At least half of the area is kept. The 8 % of the released code suit whole pictures, not aligned faces.
    """
    count, frames = clips.shape[:2]
    area, ratio = _uniform(count, 0.5, 1.0), torch.exp(_uniform(count, -0.29, 0.29))
    wide, high = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    across, down = _uniform(count, -1.0, 1.0) * (1 - wide), _uniform(count, -1.0, 1.0) * (1 - high)
    mirror, zero = torch.where(torch.rand(count) < 0.5, -1.0, 1.0), torch.zeros(count)
    boxes = torch.stack([mirror * wide, zero, across, zero, high, down], dim=1).view(count, 2, 3)
    colours = to_device(_uniform((3, count), 0.6, 1.4).repeat_interleave(frames, dim=1), clips.device)
    light, contrast, colour = colours[..., None, None, None]
    pixels = clips.flatten(0, 1).permute(0, 3, 1, 2).float()
    pixels = _warped(pixels, boxes.repeat_interleave(frames, dim=0)) * light
    pixels = (pixels - pixels.mean(dim=(1, 2, 3), keepdim=True)) * contrast + pixels.mean(dim=(1, 2, 3), keepdim=True)
    grey = pixels.mean(dim=1, keepdim=True)
    pixels = (grey + (pixels - grey) * colour).clamp(0, 255).round().to(torch.uint8)
    changed: Tensor = pixels.permute(0, 2, 3, 1).unflatten(0, (count, frames))
    return changed


def as_rgb(crops: Tensor) -> Tensor:
    """Convert luma [B,1,S,S] to the input of encoders, uint8 RGB [B,S,S,3]."""
    return crops.round().to(torch.uint8).permute(0, 2, 3, 1).expand(-1, -1, -1, 3)


def _uniform(shape: int | tuple[int, ...], low: float, high: float) -> Tensor:
    return torch.empty(shape).uniform_(low, high)


def _draws(groups: Tensor) -> int:
    return int(groups.max()) + 1


def _whole(low: int, high: int) -> int:
    return int(torch.randint(low, high, (1,)))


def _boxes(angle: Tensor, scale: Tensor, shift: Tensor, mirror: Tensor) -> Tensor:
    """Return affine matrices for F.affine_grid, [n,2,3]."""
    cos, sin = scale * angle.cos(), scale * angle.sin()
    across = torch.stack([mirror * cos, -sin, shift[:, 0]], dim=1)
    down = torch.stack([mirror * sin, cos, shift[:, 1]], dim=1)
    return torch.stack([across, down], dim=1)


def _warped(crops: Tensor, boxes: Tensor) -> Tensor:
    grid = F.affine_grid(to_device(boxes, crops.device), list(crops.shape), align_corners=False)
    return F.grid_sample(crops, grid, padding_mode="border", align_corners=False)
