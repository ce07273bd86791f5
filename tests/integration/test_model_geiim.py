"""GEIIM against loops written from its equations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from realtime_micacl.model.geiim import GEIIM, MixHop, Nodes

N, D, W = 3, 5, 4


def made(nodes: Nodes, kernels: tuple[int, ...] = (1, 3, 5), hops: int = 2) -> GEIIM:
    torch.manual_seed(0)
    module = GEIIM(features=D, instances=N, nodes=nodes, kernels=kernels, hops=hops, alpha=0.6, width=W).double()
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_(0, 0.7)
    return module.eval()


def value(layer: nn.Module, name: str = "weight") -> np.ndarray:
    return layer.get_parameter(name).detach().numpy()


def gelu(x: np.ndarray) -> np.ndarray:
    return np.array([v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x])


def twin_hops(graph: MixHop, z: np.ndarray) -> list[np.ndarray]:
    """Mix z [V,..] over its first axis."""
    n1, n2 = value(graph, "n1"), value(graph, "n2")
    count = len(n1)
    p = np.zeros((count, count))
    for i in range(count):
        row = np.array([math.exp(max(0.0, sum(n1[i, c] * n2[c, j] for c in range(n1.shape[1])))) for j in range(count)])
        with_loop = row / row.sum() + np.eye(count)[i]
        p[i] = with_loop / with_loop.sum()
    hops = [z]
    for _ in range(graph.hops):
        mixed = np.zeros_like(z)
        for i in range(count):
            mixed[i] = graph.alpha * z[i] + (1 - graph.alpha) * sum(p[i, j] * hops[-1][j] for j in range(count))
        hops.append(mixed)
    return hops


def twin_scale(scale: nn.Module, z: np.ndarray) -> np.ndarray:
    """Convolve z [N,W] over its instances, channel by channel, then mix the channels."""
    deep, point = scale[0], scale[1]
    kernel = value(deep).reshape(W, -1)
    reach = kernel.shape[1] // 2
    u = np.zeros_like(z)
    for n in range(N):
        for c in range(W):
            taps = [(n + t - reach, kernel[c, t]) for t in range(kernel.shape[1])]
            u[n, c] = value(deep, "bias")[c] + sum(z[at, c] * tap for at, tap in taps if 0 <= at < N)
    return np.array([value(point)[:, :, 0, 0] @ u[n] + value(point, "bias") for n in range(N)])


def twin_fuse(module: GEIIM, parts: list[np.ndarray]) -> np.ndarray:
    return gelu(value(module.fuse[0])[:, :, 0, 0] @ np.concatenate(parts) + value(module.fuse[0], "bias"))


def twin_norm(norm: nn.LayerNorm, x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / math.sqrt(((x - x.mean()) ** 2).mean() + 1e-5) * value(norm) + value(norm, "bias")


def twin_instances(module: GEIIM, x: np.ndarray) -> np.ndarray:
    lift, back = module.lift[1], module.back[1]
    z = np.array([value(lift)[:, :, 0, 0] @ x[n] + value(lift, "bias") for n in range(N)])
    hops = twin_hops(module.graph, z)
    scales = [twin_scale(scale, z) for scale in module.scales]
    out = np.zeros_like(x)
    for n in range(N):
        g = twin_fuse(module, [part[n] for part in hops + scales])
        out[n] = twin_norm(module.norm, x[n] + value(back) @ g + value(back, "bias"))
    return out


def twin_channels(module: GEIIM, x: np.ndarray) -> np.ndarray:
    lift, collect, back = module.lift[1], module.back[0], module.back[2]
    z = np.zeros((D, N, W))
    for v in range(D):
        for n in range(N):
            z[v, n] = value(lift)[:, 0, 0, 0] * x[n, v] + value(lift, "bias")
    hops = twin_hops(module.graph, z)
    scales = [np.array([twin_scale(scale, z[v]) for v in range(D)]) for scale in module.scales]
    e = np.zeros((N, D))
    for v in range(D):
        g = [twin_fuse(module, [part[v, n] for part in hops + scales]) for n in range(N)]
        for t in range(N):
            e[t, v] = value(collect, "bias")[t] + sum(value(collect)[t, :, 0, n] @ g[n] for n in range(N))
    return np.array([twin_norm(module.norm, x[n] + value(back) @ e[n] + value(back, "bias")) for n in range(N)])


TWINS = {"instances": twin_instances, "channels": twin_channels}


@pytest.mark.parametrize("nodes", ["instances", "channels"])
@pytest.mark.parametrize(("kernels", "hops"), [((1, 3, 5), 2), ((), 1)])
def test_it_is_its_equations(nodes: Nodes, kernels: tuple[int, ...], hops: int) -> None:
    module = made(nodes, kernels, hops)
    x = torch.randn(2, N, D, dtype=torch.float64)
    for b in range(2):
        np.testing.assert_allclose(module(x)[b].detach().numpy(), TWINS[nodes](module, x[b].numpy()), atol=1e-9)


@pytest.mark.parametrize("nodes", ["instances", "channels"])
def test_gradients(nodes: Nodes) -> None:
    module = made(nodes, kernels=(3,), hops=1)
    x = torch.randn(1, N, D, dtype=torch.float64, requires_grad=True)
    n1 = module.graph.n1

    def of(x: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return module(x)

    assert torch.autograd.gradcheck(of, (x, n1))


@pytest.mark.parametrize("nodes", ["instances", "channels"])
def test_bags_do_not_see_each_other(nodes: Nodes) -> None:
    module = made(nodes)
    x = torch.randn(3, N, D, dtype=torch.float64)
    for b in range(3):
        torch.testing.assert_close(module(x[b : b + 1])[0], module(x)[b], rtol=0, atol=1e-12)


@pytest.mark.parametrize("nodes", ["instances", "channels"])
def test_every_instance_informs_every_other(nodes: Nodes) -> None:
    module = made(nodes, kernels=())
    x = torch.randn(1, N, D, dtype=torch.float64, requires_grad=True)
    for n in range(N):
        reach = torch.autograd.grad(module(x)[0, n, 0], x)[0].abs().sum(dim=-1)
        assert (reach > 0).all()


@settings(deadline=None, max_examples=25)
@given(nodes=st.integers(1, 9), width=st.integers(1, 40), seed=st.integers(0, 2**31))
def test_the_rows_of_the_graph_sum_to_one(nodes: int, width: int, seed: int) -> None:
    torch.manual_seed(seed)
    adjacency = MixHop(nodes=nodes, width=width, hops=1, alpha=0.7).adjacency()
    assert (adjacency > 0).all()
    torch.testing.assert_close(adjacency.sum(dim=1), torch.ones(nodes))


def test_the_graph_starts_with_its_scores_at_variance_one() -> None:
    torch.manual_seed(0)
    graph = MixHop(nodes=64, width=32, hops=1, alpha=0.7)
    assert (graph.n1 @ graph.n2).std().item() == pytest.approx(1, abs=0.1)


@settings(deadline=None, max_examples=25)
@given(hops=st.integers(0, 4), alpha=st.floats(0, 1))
def test_what_all_nodes_share_is_not_changed_by_mixing(hops: int, alpha: float) -> None:
    graph = MixHop(nodes=N, width=W, hops=hops, alpha=alpha).double()
    z = torch.randn(1, W, 1, 1, dtype=torch.float64).expand(1, W, N, 2)
    mixed = graph(z)
    assert len(mixed) == hops + 1
    for hop in mixed:
        torch.testing.assert_close(hop, z, rtol=0, atol=1e-12)
