"""R3D18 as plain 2D convolutions, with the same results and without the weights that short instances never use.

An instance has few frames, and fewer after each stage (4, 2, 1, 1), so most taps of the temporal kernels only meet zero
padding; for L = 4 these are 61 % of the weights. Each output frame depends on a run of input frames. With these
concatenated as channels, its 3D convolution becomes a 2D one; batch normalisation is folded in.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

from realtime_micacl.model.backbone import R3D18, Block3d


def taps(frames: int, out: int, conv: nn.Conv3d) -> tuple[int, range]:
    """Return the first of `frames` input frames that output frame `out` depends on, and the kernel's taps for them."""
    before, reach = out * conv.stride[0] - int(conv.padding[0]), conv.kernel_size[0]
    live = range(max(0, -before), min(reach, frames - before))
    return before + live.start, live


def frames_after(frames: int, conv: nn.Conv3d) -> int:
    """Return the number of output frames of a convolution over `frames`."""
    return (frames + 2 * int(conv.padding[0]) - conv.kernel_size[0]) // conv.stride[0] + 1


class FoldedConv(nn.Module):
    """A Conv3d and its BatchNorm3d as one Conv2d per kind of output frame: [M,T C,H,W] -> [M,T' C',H',W']."""

    def __init__(self, conv: nn.Conv3d, norm: nn.BatchNorm3d, frames: int) -> None:
        super().__init__()
        self.frames = frames_after(frames, conv)
        self.parts = nn.ModuleDict()
        self._plan: list[tuple[slice, str]] = []
        for out in range(self.frames):
            first, live = taps(frames, out, conv)
            name = f"taps_{live.start}_{live.stop - 1}"
            if name not in self.parts:  # inner frames have the same taps
                self.parts[name] = _flat(conv, norm, live)
            self._plan.append((slice(first * conv.in_channels, (first + len(live)) * conv.in_channels), name))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output frames, concatenated as channels."""
        if len(self._plan) == 1:
            (channels, name), *_ = self._plan
            return self.parts[name](x[:, channels])  # type: ignore[no-any-return]
        return torch.cat([self.parts[name](x[:, channels]) for channels, name in self._plan], dim=1)


def _flat(conv: nn.Conv3d, norm: nn.BatchNorm3d, live: range) -> nn.Conv2d:
    """Return the 2D convolution of the taps `live` over as many frames; computed in float64, stored in conv's type."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    weight = conv.weight.double()[:, :, live.start : live.stop] * scale[:, None, None, None, None]
    size, stride, padding = conv.kernel_size[1:], conv.stride[1:], tuple(int(p) for p in conv.padding[1:])
    flat = nn.Conv2d(len(live) * conv.in_channels, conv.out_channels, size, stride, padding)  # type: ignore[arg-type]
    kind = conv.weight.dtype
    flat.weight = nn.Parameter(rearrange(weight, "o i t h w -> o (t i) h w").to(kind).detach())
    flat.bias = nn.Parameter((norm.bias.double() - norm.running_mean.double() * scale).to(kind).detach())
    return flat


class FoldedBlock(nn.Module):
    """A Block3d of folded convolutions."""

    def __init__(self, block: Block3d, frames: int) -> None:
        super().__init__()
        self.conv1 = _folded(block.conv1, frames)
        self.frames = self.conv1.frames
        self.conv2 = _folded(block.conv2, self.frames)
        self.downsample = _folded(block.downsample, frames) if len(block.downsample) else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return [M,T' C',H',W']."""
        return torch.relu(self.conv2(torch.relu(self.conv1(x))) + self.downsample(x))


class FoldedR3D18(nn.Module):
    """R3D18 of folded convolutions: the same features up to rounding; for export, not for training.

    For L = 4 it has 14.0 instead of 33.2 million parameters.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, encoder: R3D18) -> None:
        super().__init__()
        mean, std = (each.double().repeat(encoder.piece)[:, None, None] for each in (encoder.mean, encoder.std))
        self.register_buffer("scale", (1 / (255 * std)).to(encoder.mean.dtype), persistent=False)
        self.register_buffer("shift", (mean / std).to(encoder.mean.dtype), persistent=False)
        self.stem = _folded(encoder.stem, encoder.piece)
        self.blocks = nn.Sequential()
        self.frames = self.stem.frames
        for layer in (encoder.layer1, encoder.layer2, encoder.layer3, encoder.layer4):
            for block in layer:
                assert isinstance(block, Block3d)
                folded = FoldedBlock(block, self.frames)
                self.blocks.append(folded)
                self.frames = folded.frames

    def forward(self, crops: Tensor) -> Tensor:
        """Encode pieces, uint8 [M,L,S,S,3], to [M,512]."""
        planes = rearrange(crops, "m l h w c -> m (l c) h w")  # transposing bytes takes a sixth of the time
        maps = self.blocks(torch.relu(self.stem(planes.to(self.scale.dtype) * self.scale - self.shift)))
        features: Tensor = rearrange(maps, "m (l c) h w -> m c (l h w)", l=self.frames).mean(dim=2)
        return features


def _folded(pair: nn.Sequential, frames: int) -> FoldedConv:
    conv, norm = pair[0], pair[1]
    assert isinstance(conv, nn.Conv3d)
    assert isinstance(norm, nn.BatchNorm3d)
    return FoldedConv(conv, norm, frames)
