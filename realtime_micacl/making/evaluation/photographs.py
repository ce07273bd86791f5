"""Measures on photographs of faces, each read alone, as the program reads a photograph."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from realtime_micacl.making.data.photographs import read_photographs
from realtime_micacl.making.evaluation.predictions import Read, collected
from realtime_micacl.making.evaluation.videos import LiveReader
from realtime_micacl.making.figures import About
from realtime_micacl.types import EMOTIONS, F32, EmotionDistribution


def photograph_predictions(reader: LiveReader, file: Path, half: int) -> tuple[Read, About]:
    """Return the readings of one half of a set of face crops, and how many words were shown and wrong."""
    frames, labels = read_photographs(file, half)
    readings: list[EmotionDistribution | None] = []
    for frame in tqdm(frames, desc="reading photographs", total=len(labels), leave=False, disable=None):
        found = reader.readings([frame])
        readings.append(found[0] if found else None)
    means: list[F32 | None] = [None if one is None else one.probabilities for one in readings]
    shown = [(one.emotion, EMOTIONS[label]) for one, label in zip(readings, labels, strict=True) if one]
    about: About = {
        "words": len(shown),
        "words_shown": sum(word is not None for word, _ in shown),
        "words_wrong": sum(word is not None and word != true for word, true in shown),
    }
    return collected([str(n) for n in range(len(labels))], means, labels, None), about
