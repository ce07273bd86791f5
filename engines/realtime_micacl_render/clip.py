"""Renders training clips: one person, one emotion, neutral before and after, with the intensity of every frame."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from realtime_micacl.types import EMOTIONS, U8
from realtime_micacl_render.figure import Figure
from realtime_micacl_render.motion import Episode
from realtime_micacl_render.performance import Act, perform
from realtime_micacl_render.scene import Actor, backdrop, pictures, sample_light
from realtime_micacl_render.video import write_video


@dataclass(frozen=True)
class Filming:
    """Size, length and rate of clips."""

    size_px: int
    seconds: float
    """The time in which an expression comes and goes."""
    rate_hz: int
    lead_s: float = 0.0
    """Seconds of a neutral face before it."""
    tail_s: float = 0.0
    """Seconds of a neutral face after it."""


@dataclass(frozen=True)
class Label:
    """The entry of a clip in labels.json."""

    file: str
    identity: int
    """The seed of the person."""
    emotion: str
    fps: int
    intensity: list[float]
    """For each frame, from 0 for neutral to 1 for the full emotion; 0 throughout in neutral clips, even with speech."""


def write_clips(figure: Figure, folder: Path, how: Filming, *, takes: int = 1) -> list[Label]:
    """Render every emotion of a person into a folder; return the labels of these clips."""
    labels = []
    for emotion in EMOTIONS:
        for take in range(takes):
            label, frames = make_clip(figure, emotion, how, take=take)
            write_video(folder / label.file, frames, rate_hz=how.rate_hz)
            labels.append(label)
    return labels


def make_clip(figure: Figure, emotion: str, how: Filming, *, take: int = 0) -> tuple[Label, Iterator[U8]]:
    """Return the label of a clip and its pictures, [size,size,3], which are rendered one by one as they are taken."""
    seed = figure.person.seed
    rng = np.random.default_rng([seed, 4, EMOTIONS.index(emotion), take])
    times = (np.arange(round((how.lead_s + how.seconds + how.tail_s) * how.rate_hz)) / how.rate_hz - how.lead_s).astype(
        np.float32
    )
    acts = [] if emotion == "neutral" else [sample_act(emotion, how.seconds, rng)]
    talk = float(rng.uniform(0.6, 1.2)) if rng.random() < (0.6 if emotion == "neutral" else 0.35) else 0.0
    acted = perform(seed, acts, times, rng, talk=talk, motion=float(rng.uniform(0.5, 1.6)))
    scale = how.size_px * rng.uniform(0.29, 0.4)
    middle = np.array([0.5, 0.45]) * how.size_px + rng.normal(0, 0.03 * how.size_px, 2)
    path = np.tile(np.array([*middle, scale], np.float32), (len(times), 1))
    actor = Actor(figure, acted, path, turn=(float(rng.normal(0, 9)), float(rng.normal(0, 4))))
    label = Label(
        file=f"id{seed:05d}_{emotion}_{take}.mp4",
        identity=seed,
        emotion=emotion,
        fps=how.rate_hz,
        intensity=[round(float(value), 3) for value in acted.intensity],
    )
    return label, pictures([actor], backdrop(how.size_px, how.size_px, rng), sample_light(rng))


def write_labels(path: Path, labels: list[Label]) -> None:
    """Write labels.json: a list with file, identity, emotion, fps and the intensity of each frame."""
    path.write_text(json.dumps([asdict(label) for label in labels]), encoding="utf-8")


def sample_act(emotion: str, seconds: float, rng: np.random.Generator) -> Act:
    """Draw when an expression comes and goes within `seconds`; most, not all, are gone before the end."""
    onset_s = rng.uniform(0.2, 0.8) * (0.6 if emotion in ("surprise", "fear") else 1.0)
    offset_s = rng.uniform(0.3, 1.0)
    start_s = rng.uniform(0.1, 0.3) * seconds
    hold_s = max(0.3, rng.uniform(0.6, 1.05) * (seconds - start_s - onset_s - offset_s))
    return Act(emotion, Episode(start_s, onset_s, hold_s, offset_s), peak=float(rng.uniform(0.6, 1.0)))
