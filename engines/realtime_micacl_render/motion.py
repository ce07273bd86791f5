"""How a face moves: onset and offset of an expression, blinks, speech, and the slow sway of the head.

Every function takes times in seconds, [T], and returns smooth curves over them, drawn with the generator `rng`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime_micacl.types import F32

VISEMES: tuple[dict[str, float], ...] = (
    {"jaw": 0.28, "lips_part": 0.2},
    {"jaw": 0.14, "lips_wide": 0.35, "lips_part": 0.4},
    {"jaw": 0.12, "lips_round": 0.6},
    {"lips_forward": 0.25, "lips_part": 0.2},
    {"lips_flat": 0.25},
    {"jaw": 0.18, "teeth_lower": 0.25},
)
"""Shapes of the speaking mouth: open, wide, round, forward, closed, lip and teeth."""


def ease(x: F32) -> F32:
    """Return a smooth step from 0 at 0 to 1 at 1, with speed and acceleration 0 at both ends (minimum jerk)."""
    x = np.clip(x, 0, 1)
    curve: F32 = (x**3 * (10 - 15 * x + 6 * x**2)).astype(np.float32)
    return curve


@dataclass(frozen=True)
class Episode:
    """An expression that comes, stays and goes."""

    start_s: float
    onset_s: float
    hold_s: float
    offset_s: float

    @property
    def end_s(self) -> float:
        """When the face is neutral again."""
        return self.start_s + self.onset_s + self.hold_s + self.offset_s

    def intensity(self, times: F32) -> F32:
        """Return how far the expression has come at each time, 0 to 1, [T]."""
        rising = ease((times - self.start_s) / self.onset_s)
        falling = ease((times - self.start_s - self.onset_s - self.hold_s) / self.offset_s)
        return rising - falling


def blinks(times: F32, rng: np.random.Generator, *, every_s: float = 3.5) -> F32:
    """Return how closed the lids are, 0 to 1, [T]; a blink takes about 0.3 s and closes faster than it opens."""
    closed = np.zeros_like(times)
    at_s = float(times[0]) + rng.uniform(0.2, every_s)
    while at_s < times[-1]:
        down_s, up_s = rng.uniform(0.08, 0.12), rng.uniform(0.15, 0.22)
        closed = np.maximum(closed, ease((times - at_s) / down_s) - ease((times - at_s - down_s - 0.03) / up_s))
        at_s += 0.6 + rng.exponential(every_s - 0.6)
    return closed


def speech(times: F32, rng: np.random.Generator, *, loudness: float = 1.0) -> dict[str, F32]:
    """Return the units of a talking mouth, each [T]: syllables of 0.13 to 0.26 s in phrases with pauses between."""
    units = {unit: np.zeros_like(times) for viseme in VISEMES for unit in viseme}
    at_s = float(times[0]) + rng.uniform(0, 0.5)
    while at_s < times[-1]:
        phrase_end_s = at_s + rng.uniform(0.7, 2.5)
        while at_s < phrase_end_s:
            length_s, strength = rng.uniform(0.13, 0.26), loudness * rng.uniform(0.5, 1.1)
            bump = ease((times - at_s) / (0.6 * length_s)) - ease((times - at_s - 0.6 * length_s) / (0.8 * length_s))
            for unit, value in VISEMES[int(rng.integers(len(VISEMES)))].items():
                units[unit] = np.minimum(units[unit] + value * strength * bump, 1.2 * value).astype(np.float32)
            at_s += length_s
        at_s += rng.uniform(0.2, 0.9)
    return units


def sway(times: F32, rng: np.random.Generator, *, size: float, period_s: float = 4.0) -> F32:
    """Return a slow random oscillation around zero with a standard deviation of about size, [T]."""
    curve = np.zeros_like(times)
    for harmonic in (1.0, 1.7, 2.9):
        phase, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 1.2) * harmonic
        curve += np.sin(2 * np.pi * times * speed / period_s + phase) / harmonic
    return (curve * size).astype(np.float32)


def nods(times: F32, rng: np.random.Generator, *, size: float) -> F32:
    """Return small nods now and then, 0 to size, [T]."""
    curve = np.zeros_like(times)
    at_s = float(times[0]) + rng.exponential(3.0)
    while at_s < times[-1]:
        strength = size * rng.uniform(0.4, 1.0)
        curve += strength * (ease((times - at_s) / 0.25) - ease((times - at_s - 0.25) / 0.4))
        at_s += 0.8 + rng.exponential(3.0)
    return curve.astype(np.float32)


def glances(times: F32, rng: np.random.Generator, *, size: float) -> F32:
    """Return a gaze that rests and jumps, with a standard deviation of up to `size`, [T]."""
    curve = np.zeros_like(times)
    at_s, here = float(times[0]), 0.0
    while at_s < times[-1]:
        there = float(rng.choice([0.0, rng.normal()])) * size
        curve += (there - here) * ease((times - at_s) / 0.06)
        here, at_s = there, at_s + rng.uniform(0.5, 2.5)
    return curve.astype(np.float32)
