"""Puts expressions, speech, blinks and head motion of one person on one time line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realtime_micacl.types import F32
from realtime_micacl_render.expression import apex, manner_of, sides
from realtime_micacl_render.motion import Episode, blinks, glances, nods, speech, sway

ATTITUDES: dict[str, tuple[float, float]] = {  # pitch of the head and of the gaze with an emotion, degrees
    "sad": (6, 8),
    "surprise": (-4, 0),
    "disgust": (-3, 2),
    "fear": (-4, 0),
}
UNIT_LIMIT, LIMITS = 1.5, {"jaw": 0.85, "brow_down": 1.9}
"""Above these strengths shapes look broken."""


@dataclass(frozen=True)
class Act:
    """One expression of a performance."""

    emotion: str
    episode: Episode
    peak: float = 1.0
    """The highest intensity, 0 to 1."""
    recipe: int | None = None
    """Index of the emotion's recipe; None: a random one."""


@dataclass(frozen=True, eq=False)
class Performance:
    """What a face does in each of T frames; `units` has expression units by name for each."""

    units: list[dict[str, float]]
    head: F32
    """Yaw, pitch and roll in degrees, [T,3]."""
    gaze: F32
    """Yaw and pitch in degrees, [T,2]."""
    shift: F32
    """To the right and down in dm, [T,2]."""
    intensity: F32
    """Strength of the expression, 0 to 1, [T]."""


def perform(
    seed: int, acts: Sequence[Act], times: F32, rng: np.random.Generator, *, talk: float = 0.0, motion: float = 1.0
) -> Performance:
    """Return a performance of the person with this seed.

    `times` [T] are seconds, `talk` is the loudness of speech and 0 for none, `motion` scales the movements of the head.
    """
    manner = manner_of(seed)
    curves: dict[str, F32] = {}

    def add(name: str, curve: F32) -> None:
        curves[name] = curves.get(name, np.zeros_like(times)) + curve

    intensity = np.zeros_like(times)
    head, gaze = _idle(times, rng, motion)
    for act in acts:
        level = act.episode.intensity(times) * act.peak
        intensity = np.maximum(intensity, level)
        quiver = 1 + sway(times, rng, size=0.03, period_s=1.5)
        for name, strength in apex(act.emotion, manner, rng, recipe=act.recipe).items():
            lag_s = rng.normal(0, 0.04)
            add(name, strength * act.peak * act.episode.intensity(times - np.float32(lag_s)) * quiver)
        pitch, gaze_pitch = ATTITUDES.get(act.emotion, (0, 0))
        head[:, 1] += pitch * rng.uniform(0.3, 1.2) * level
        gaze[:, 1] += gaze_pitch * rng.uniform(0.0, 1.2) * level
        head[:, 2] += rng.normal(0, 2) * level
    if talk:
        for unit, curve in speech(times, rng, loudness=talk).items():
            for name in sides(unit).values():
                add(name, curve * (1 - 0.5 * intensity))
        flash = nods(times, rng, size=0.25 * talk)
        for name in sides("brow_up").values():
            add(name, flash)
    shut = blinks(times, rng)
    for name in (*sides("eye_wide").values(), *sides("eye_slit").values()):
        add(name, -curves.get(name, np.zeros_like(times)) * shut)
    for name in sides("eye_close").values():
        curves[name] = np.maximum(curves.get(name, np.zeros_like(times)), shut)
    shift = np.stack([sway(times, rng, size=0.05 * motion, period_s=6.0) for _ in range(2)], axis=1)
    for name, curve in curves.items():
        np.clip(curve, 0, LIMITS.get(name.partition(".")[0], UNIT_LIMIT), out=curve)
    units = [{name: float(curve[i]) for name, curve in curves.items()} for i in range(len(times))]
    return Performance(units, head, gaze, shift, intensity)


def _idle(times: F32, rng: np.random.Generator, motion: float) -> tuple[F32, F32]:
    """Return idle movements of head, [T,3], and gaze, [T,2]; the eyes compensate half of the head's rotation."""
    yaw, pitch, roll = (sway(times, rng, size=size * motion) for size in (3.0, 1.8, 1.5))
    head = np.stack([yaw, pitch + nods(times, rng, size=5.0 * motion), roll], axis=1)
    gaze = np.stack([glances(times, rng, size=5.0) - 0.5 * yaw, glances(times, rng, size=2.5) - 0.5 * pitch], axis=1)
    return head.astype(np.float32), gaze.astype(np.float32)
