"""What a face looks like at rest: learnt slowly, while it is followed, from the moments in which it looks neutral.

A track starts with the average neutral face, which counts for `prior` ticks and never fades. Each tick adds its shape,
weighted by `rest`, its share of neutral; after `half_s` what was learnt counts half:

    w <- w f + rest,  s <- s f + rest (shape - mean),  f = 0.5 ** (elapsed / half_s);  neutral = mean + s / (prior + w).

`rest` is the smaller of two shares of neutral: that of the track's own reading, and that of a second reading in which
the face is treated as unknown (`strange`); the second one is made every SECOND_EVERY ticks and holds until the next.
With the own reading alone a lasting frown would soon become the neutral face, as each tick taken for neutral makes the
next one look more neutral. If the share of the second reading is below SURELY, the tick hardly counts. But a look that
lasts longer than LASTS_S is probably how the face is: then such ticks count more, and in half a minute it is learnt.

Live and training use this same code, training on all clips at once.
"""

from __future__ import annotations

import numpy as np

from realtime_micacl.types import EMOTIONS, F32

NEUTRAL = EMOTIONS.index("neutral")
WELL_KNOWN = 12.0  # neutral ticks, about a second, after which `known` is a half
SURELY = 0.57  # share of neutral; this and DOUBTED were chosen on photographs held for four seconds and on real clips
LASTS_S = 10.0  # few expressions last this long
DOUBTED, DOUBTED_LATER = 0.01, 0.1  # what a tick below SURELY counts before LASTS_S, and after it
SECOND_EVERY = 4  # ticks; as good as at every tick, and a little cheaper
FIRST, SCALE = 0.5, 3.0  # `trust` is log(1 + ticks / FIRST) / SCALE; networks are trained with it


class Neutral:
    """The own neutral face of one track or, with leading axes, of many: shapes are [.., C], weights [..]."""

    def __init__(self, mean: F32, prior: float, half_s: float, shape: tuple[int, ...] = ()) -> None:
        self._mean, self._prior, self._half_s = mean, prior, half_s
        self._sum = np.zeros((*shape, len(mean)), np.float32)
        self._weight = np.zeros(shape, np.float32)
        self._second: F32 | None = None
        self._ticks = 0
        self._followed_s = np.zeros(shape, np.float32)

    @property
    def second_due(self) -> bool:
        """Whether the next tick needs a second reading; at the first tick it would be the same as the own one."""
        return self._ticks > 0 and self._ticks % SECOND_EVERY == 0

    @property
    def shape(self) -> F32:
        """The neutral face as learnt so far, [.., C]."""
        return np.asarray(self._mean + self._sum / (self._prior + self._weight)[..., None], np.float32)

    @property
    def trust(self) -> F32:
        """How well the face is known, as the network gets it, [..]; 0 while it is the average one."""
        return np.asarray(np.log1p(self._weight / FIRST) / SCALE, np.float32)

    @property
    def known(self) -> F32:
        """How well the face is known, for people, 0 to 1, [..]."""
        return np.asarray(self._weight / (self._weight + WELL_KNOWN), np.float32)

    def read(self, shape: F32, own: F32, second: F32 | None, elapsed_s: F32 | float) -> None:
        """Learn a shape [.., C] from the shares [.., K] of the `own` reading and, if it was due, the `second`.

        `elapsed_s` [..] is the time since the tick before.
        """
        if second is not None or self._second is None:
            self._second = own if second is None else second
        self._ticks += 1
        self._followed_s = np.asarray(self._followed_s + elapsed_s, np.float32)
        self.learn(shape, rest(own, self._second, self._followed_s), elapsed_s)

    def learn(self, shape: F32, rest: F32 | float, elapsed_s: F32 | float) -> None:
        """Learn a shape [.., C] with the weight `rest` [..], `elapsed_s` [..] after the one before."""
        fade = np.asarray(0.5 ** (np.maximum(0.0, elapsed_s) / self._half_s), np.float32)
        rest = np.asarray(rest, np.float32)
        self._weight = np.asarray(self._weight * fade + rest, np.float32)
        self._sum = np.asarray(self._sum * fade[..., None] + rest[..., None] * (shape - self._mean), np.float32)

    def take(self, shape: F32, weight: F32 | float) -> None:
        """Replace the neutral face by `shape` [.., C], counted as `weight` neutral ticks [..]."""
        self._weight = np.broadcast_to(np.asarray(weight, np.float32), self._weight.shape).copy()
        self._sum = np.asarray(self._weight[..., None] * (shape - self._mean), np.float32)


def own_changes(shapes: F32, neutral: F32, trust: F32) -> F32:
    """Return shapes [.., n, 3P] minus a neutral one [.., 3P], the trust in that appended, [.., n, 3P+1]."""
    changes = np.empty((*shapes.shape[:-1], shapes.shape[-1] + 1), np.float32)
    changes[..., :-1] = shapes - neutral[..., None, :]
    changes[..., -1] = trust[..., None]
    return changes


def strange(shapes: F32, mean: F32) -> F32:
    """Return the changes [.., 3P+1] of shapes [.., 3P] of an unknown face: minus the average neutral one, trust 0."""
    changes = np.zeros((*shapes.shape[:-1], shapes.shape[-1] + 1), np.float32)
    changes[..., :-1] = shapes - mean
    return changes


def rest(own: F32, second: F32, followed_s: F32 | float) -> F32:
    """Return the weight of a tick, [..], from the shares [.., K] of both readings and the time it was followed."""
    lesser = np.minimum(own[..., NEUTRAL], second[..., NEUTRAL])
    doubted = np.where(followed_s < LASTS_S, DOUBTED, DOUBTED_LATER)
    return np.asarray(np.where(second[..., NEUTRAL] < SURELY, doubted, 1.0) * lesser, np.float32)
