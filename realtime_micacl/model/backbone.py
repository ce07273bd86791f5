"""Instance encoders: uint8 pieces [M,P,S,S,3] RGB in, one feature per piece [M,D] out, pooled to instances.

A piece is encoded once and its features are kept: P = 1 frame for the light encoder, the L frames of an instance for
r3d_18. Pixels are normalised inside the graph, so that every runtime does it in the same way.
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import Tensor, nn

LUMA = (0.299, 0.587, 0.114)
KINETICS_MEAN = (0.43216, 0.394666, 0.37645)
KINETICS_STD = (0.22803, 0.22145, 0.216989)


class SEBlock(nn.Module):
    """Refine maps [B,C,H,W] with two 3x3 convolutions, gate the channels, add the shortcut.

    y = relu(g * u + shortcut(x)); u = BN conv relu BN conv (x); g = sigmoid(W2 relu(W1 mean_hw(u))).
    """

    def __init__(self, *, inputs: int, width: int, stride: int, reduction: int = 8) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(width, width // reduction, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(width // reduction, width, 1),
            nn.Sigmoid(),
        )
        self.shortcut = nn.Sequential()
        if stride > 1:
            self.shortcut.append(nn.AvgPool2d(stride))
        if stride > 1 or inputs != width:
            self.shortcut.extend([nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)])

    def forward(self, x: Tensor) -> Tensor:
        """Return [B,C',H/stride,W/stride]."""
        body = self.body(x)
        return torch.relu(self.gate(body) * body + self.shortcut(x))


class PerFrame(nn.Module):
    """Base of the encoders for which a piece is one frame."""

    piece = 1
    features: int
    luma: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("luma", torch.tensor(LUMA), persistent=False)

    def forward(self, crops: Tensor) -> Tensor:
        """Encode pieces, uint8 [M,1,S,S,3], to [M,D]."""
        x = crops.to(self.luma.dtype)  # the first operator: TensorRT accepts uint8 only as the input of a cast
        return self.frames(rearrange(x, "m 1 h w c -> m h w c"))

    def frames(self, crops: Tensor) -> Tensor:
        """Encode single crops, uint8 [B,S,S,3], to frame features [B,D]."""
        raise NotImplementedError  # every subclass has its own

    def freeze_frames(self) -> None:
        """Exclude from training all that encodes single frames."""
        self.requires_grad_(False)


class FrameEncoder(PerFrame):
    """Encode each frame with a small 2D SE-ResNet, then pool the frames of an instance; D = widths[-1].

    Colour has no effect (luma only), lighting little (each crop is standardised). S must be divisible by
    2 ** len(widths). With `places`, the side of the last maps, each channel has learnt weights for the places of an
    aligned face (global depthwise convolution, arXiv 1804.07573), which start equal; without, the maps are averaged.
    A frame is encoded once, however many instances contain it; stills train this part alone, and the features of a
    data set's frames can be kept between epochs.
    """

    def __init__(
        self,
        *,
        widths: tuple[int, ...] = (32, 64, 128, 256),
        blocks: tuple[int, ...] = (1, 1, 1, 1),
        frames: int = 4,
        bottleneck: int = 64,
        eps: float = 1e-3,
        places: int = 0,
    ) -> None:
        super().__init__()
        self.features, self.length, self.eps = widths[-1], frames, eps
        self.stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        )
        self.stages = nn.Sequential()
        inputs, stride = widths[0], 1
        for width, depth in zip(widths, blocks, strict=True):
            for _ in range(depth):
                self.stages.append(SEBlock(inputs=inputs, width=width, stride=stride))
                inputs, stride = width, 1
            stride = 2
        self.places = nn.Parameter(torch.zeros(self.features, places, places)) if places else None
        last = nn.Linear(bottleneck, self.features, bias=False)
        nn.init.zeros_(last.weight)
        self.to_change = nn.Sequential(nn.Linear(frames * self.features, bottleneck, bias=False), nn.GELU(), last)

    def frames(self, crops: Tensor) -> Tensor:
        """Encode single crops, uint8 [B,S,S,3], to frame features [B,D]."""
        return self.maps(crops).mean(dim=(2, 3))

    def maps(self, crops: Tensor) -> Tensor:
        """Return the last maps, [B,D,H,W]; the features are their means."""
        x = (crops.to(self.luma.dtype) * self.luma).sum(dim=3)[:, None] / 255  # [B,1,S,S], 0 to 1
        x = x - x.mean(dim=(2, 3), keepdim=True)
        x = x / (x.square().mean(dim=(2, 3), keepdim=True) + self.eps).sqrt()
        maps: Tensor = self.stages(self.stem(x))
        return maps if self.places is None else maps * (1 + self.places)

    def freeze_frames(self) -> None:
        """Exclude from training all that encodes single frames; only the pooling of frames is trained."""
        self.requires_grad_(False)
        self.to_change.requires_grad_(True)

    def pool(self, features: Tensor) -> Tensor:
        """Pool frame features [M,L,D] to [M,D]: mean_l f_l + g([f_1 - mean; ..; f_L - mean]).

        g has no bias and g(0) = 0, so L identical frames give exactly the feature of one of them. It
        also starts at zero: an untrained g changes nothing.
        """
        features = rearrange(features, "m l f -> m l f", l=self.length)
        first = features[:, :1]
        mean = features[:, 0] + (features - first).mean(dim=1)  # so equal frames give exactly the first
        change: Tensor = self.to_change(rearrange(features - mean[:, None], "m l f -> m (l f)"))
        return mean + change


