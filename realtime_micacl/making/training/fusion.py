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
STEPS = 300
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
    """Fit the weights to the shares [M,n,K] that engines gave to clips, and try them on parts of the people."""
    _, person = np.unique(people, return_inverse=True)
    part = np.random.default_rng(seed).permutation(person.max() + 1)[person] % PARTS
    told, plain = np.zeros_like(shares[0]), averaged(shares)
    for k in np.unique(part):
        learnt, left = part != k, part == k
        if learnt.any():
            told[left] = fused(shares[:, left], learn(shares[:, learnt], labels[learnt], seed))
        else:
            told[left] = plain[left]
    return Fit(learn(shares, labels, seed), (_loss(told, labels), _loss(plain, labels)))


def learn(shares: F32, labels: Labels, seed: int = 0) -> F32:
    """Return the weights [M,K] that read the clips best, every emotion counting alike; an absent one counts nothing."""
    draw = torch.Generator().manual_seed(seed)
    w = torch.rand(HEADS, len(shares), len(EMOTIONS), generator=draw, requires_grad=True)
    v = torch.rand(HEADS, generator=draw, requires_grad=True)
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    balance = np.where(counts > 0, len(labels) / np.maximum(counts, 1) / (counts > 0).sum(), 0).astype(np.float32)
    p, y, balanced = torch.from_numpy(shares), torch.from_numpy(labels), torch.from_numpy(balance)
    optimiser = torch.optim.Adam([w, v], lr=RATE)
    with torch.enable_grad():
        for _ in range(STEPS):
            said = (_weights(w, v)[:, None] * p).sum(dim=0)
            loss = F.nll_loss((said / said.sum(dim=1, keepdim=True)).clamp_min(LEAST).log(), y, balanced)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return np.asarray(_weights(w, v).detach().numpy(), np.float32)


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
