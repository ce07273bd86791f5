"""Photographs of faces, each read as the program reads a photograph: alone, with a window of one picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.evaluation.predictions import Read, collected
from realtime_micacl.making.evaluation.videos import LiveReader
from realtime_micacl.making.figures import About
from realtime_micacl.making.scores import Labels
from realtime_micacl.types import EMOTIONS, F32, U8, EmotionDistribution, Frame

FACE_PX, BORDER_PX = 192, 64  # a crop that ends at the face is enlarged and framed: a detector wants to see around it


def read_photographs(file: Path, half: int) -> tuple[Iterator[Frame], Labels]:
    """Return the pictures of one half of a set of face crops, as the program takes them, and their labels [n].

    The file is an .npz with `jpeg` (all pictures one after the other), `sizes` in bytes, `label` (in the order of
    EMOTIONS) and `half`; raise ConfigError where it is none.
    """
    try:
        with np.load(file) as stored:
            jpeg, sizes, labels, halves = (stored[name] for name in ("jpeg", "sizes", "label", "half"))
    except (OSError, ValueError, KeyError) as cause:
        raise ConfigError(f"{file} is not a set of photographs (jpeg, sizes, label, half): {cause}") from cause
    ends = np.cumsum(sizes)
    chosen = np.flatnonzero(halves == half)
    if not len(chosen):
        raise ConfigError(f"{file} has no photographs of half {half}; it has {sorted(set(halves.tolist()))}")
    frames = (Frame(_framed(jpeg[ends[i] - sizes[i] : ends[i]]), 0.0, 0, alone=True) for i in chosen)
    return frames, labels[chosen].astype(np.int64)


def photograph_predictions(reader: LiveReader, file: Path, half: int) -> tuple[Read, About]:
    """Return what is read of one half of a set of face crops, and how sure the words were."""
    frames, labels = read_photographs(file, half)
    said: list[EmotionDistribution | None] = []
    for frame in tqdm(frames, desc="reading photographs", total=len(labels), leave=False, disable=None):
        found = reader.readings([frame])
        said.append(found[0] if found else None)
    means: list[F32 | None] = [None if one is None else one.probabilities for one in said]
    shown = [(one.emotion, EMOTIONS[label]) for one, label in zip(said, labels, strict=True) if one]
    about: About = {
        "words": len(shown),
        "words_shown": sum(word is not None for word, _ in shown),
        "words_wrong": sum(word is not None and word != true for word, true in shown),
    }
    return collected([str(n) for n in range(len(labels))], means, labels, None), about


def _framed(jpeg: U8) -> U8:
    """Return a crop as a picture with something around the face."""
    picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    if picture is None:
        raise ConfigError("one of the photographs is damaged; fetch the set again")
    picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    picture = cv2.resize(picture, (FACE_PX, FACE_PX), interpolation=cv2.INTER_CUBIC)
    px = BORDER_PX
    return np.asarray(cv2.copyMakeBorder(picture, px, px, px, px, cv2.BORDER_REPLICATE), np.uint8)