class MapEncoder(FrameEncoder):
    """Encode each frame as FrameEncoder does, without averaging: D = widths[-1] * side ** 2."""

    def __init__(self, *, side: int, widths: tuple[int, ...], blocks: tuple[int, ...], places: int = 0) -> None:
        super().__init__(widths=widths, blocks=blocks, places=places)
        self.features, self.length = widths[-1] * side**2, 1
        del self.to_change

    def frames(self, crops: Tensor) -> Tensor:
        """Encode single crops, uint8 [B,S,S,3], to [B,D]."""
        return self.maps(crops).flatten(1)

    def freeze_frames(self) -> None:
        """Exclude everything from training."""
        self.requires_grad_(False)

    def pool(self, features: Tensor) -> Tensor:
        """Raise NotImplementedError: a network with this encoder takes the maps of all frames."""
        raise NotImplementedError


class Block3d(nn.Module):
    """A residual block of two 3x3x3 convolutions on maps [M,C,L,H,W]; parameters are named as in torchvision."""

    def __init__(self, *, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv3d(inputs, width, 3, stride, padding=1, bias=False), nn.BatchNorm3d(width), nn.ReLU(inplace=True)
        )
        self.conv2 = nn.Sequential(nn.Conv3d(width, width, 3, padding=1, bias=False), nn.BatchNorm3d(width))
        self.downsample = nn.Sequential()
        if stride > 1 or inputs != width:
            self.downsample.extend([nn.Conv3d(inputs, width, 1, stride, bias=False), nn.BatchNorm3d(width)])

    def forward(self, x: Tensor) -> Tensor:
        """Return [M,C',L/stride,H/stride,W/stride]."""
        return torch.relu(self.conv2(self.conv1(x)) + self.downsample(x))


class R3D18(nn.Module):
    """Encode an instance with the 18-layer 3D residual network of arXiv 1711.11248; D = 512.

    The backbone of the paper. The state dict has the keys and shapes of torchvision's `r3d_18`
    without `fc`, so its Kinetics-400 weights load with `strict=True` after that layer is removed.
    """

    features = 512
    mean: Tensor
    std: Tensor

    def __init__(self, *, frames: int = 4) -> None:
        super().__init__()
        self.piece = frames
        self.register_buffer("mean", torch.tensor(KINETICS_MEAN), persistent=False)
        self.register_buffer("std", torch.tensor(KINETICS_STD), persistent=False)
        self.stem = nn.Sequential(
            nn.Conv3d(3, 64, (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False),
            nn.BatchNorm3d(64),
            nn.ReLU(inplace=True),
        )
        self.layer1 = _layer(inputs=64, width=64, stride=1)
        self.layer2 = _layer(inputs=64, width=128, stride=2)
        self.layer3 = _layer(inputs=128, width=256, stride=2)
        self.layer4 = _layer(inputs=256, width=512, stride=2)

    def forward(self, crops: Tensor) -> Tensor:
        """Encode pieces, uint8 [M,L,S,S,3], to [M,512]."""
        x = rearrange((crops.to(self.mean.dtype) / 255 - self.mean) / self.std, "m l h w c -> m c l h w")
        maps: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))  # [M,512,L,H,W]
        return maps.mean(dim=(2, 3, 4))

    def pool(self, features: Tensor) -> Tensor:
        """Drop the axis of pieces, since an instance is one piece: [M,1,D] -> [M,D]."""
        return rearrange(features, "m 1 d -> m d")


def _layer(*, inputs: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        Block3d(inputs=inputs, width=width, stride=stride), Block3d(inputs=width, width=width, stride=1)
    )
