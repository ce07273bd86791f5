"""The two towers of CLIP (arXiv 2103.00020), with the names that OpenAI's and OpenCLIP's weights have."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from realtime_micacl.model.backbone import PerFrame

Activation = Literal["quick_gelu", "gelu"]
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
HEAD = 64  # channels of an attention head, in every CLIP


def unit(x: Tensor) -> Tensor:
    """Scale the vectors on the last axis to length 1."""
    return x / (x.square().sum(dim=-1, keepdim=True) + 1e-12).sqrt()


class Tokens(nn.Module):
    """Multi-head self-attention over tokens [B,T,C]; parameters are named as in nn.MultiheadAttention."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // HEAD)
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width**-0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return [B,T,C]; `mask` [T,T] is added to the attention scores."""
        b, t, c = x.shape
        made = F.linear(x.to(self.in_proj_weight.dtype), self.in_proj_weight, self.in_proj_bias).to(x.dtype)
        parts = made.view(b, t, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4).unbind()
        scores = q @ k.transpose(-1, -2) * (c // self.heads) ** -0.5
        looked = torch.softmax(scores if mask is None else scores + mask, dim=-1)
        mixed: Tensor = self.out_proj((looked @ v).transpose(1, 2).reshape(b, t, c))
        return mixed


class Perceptron(nn.Module):
    """The feed-forward network, C -> 4C -> C."""

    def __init__(self, width: int, activation: Activation) -> None:
        super().__init__()
        self.c_fc, self.c_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Return [B,T,C]."""
        x = self.c_fc(x)
        x = x * torch.sigmoid(1.702 * x) if self.activation == "quick_gelu" else F.gelu(x)
        made: Tensor = self.c_proj(x)
        return made


class Adapter(nn.Module):
    """x + C -> C/4 -> C with GELU; the last layer starts at zero, so at first it is the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, width // 4), nn.Linear(width // 4, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the adapted tokens."""
        adapted: Tensor = x + self.up(F.gelu(self.down(x)))
        return adapted


class Block(nn.Module):
    """x + Attn(LN x), then x + Adapter(FFN(LN x)), with or without the adapter."""

    def __init__(self, width: int, activation: Activation, adapted: bool = False) -> None:
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Tokens(width)
        self.ln_2, self.mlp = nn.LayerNorm(width), Perceptron(width, activation)
        self.adapter = Adapter(width) if adapted else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return tokens [B,T,C]."""
        x = x + self.attn(self.ln_1(x), mask)
        adapted: Tensor = x + self.adapter(self.mlp(self.ln_2(x)))
        return adapted


class Blocks(nn.Module):
    """Blocks one after another, the last `adapted` of them with adapters."""

    def __init__(self, width: int, layers: int, activation: Activation, adapted: int = 0) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width, activation, i >= layers - adapted) for i in range(layers))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return tokens [B,T,C]."""
        for block in self.resblocks:
            x = block(x, mask)
        return x


class ClipImage(PerFrame):
    """CLIP's image tower: each frame, u8 RGB of S px, to a vector of length 1, [M,D]."""

    mean: Tensor
    std: Tensor

    def __init__(
        self, *, size_px: int, patch: int, width: int, layers: int, vector: int, adapters: int, activation: Activation
    ) -> None:
        super().__init__()
        self.features = vector
        self.register_buffer("mean", torch.tensor(MEAN), persistent=False)
        self.register_buffer("std", torch.tensor(STD), persistent=False)
        self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width) * width**-0.5)
        self.positional_embedding = nn.Parameter(torch.randn((size_px // patch) ** 2 + 1, width) * width**-0.5)
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = Blocks(width, layers, activation, adapters)
        self.proj = nn.Parameter(torch.randn(width, vector) * width**-0.5)

    def frames(self, crops: Tensor) -> Tensor:
        """Encode single crops, uint8 [B,S,S,3], to [B,D]."""
        pixels = (crops.to(self.mean.dtype) / 255 - self.mean) / self.std
        patches = self.conv1(pixels.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        first = self.class_embedding + torch.zeros_like(patches[:, :1])
        x = self.ln_pre(torch.cat([first, patches], dim=1) + self.positional_embedding)
        return unit(self.ln_post(self.transformer(x)[:, 0]) @ self.proj)

    def adapt_only(self) -> None:
        """Train only the adapters, not the tower."""
        self.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, Adapter):
                module.requires_grad_(True)


class ClipText(nn.Module):
    """CLIP's text tower: token ids [B,T], padded with 0, to vectors of length 1, [B,D]."""

    def __init__(self, *, words: int, length: int, width: int, layers: int, vector: int, activation: Activation):
        super().__init__()
        self.token_embedding = nn.Embedding(words, width)
        self.positional_embedding = nn.Parameter(torch.randn(length, width) * 0.01)
        self.transformer = Blocks(width, layers, activation)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.randn(width, vector) * width**-0.5)
        self.logit_scale = nn.Parameter(torch.tensor(2.659))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the vectors of texts, from the last token, whose id is the largest; attention is causal."""
        mask = torch.full((tokens.shape[1],) * 2, float("-inf"), device=tokens.device).triu(1)
        x = self.ln_final(self.transformer(self.token_embedding(tokens) + self.positional_embedding, mask))
        return unit(x[torch.arange(len(x)), tokens.argmax(dim=1)] @ self.text_projection)
