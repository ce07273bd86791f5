"""GEIIM, the Graph-Enhanced Instance Interaction Module (arXiv 2509.04344, section on GEIIM)."""

from __future__ import annotations

from typing import Literal

import torch
from einops.layers.torch import Rearrange
from torch import Tensor, nn

Nodes = Literal["instances", "channels"]


class MixHop(nn.Module):
    """Propagate node features over a learned graph and keep every hop.

    N1 [V,d] and N2 [d,V] are learned; A = softmax_row(relu(N1 N2)); P = D^-1 (A + I) with D the row
    sums of A + I; H0 = Z; H_k = alpha Z + (1 - alpha) P H_{k-1}, k = 1..K.
    """

    def __init__(self, *, nodes: int, width: int, hops: int, alpha: float) -> None:
        super().__init__()
        self.hops, self.alpha = hops, alpha
        spread = width**-0.25  # the entries of N1 N2 then start with variance 1
        self.n1 = nn.Parameter(torch.randn(nodes, width) * spread)
        self.n2 = nn.Parameter(torch.randn(width, nodes) * spread)

    def adjacency(self) -> Tensor:
        """Return A [V,V]; its rows sum to 1."""
        return torch.softmax(torch.relu(self.n1 @ self.n2), dim=-1)

    def forward(self, z: Tensor) -> list[Tensor]:
        """Return [H0, .., HK], each of the shape of z [B,C,V,R]."""
        a, hops = self.adjacency(), [z]
        for _ in range(self.hops):
            spread = (a @ hops[-1] + hops[-1]) / 2  # P H: the rows of A sum to 1, so D = 2 I
            hops.append(self.alpha * z + (1 - self.alpha) * spread)
        return hops


class GEIIM(nn.Module):
    """Exchange information between the instances of a bag: X [B,N,D] -> LayerNorm(X + E(X)), [B,N,D].

    Z = Conv1x1(X); G = GELU(Conv1x1 [H0; ..; HK; M_k for k in kernels]); M_k is a depthwise separable
    convolution of Z over k adjacent instances; E maps G back to [B,N,D].

    `nodes="instances"` is the default and the paper's text: the graph is N x N, Z = Conv1x1_{D->width},
    E = Linear_{width->D}(G). `nodes="channels"` makes the D channels the nodes: Z = Conv1x1_{1->width},
    E = Linear_{D->D}(Conv_{width->N, kernel (1,N)}(G)); with `kernels=()` that is the authors' released form.
    """

    def __init__(
        self,
        *,
        features: int,
        instances: int,
        nodes: Nodes = "instances",
        kernels: tuple[int, ...] = (1, 3, 5),
        hops: int = 1,
        alpha: float = 0.7,
        width: int = 32,
    ) -> None:
        super().__init__()
        # Z is [B,width,V,R]: the nodes are always on the second last axis.
        if nodes == "instances":
            count = instances
            self.lift = nn.Sequential(Rearrange("b n d -> b d n 1"), nn.Conv2d(features, width, 1))
            self.back = nn.Sequential(Rearrange("b c n 1 -> b n c"), nn.Linear(width, features))
        else:
            count = features
            self.lift = nn.Sequential(Rearrange("b n d -> b 1 d n"), nn.Conv2d(1, width, 1))
            self.back = nn.Sequential(
                nn.Conv2d(width, instances, (1, instances)),
                Rearrange("b n d 1 -> b n d"),
                nn.Linear(features, features),
            )
        self.graph = MixHop(nodes=count, width=width, hops=hops, alpha=alpha)
        self.scales = nn.ModuleList(_separable(width, (k, 1) if nodes == "instances" else (1, k)) for k in kernels)
        self.fuse = nn.Sequential(nn.Conv2d(width * (1 + hops + len(kernels)), width, 1), nn.GELU())
        self.norm = nn.LayerNorm(features)

    def forward(self, x: Tensor) -> Tensor:
        """Return X' [B,N,D]."""
        z = self.lift(x)
        mixed = self.fuse(torch.cat([*self.graph(z), *(scale(z) for scale in self.scales)], dim=1))
        informed: Tensor = self.norm(x + self.back(mixed))
        return informed


def _separable(width: int, kernel: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, width, kernel, padding=(kernel[0] // 2, kernel[1] // 2), groups=width),
        nn.Conv2d(width, width, 1),
    )
