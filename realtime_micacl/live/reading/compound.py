"""Mixtures of two expressions, experimental: pair-wise aggregation, after Team RAS in the 9th ABAW challenge.

score(a, b) = P[a] + P[b], and the pair with the highest score. The plain sum is dominated by any one strong class: a
share of 0.9 puts every pair that holds it on top. So a pair is given only where both parts are really present: where
the geometric mean of their shares is above a threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from realtime_micacl.types import EMOTIONS, F32

PAIRS = {  # in the order of the challenge: of equal scores the first wins
    "fearfully surprised": ("fear", "surprise"),
    "happily surprised": ("happy", "surprise"),
    "sadly surprised": ("sad", "surprise"),
    "disgustedly surprised": ("disgust", "surprise"),
    "angrily surprised": ("angry", "surprise"),
    "sadly fearful": ("sad", "fear"),
    "sadly angry": ("sad", "angry"),
}
BOTH_ABOVE = 0.35  # 0.5 and 0.25 are a mixture, 0.8 and 0.15 are not


@dataclass(frozen=True)
class Mixture:
    """Two expressions that are both present."""

    name: str
    score: float
    """The sum of their shares."""


def mixture(probabilities: F32) -> Mixture | None:
    """Return the mixture that a distribution [K] shows, or None."""
    shares = dict(zip(EMOTIONS, probabilities.tolist(), strict=True))
    name, (a, b) = max(PAIRS.items(), key=lambda pair: shares[pair[1][0]] + shares[pair[1][1]])
    if sqrt(max(0.0, shares[a] * shares[b])) <= BOTH_ABOVE:
        return None
    return Mixture(name, shares[a] + shares[b])
