"""CK+ (Lucey et al. 2010) and sets in its layout: posed sequences from neutral to the apex, some with an emotion.

Pictures are `cohn-kanade-images/S005/001/S005_001_00000001.png`; the emotion, where one was given, is one number in
`Emotion/S005/001/S005_001_00000011_emotion.txt`. The strength between onset and apex is not labelled; it is
assumed to grow linearly.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.stills import pictures_in
from realtime_micacl.making.data.samples import Sample, is_own, left_out, wanted_folder, wanted_lines, with_folds
from realtime_micacl.types import EMOTIONS

LABELS = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
"""What the numbers 0 to 7 mean; contempt is none of the seven and left out."""
PICTURES, EMOTION = "cohn-kanade-images", "Emotion"
SUBJECT, SEQUENCE = re.compile(r"S\d{3}"), re.compile(r"\d{3}")
RATE_HZ = 30.0


def read(root: Path) -> list[Sample]:
    """Return the sequences with an emotion; the others and contempt are left out and counted."""
    pictures = wanted_folder(root / PICTURES, "sequences of pictures S005/001")
    emotions = wanted_folder(root / EMOTION, "the emotions S005/001/*_emotion.txt")
    samples, others = [], Counter[str]()
    for clip in sorted(_sequences(pictures) | _sequences(emotions)):
        files = sorted(filter(is_own, (emotions / clip).glob("*_emotion.txt")))
        name = _emotion(files[0]) if files else "sequences without an emotion"
        if name not in EMOTIONS:
            others[name] += 1
            continue
        n = len(pictures_in(pictures / clip))
        intensity = tuple(k / (n - 1) for k in range(n)) if n > 1 else (1.0,)
        subject = clip.partition("/")[0]
        samples.append(Sample(clip, EMOTIONS.index(name), subject, pictures / clip, {}, RATE_HZ, intensity))
    left_out("ckplus", others)
    if not samples:
        raise ConfigError(f"{emotions} holds no emotion of the seven, such as S005/001/S005_001_00000011_emotion.txt")
    return with_folds(samples)


def _sequences(folder: Path) -> set[str]:
    """Return the sequences below a folder, as S005/001."""
    return {
        f"{subject.name}/{sequence.name}"
        for subject in folder.iterdir()
        if SUBJECT.fullmatch(subject.name) and subject.is_dir()
        for sequence in subject.iterdir()
        if SEQUENCE.fullmatch(sequence.name) and sequence.is_dir()
    }


def _emotion(file: Path) -> str:
    expected = f"one number from 0 to {len(LABELS) - 1}"
    text = wanted_lines(file, expected)[0].strip()
    try:
        number = float(text)
    except ValueError:
        number = -1
    if number not in range(len(LABELS)):
        raise ConfigError(f"{file} holds {text!r}; expected {expected}")
    return LABELS[int(number)]
