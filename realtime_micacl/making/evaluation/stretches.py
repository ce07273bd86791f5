"""Measures on labelled stretches of real clips, read as the program reads a file; also the words that it shows."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from tqdm import tqdm

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.samples import label_named
from realtime_micacl.making.evaluation.predictions import Read, collected
from realtime_micacl.making.evaluation.videos import LiveReader
from realtime_micacl.making.figures import About
from realtime_micacl.types import EMOTIONS, F32, EmotionDistribution
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

CLEAR = 2  # stretches of lower clarity are left out
SLACK_S = 1e-6  # for rounding of frame times


@dataclass(frozen=True)
class Stretch:
    """Some frames of a clip in which a person shows one expression."""

    clip: str
    first: int
    last: int
    label: int | None
    """None if the expression is none of the seven emotions; "unsure" is right for it."""


def read_stretches(clips: Path, file: Path) -> list[Stretch]:
    """Read a JSON list of [clip, first frame, last frame, label, clarity from 1 to 3]; those of clarity 1 are left out.

    Each clip must be in the folder `clips` as an .mp4 file. Raise ConfigError if one is not, or if the file is no such
    list.
    """
    try:
        rows = json.loads(file.read_text("utf-8-sig"))
        named = [
            (str(row[0]), int(row[1]), int(row[2]), str(row[3]), int(row[4]) if len(row) > 4 else CLEAR) for row in rows
        ]
    except (OSError, ValueError, TypeError, IndexError, KeyError) as cause:
        raise ConfigError(
            f"{file} is not a list of [clip, first frame, last frame, label, clarity]: {why(cause)}"
        ) from cause
    if others := sorted({label for *_, label, clarity in named if clarity >= CLEAR and label_named(label) is None}):
        log.warning("%s: %s: none of the seven emotions, so unsure is right there", file.name, ", ".join(others))
    found = [Stretch(clip, a, b, label_named(label)) for clip, a, b, label, clarity in named if clarity >= CLEAR]
    if wrong := next((one for one in found if not 0 <= one.first <= one.last), None):
        raise ConfigError(f"{file}: {wrong.clip} {wrong.first} to {wrong.last} holds no frame")
    if not any(one.label is not None for one in found):
        raise ConfigError(f"{file} names no stretch of clarity {CLEAR} or 3 with one of {', '.join(EMOTIONS)}")
    wanted = (clip_file(clips, one.clip) for one in found)
    if missing := sorted({clip.name for clip in wanted if not clip.is_file()}):
        raise ConfigError(f"{file.name} names {missing[0]}, which is not in {clips}")
    return found


def stretch_predictions(reader: LiveReader, clips: Path, stretches: Sequence[Stretch]) -> tuple[Read, About]:
    """Return the mean distribution of each labelled stretch, and figures of the words: shown, wrong, changes."""
    names = sorted({one.clip for one in stretches})
    bar = tqdm(names, desc="reading clips", unit="clip", leave=False, disable=None)
    read = {name: reader.read(clip_file(clips, name)) for name in bar}
    inside = [_inside(read[one.clip], one, rate_hz(clip_file(clips, one.clip))) for one in stretches]
    labelled = [(one, found) for one, found in zip(stretches, inside, strict=True) if one.label is not None]
    grimaces = [r for one, found in zip(stretches, inside, strict=True) if one.label is None for r in found]
    words = [(r.emotion, EMOTIONS[one.label or 0]) for one, found in labelled for r in found]
    changes = {name: _changes(found) for name, found in read.items()}
    about: About = {
        "words": len(words),
        "words_shown": sum(word is not None for word, _ in words),
        "words_wrong": sum(word is not None and word != true for word, true in words),
        "grimaces": len(grimaces),
        "grimaces_unsure": sum(r.emotion is None for r in grimaces),
        "changes": {name: found for name, (found, _) in changes.items()},
        "seconds": round(sum(seconds for _, seconds in changes.values()), 1),
    }
    means = [_mean(found) for _, found in labelled]
    titles = [f"{one.clip} {one.first}-{one.last}" for one, _ in labelled]
    return collected(titles, means, np.array([one.label for one, _ in labelled], np.int64), None), about


def clip_file(clips: Path, name: str) -> Path:
    """Return the file of a clip, which may be named with or without .mp4."""
    return clips / (name if name.lower().endswith(".mp4") else f"{name}.mp4")


def _mean(readings: Sequence[EmotionDistribution]) -> F32 | None:
    return np.asarray(np.mean([r.probabilities for r in readings], axis=0), np.float32) if readings else None


def _inside(readings: Sequence[EmotionDistribution], one: Stretch, rate_hz: float) -> list[EmotionDistribution]:
    """Return the readings that fall into a stretch."""
    first_s, last_s = one.first / rate_hz - SLACK_S, one.last / rate_hz + SLACK_S
    return [reading for reading in readings if first_s <= reading.time_s <= last_s]


def _changes(read: Sequence[EmotionDistribution]) -> tuple[int, float]:
    """Return how often the word changes, to and from "unsure" too, and the seconds that tracks last."""
    tracks = defaultdict(list)
    for reading in read:
        tracks[reading.track_id].append(reading)
    words = sum(a.emotion != b.emotion for track in tracks.values() for a, b in pairwise(track))
    return words, sum(track[-1].time_s - track[0].time_s for track in tracks.values())


def rate_hz(file: Path) -> float:
    """Return the frame rate of a clip, Hz."""
    with av.open(str(file)) as container:
        return float(container.streams.video[0].average_rate or 25)
