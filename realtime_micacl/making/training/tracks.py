"""Clips as tracks of shapes: at each tick a person's shape, and the own neutral as it would be known by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realtime_micacl.live.reading.neutral import Neutral
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.recipe import Shapes
from realtime_micacl.types import EMOTIONS, F32

NEUTRAL = EMOTIONS.index("neutral")
AT_REST = 0.97  # share of neutral from which a rendered face is at rest
FOLLOWED = (3, 60)  # range of ticks that a track is followed before its clip begins, if at all
FOLLOWED_SHARE, SURE_SHARE = 0.7, 0.8
MISREAD = 0.15  # standard deviation of the error in the share of neutral that is read
OFF = 0.008  # error of an own neutral learnt before the clip, in distances between the eyes


@dataclass(frozen=True, eq=False)
class Tracks:
    """The shapes of clips as components, padded with zeros to the longest, T."""

    components: F32
    """[n,T,C], changes from the average neutral face."""
    targets: F32
    """[n,T,K]"""
    lengths: npt.NDArray[np.int64]
    """[n]"""
    own: F32
    """The own neutral face, [n,C]; zeros, the average one, if no frame is at rest."""
    labels: npt.NDArray[np.int64]
    """[n]"""


def simulate(tracks: Tracks, plan: Shapes, tick_s: float, noise: F32, rng: np.random.Generator) -> tuple[F32, F32, F32]:
    """Return components [n,T,C] with noise, and the own neutral [n,T,C] and its trust [n,T] before each tick.

    Most tracks are followed for a while before their clip begins; the others start with the average neutral face.
    """
    n, length, size = tracks.components.shape
    shaken = tracks.components + noise * rng.normal(size=tracks.components.shape) * rng.uniform(0.3, 1.7, (n, 1, 1))
    rest = np.clip(tracks.targets[..., NEUTRAL] + rng.normal(0, MISREAD, (n, length)), 0, 1)
    rest = rest * np.where(rng.random((n, 1)) < SURE_SHARE, 1, rng.uniform(0.3, 1, (n, 1)))
    neutral = Neutral(np.zeros(size, np.float32), plan.prior, plan.half_s, (n,))
    before = np.where(rng.random(n) < FOLLOWED_SHARE, rng.integers(*FOLLOWED, n), 0) * tracks.own.any(axis=1)
    off = noise / plan.jitter * OFF * rng.normal(size=(n, size))
    neutral.take((tracks.own + off).astype(np.float32), before.astype(np.float32))
    owns, trusts = np.empty_like(tracks.components), np.empty((n, length), np.float32)
    for t in range(length):
        owns[:, t], trusts[:, t] = neutral.shape, neutral.trust
        neutral.learn(shaken[:, t].astype(np.float32), rest[:, t].astype(np.float32), tick_s)
    return shaken.astype(np.float32), owns, trusts


def windows_of(
    tracks: Tracks,
    simulated: tuple[F32, F32, F32],
    items: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    ticks: int,
) -> tuple[F32, F32]:
    """Return the windows [B,ticks,C+1] of tracks `items` ending at ticks `ends`, and targets of their newer half."""
    components, owns, trusts = simulated
    frames = np.maximum(ends[:, None] + np.arange(1 - ticks, 1), 0)
    changes = components[items[:, None], frames] - owns[items, ends][:, None]
    trust = np.broadcast_to(trusts[items, ends][:, None, None], (*frames.shape, 1))
    targets = tracks.targets[items[:, None], frames[:, ticks // 2 :]].mean(axis=1)
    return np.concatenate([changes, trust], axis=-1), targets


def tracks_of(reader: ShapeReader, basis: F32, clips: Sequence[Clip], plan: Shapes) -> Tracks:
    """Return the clips that have landmarks as tracks; `plan.gain` strengthens the targets of weak expressions."""
    kept = [clip for clip in clips if clip.landmarks is not None]
    longest = max(len(clip.times_s) for clip in kept)
    components = np.zeros((len(kept), longest, basis.shape[1]), np.float32)
    targets = np.zeros((len(kept), longest, len(EMOTIONS)), np.float32)
    targets[..., NEUTRAL] = 1
    own = np.zeros((len(kept), basis.shape[1]), np.float32)
    labels = np.zeros(len(kept), np.int64)
    for n, clip in enumerate(kept):
        assert clip.landmarks is not None
        shapes = reader.read(clip.landmarks)
        components[n, : len(shapes)] = (shapes - reader.mean) @ basis
        shown = 1 - clip.targets[:, NEUTRAL]
        stronger = np.minimum(1, shown * plan.gain) / np.maximum(shown, 1e-6)
        strengthened = clip.targets * stronger[:, None]
        strengthened[:, NEUTRAL] = 0
        strengthened[:, NEUTRAL] = 1 - strengthened.sum(axis=1)
        targets[n, : len(shapes)] = strengthened
        rest = rest_of(shapes, clip.targets)
        own[n] = 0 if rest is None else (rest - reader.mean) @ basis
        others = np.delete(clip.targets.sum(axis=0), NEUTRAL)
        labels[n] = NEUTRAL if not others.any() else np.delete(np.arange(len(EMOTIONS)), NEUTRAL)[others.argmax()]
    return Tracks(components, targets, np.array([len(clip.times_s) for clip in kept]), own, labels)


def basis_of(reader: ShapeReader, clips: Sequence[Clip], components: int) -> F32:
    """Return the principal components of changes from the own neutral, scaled to a variance of 1, [3P,C]."""
    changes = []
    for clip in clips:
        if clip.landmarks is None or clip.held_out:
            continue
        shapes = reader.read(clip.landmarks)
        rest = rest_of(shapes, clip.targets)
        if rest is not None:
            changes.append((shapes - rest)[::4])
    stacked = np.concatenate(changes).astype(np.float64)
    spread, vectors = np.linalg.eigh(np.cov(stacked, rowvar=False))
    spread, vectors = spread[::-1][:components], vectors[:, ::-1][:, :components]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(components)])  # the solver's signs are arbitrary
    return np.asarray(vectors * signs / np.sqrt(spread), np.float32)


def rest_of(shapes: F32, targets: F32) -> F32 | None:
    """Return the mean shape of the frames at rest, None if there are none."""
    still = targets[:, NEUTRAL] >= AT_REST
    return np.asarray(shapes[still].mean(axis=0), np.float32) if still.any() else None
