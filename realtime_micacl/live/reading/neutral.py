"""What a face looks like at rest: learnt slowly, while it is followed, from the moments in which it looks neutral.

A track starts with everybody's neutral face, which counts for `prior` ticks and never fades. Each tick adds its shape,
weighted by `rest`, the share of neutral in its own reading; what was learnt counts half after `half_s`:

    w <- w f + rest,  s <- s f + rest (shape - mean),  f = 0.5 ** (elapsed / half_s);  neutral = mean + s / (prior + w).

Live and in training the same lines run; in training over all clips at once.
"""

from __future__ import annotations

import numpy as np

from realtime_micacl.types import F32

WELL_KNOWN = 12.0  # neutral ticks, about a second, after which a face is half known, for people
SCALE = 3.0  # of the logarithm that the network gets


class Neutral:
    """The own neutral face of one track or, with leading axes, of many: shapes are [.., C], weights [..]."""

    def __init__(self, mean: F32, prior: float, half_s: float, shape: tuple[int, ...] = ()) -> None:
        self._mean, self._prior, self._half_s = mean, prior, half_s
        self._sum = np.zeros((*shape, len(mean)), np.float32)
        self._weight = np.zeros(shape, np.float32)

    @property
    def shape(self) -> F32:
        """How the face is taken to look at rest, [.., C]."""
        return np.asarray(self._mean + self._sum / (self._prior + self._weight)[..., None], np.float32)

    @property
    def trust(self) -> F32:
        """How well the face is known, as the network gets it, [..]; 0 while it is everybody's."""
        return np.asarray(np.log1p(self._weight / self._prior) / SCALE, np.float32)

    @property
    def known(self) -> F32:
        """How well the face is known, for people, 0 to 1, [..]."""
        return np.asarray(self._weight / (self._weight + WELL_KNOWN), np.float32)

    def learn(self, shape: F32, rest: F32 | float, elapsed_s: F32 | float) -> None:
        """Take in a shape [.., C], neutral to a share of `rest` [..], `elapsed_s` [..] after the one before."""
        fade = np.asarray(0.5 ** (np.maximum(0.0, elapsed_s) / self._half_s), np.float32)
        rest = np.asarray(rest, np.float32)
        self._weight = np.asarray(self._weight * fade + rest, np.float32)
        self._sum = np.asarray(self._sum * fade[..., None] + rest[..., None] * (shape - self._mean), np.float32)

    def take(self, shape: F32, weight: F32 | float) -> None:
        """Start again: `shape` [.., C] is the neutral face, as sure as after `weight` neutral ticks [..]."""
        self._weight = np.broadcast_to(np.asarray(weight, np.float32), self._weight.shape).copy()
        self._sum = np.asarray(self._weight[..., None] * (shape - self._mean), np.float32)
