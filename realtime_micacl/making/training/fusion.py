"""Team RAS's fusion (MHPF): for each emotion a weight for each engine, learnt on people whom none of them learnt from.

fused[e] = sum_h softmax(v)_h sum_m softmax_m(W[h,:,e])_m p_m[e], with W [H,M,K] and v [H] from U(0,1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from realtime_micacl.making.scores import Labels
from realtime_micacl.types import EMOTIONS, F32

HEADS = 3
STOPS = (0, 10, 30, 100, 300)
"""After so many steps the weights are looked at; the stop that reads people left out best is taken."""
RATE = 0.03
PARTS = 5
LEAST = 1e-6  # a share is taken to be at least this


@dataclass(frozen=True, eq=False)
class Fit:
    """How engines are put together, and how both ways read people whom the fit did not see, each part in turn."""

    weights: F32
    """Of each engine for each emotion, [M,K]; over the engines they sum to 1."""
    loss: tuple[float, float]
    """Cross-entropy of the weights and of the plain mean of log shares."""


def fit(shares: F32, labels: Labels, people: Labels, seed: int = 0) -> Fit:
    """Fit the weights to the shares [M,n,K] that engines gave to clips, and try them on parts of the people.

    A single person says nothing of others: then the weights stay as they start, nearly even.
    """
    _, person = np.unique(people, return_inverse=True)
    part = np.random.default_rng(seed).permutation(person.max() + 1)[person] % PARTS
    left_out = np.zeros((len(STOPS), *shares[0].shape), np.float32)
    for k in np.unique(part):
        learnt, left = part != k, part == k
        found = learn(shares[:, learnt], labels[learnt], seed, STOPS if learnt.any() else (0,))
        for stop in range(len(STOPS)):
            left_out[stop][left] = fused(shares[:, left], found[min(stop, len(found) - 1)])
    losses = [_loss(each, labels) for each in left_out]
    best = int(np.argmin(losses))
    return Fit(learn(shares, labels, seed)[best], (losses[best], _loss(averaged(shares), labels)))


def learn(shares: F32, labels: Labels, seed: int = 0, stops: tuple[int, ...] = STOPS) -> list[F32]:
    """Return the weights [M,K] after each stop; every emotion counts alike in the loss, an absent one nothing."""
    draw = torch.Generator().manual_seed(seed)
    w = torch.rand(HEADS, len(shares), len(EMOTIONS), generator=draw, requires_grad=True)
    v = torch.rand(HEADS, generator=draw, requires_grad=True)
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    balance = np.where(counts > 0, len(labels) / np.maximum(counts, 1) / max(1, (counts > 0).sum()), 0).astype(
        np.float32
    )
    p, y, balanced = torch.from_numpy(shares), torch.from_numpy(labels), torch.from_numpy(balance)
    optimiser = torch.optim.Adam([w, v], lr=RATE)
    found: list[F32] = []
    with torch.enable_grad():
        for step in range(stops[-1] + 1):
            if step in stops:
                found.append(np.asarray(_weights(w, v).detach().numpy(), np.float32))
            said = (_weights(w, v)[:, None] * p).sum(dim=0)
            loss = F.nll_loss((said / said.sum(dim=1, keepdim=True)).clamp_min(LEAST).log(), y, balanced)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return found


def fused(shares: F32, weights: F32) -> F32:
    """Return the weighted shares [n,K], brought back to a sum of 1."""
    said = (weights[:, None] * shares).sum(axis=0)
    return np.asarray(said / said.sum(axis=1, keepdims=True), np.float32)


def averaged(shares: F32) -> F32:
    """Return the softmax of the plain mean of log shares, [n,K]."""
    logs = np.log(np.maximum(shares, LEAST)).mean(axis=0)
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _weights(w: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return (torch.softmax(v, dim=0)[:, None, None] * torch.softmax(w, dim=1)).sum(dim=0)


def _loss(shares: F32, labels: Labels) -> float:
    return float(-np.log(np.maximum(shares[np.arange(len(labels)), labels], LEAST)).mean())
