"""Team RAS's fusion (MHPF): a weight of each engine for each emotion, learnt on people whom no engine learnt from.

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
"""Numbers of steps after which to stop; the one with the best result on people left out is taken."""
RATE = 0.03
FOLDS = 5
LEAST = 1e-6  # a probability is taken to be at least this


@dataclass(frozen=True, eq=False)
class Fit:
    """The fitted fusion, and its cross-validated loss beside that of the plain mean."""

    weights: F32
    """Of each engine for each emotion, [M,K]; over the engines they sum to 1."""
    loss: tuple[float, float]
    """Cross-entropy of the fusion and of the plain mean of log probabilities, on people left out of the fit."""


def fit(probabilities: F32, labels: Labels, people: Labels, seed: int = 0) -> Fit:
    """Fit the weights to the engines' probabilities [M,n,K] of clips, with cross-validation by people.

    With a single person there is nobody to validate on: then the weights stay as they start, nearly even.
    """
    _, person = np.unique(people, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(person.max() + 1)[person] % FOLDS
    left_out = np.zeros((len(STOPS), *probabilities[0].shape), np.float32)
    for k in np.unique(fold):
        learnt, left = fold != k, fold == k
        found = learn(probabilities[:, learnt], labels[learnt], seed, STOPS if learnt.any() else (0,))
        for stop in range(len(STOPS)):
            left_out[stop][left] = fused(probabilities[:, left], found[min(stop, len(found) - 1)])
    losses = [_loss(each, labels) for each in left_out]
    best = int(np.argmin(losses))
    return Fit(learn(probabilities, labels, seed)[best], (losses[best], _loss(averaged(probabilities), labels)))


def learn(probabilities: F32, labels: Labels, seed: int = 0, stops: tuple[int, ...] = STOPS) -> list[F32]:
    """Return the weights [M,K] after each of `stops`; in the loss all emotions that occur count alike."""
    draw = torch.Generator().manual_seed(seed)
    w = torch.rand(HEADS, len(probabilities), len(EMOTIONS), generator=draw, requires_grad=True)
    v = torch.rand(HEADS, generator=draw, requires_grad=True)
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    balance = np.where(counts > 0, len(labels) / np.maximum(counts, 1) / max(1, (counts > 0).sum()), 0).astype(
        np.float32
    )
    p, y, balanced = torch.from_numpy(probabilities), torch.from_numpy(labels), torch.from_numpy(balance)
    optimiser = torch.optim.Adam([w, v], lr=RATE)
    found: list[F32] = []
    with torch.enable_grad():
        for step in range(stops[-1] + 1):
            if step in stops:
                found.append(np.asarray(_weights(w, v).detach().numpy(), np.float32))
            total = (_weights(w, v)[:, None] * p).sum(dim=0)
            loss = F.nll_loss((total / total.sum(dim=1, keepdim=True)).clamp_min(LEAST).log(), y, balanced)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return found


def fused(probabilities: F32, weights: F32) -> F32:
    """Return the weighted sum over the engines, normalised to 1, [n,K]."""
    total = (weights[:, None] * probabilities).sum(axis=0)
    return np.asarray(total / total.sum(axis=1, keepdims=True), np.float32)


def averaged(probabilities: F32) -> F32:
    """Return the softmax of the plain mean of log probabilities, [n,K]."""
    logs = np.log(np.maximum(probabilities, LEAST)).mean(axis=0)
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _weights(w: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return (torch.softmax(v, dim=0)[:, None, None] * torch.softmax(w, dim=1)).sum(dim=0)


def _loss(probabilities: F32, labels: Labels) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], LEAST)).mean())
