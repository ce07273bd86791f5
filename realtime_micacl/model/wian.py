"""WIAN, the Weighted Instance Aggregation Network (arXiv 2509.04344, section on WIAN)."""

from __future__ import annotations

from typing import Literal

import torch
from einops import rearrange
from torch import Tensor, nn

Over = Literal["instances", "channels"]


class GatedLSTM(nn.Module):
    """One direction of one layer over the instances; a fifth gate scales each instance by its weight.

    i,f,o = sigmoid(W z_t + U h);  g = tanh(W z_t + U h);  w = sigmoid(W_s z_t + U_s h) * D_t;
    c <- f * c + i * g * w;  h <- o * tanh(c). One bias per gate; i, f, o and w start open (bias 1),
    because half-open gates would weaken the signal eightfold in every layer.
    """

    def __init__(self, *, size: int, reverse: bool) -> None:
        super().__init__()
        self.size, self.reverse = size, reverse
        self.from_input = nn.Linear(size, 5 * size)
        self.from_state = nn.Linear(size, 5 * size, bias=False)
        _keep_variance(self.from_input)
        _keep_variance(self.from_state)
        with torch.no_grad():
            i, f, o, _, w = self.from_input.bias.chunk(5)
            for gate in (i, f, o, w):
                gate.fill_(1.0)

    def forward(self, z: Tensor, weights: Tensor) -> Tensor:
        """Return the states h [B,N,H] for inputs z and weights D, both [B,N,H]."""
        steps = list(zip(self.from_input(z).unbind(1), weights.unbind(1), strict=True))
        h = c = torch.zeros_like(z[:, 0])
        states = []
        for from_input, weight in reversed(steps) if self.reverse else steps:
            i, f, o, g, w = (from_input + self.from_state(h)).split(self.size, dim=-1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh() * w.sigmoid() * weight
            h = o.sigmoid() * c.tanh()
            states.append(h)
        return torch.stack(states[::-1] if self.reverse else states, dim=1)


class Attention(nn.Module):
    """Attend over the instances of a bag: softmax(Q K^T / sqrt(E / heads)) V per head, then a linear layer.

    The bare form has no biases and no linear layer after it. Biases start at 0.
    """

    def __init__(self, *, size: int, heads: int, bare: bool = False) -> None:
        super().__init__()
        self.heads, self.scale = heads, (size // heads) ** -0.5
        self.to_qkv = nn.Linear(size, 3 * size, bias=not bare)
        self.to_out = nn.Sequential()
        if not bare:
            self.to_out.append(nn.Linear(size, size))
        for layer in (self.to_qkv, *self.to_out):
            _keep_variance(layer)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Turn [B,N,E] into [B,N,E]."""
        q, k, v = rearrange(self.to_qkv(x), "b n (three m d) -> three b m n d", three=3, m=self.heads).unbind()
        attention = torch.softmax(self.scale * (q @ k.transpose(-1, -2)), dim=-1)
        mixed: Tensor = self.to_out(rearrange(attention @ v, "b m n d -> b n (m d)"))
        return mixed


class DMIN(nn.Module):
    """Normalise instances x [B,N,E] by a learned mix of instance and bag statistics; none cross the batch.

    gamma (x - (w1 mu_I + w2 mu_B)) / sqrt(v1 var_I + v2 var_B + eps) + beta; (w1,w2) and (v1,v2) are
    softmaxes of learned pairs; mu_I, var_I over the instances per channel (unbiased, so N >= 2);
    mu_B = mean_c mu_I; var_B = mean_c(var_I + mu_I^2) - mu_B^2. From M3DFEL (CVPR 2023).
    """

    def __init__(self, *, size: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.means = nn.Parameter(torch.zeros(2))
        self.variances = nn.Parameter(torch.zeros(2))
        self.gamma = nn.Parameter(torch.ones(size))
        self.beta = nn.Parameter(torch.zeros(size))

    def forward(self, x: Tensor) -> Tensor:
        """Return [B,N,E]."""
        instance_mean = x.mean(dim=1, keepdim=True)  # [B,1,E]
        instance_var = (x - instance_mean).square().sum(dim=1, keepdim=True) / (x.shape[1] - 1)
        bag_mean = instance_mean.mean(dim=2, keepdim=True)  # [B,1,1]
        bag_var = (instance_var + instance_mean.square()).mean(dim=2, keepdim=True) - bag_mean.square()
        w, v = torch.softmax(self.means, dim=0), torch.softmax(self.variances, dim=0)
        mean = w[0] * instance_mean + w[1] * bag_mean
        spread = (v[0] * instance_var + v[1] * bag_var + self.eps).sqrt()
        return self.gamma * (x - mean) / spread + self.beta


class WIAN(nn.Module):
    """Aggregate the instances of a bag, X [B,N,D], weighted, into one vector b in R^{2H}.

    Per direction, layers of GatedLSTM from X on; Y = LayerNorm(MHA_4([h_fwd; h_bwd])), no residual;
    S = MHSA_8(Y), bias-free and without output projection; V = Y * sigmoid(DMIN(S));
    b = Conv1d_{N->1, kernel 3, padding 1}(V), sliding along the feature axis.

    `over="instances"` is the default: weights D = N softmax over instances, mean 1 per channel.
    `over="channels"` with `layers=4` is the authors' released form: D = softmax over channels, about
    1 / H, so the signal sinks below LayerNorm's eps, and every instance has importance 1.
    """

    def __init__(
        self, *, features: int, instances: int, hidden: int | None = None, over: Over = "instances", layers: int = 2
    ) -> None:
        super().__init__()
        hidden = hidden or features
        self.axis, self.total = (1, instances) if over == "instances" else (2, 1)
        self.project = nn.Identity() if hidden == features else nn.Linear(features, hidden)
        self.forwards = nn.ModuleList(GatedLSTM(size=hidden, reverse=False) for _ in range(layers))
        self.backwards = nn.ModuleList(GatedLSTM(size=hidden, reverse=True) for _ in range(layers))
        self.attend = Attention(size=2 * hidden, heads=4)
        self.norm = nn.LayerNorm(2 * hidden)
        self.relate = Attention(size=2 * hidden, heads=8, bare=True)
        self.dmin = DMIN(size=2 * hidden)
        self.fuse = nn.Conv1d(instances, 1, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return b [B,2H] and the instance importance [B,N]: D averaged over channels, mean 1 over instances."""
        x = self.project(x)
        weights = self.total * torch.softmax(x, dim=self.axis)
        ahead = behind = x
        for forwards, backwards in zip(self.forwards, self.backwards, strict=True):
            ahead, behind = forwards(ahead, weights), backwards(behind, weights)
        y = self.norm(self.attend(torch.cat([ahead, behind], dim=-1)))
        v = y * self.dmin(self.relate(y)).sigmoid()
        importance = weights.mean(dim=2)
        return self.fuse(v)[:, 0], importance / importance.mean(dim=1, keepdim=True)


class BiLSTMMean(nn.Module):
    """Aggregate the instances with a plain bidirectional LSTM and the mean: the bag vector without WIAN."""

    def __init__(self, *, features: int, hidden: int | None = None) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, hidden or features, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return b [B,2H] and an importance of 1 for every instance, [B,N]."""
        states, _ = self.lstm(x)
        return states.mean(dim=1), torch.ones_like(x[..., 0])


def _keep_variance(layer: nn.Linear) -> None:
    nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
