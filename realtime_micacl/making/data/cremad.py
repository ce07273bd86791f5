"""CREMA-D (Cao et al. 2014): 91 actors, twelve sentences, six emotions; there is no surprise.

The emotion is in the file's name, actor_sentence_emotion_level, as in VideoFlash/1001_DFA_ANG_XX.flv.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.endings import VIDEOS
from realtime_micacl.making.data.samples import Sample, files_ending, left_out, wanted_folder, with_folds
from realtime_micacl.types import EMOTIONS

LABELS = {"ANG": "angry", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
NAME = re.compile(r"(\d{4})_[A-Z]{3}_([A-Z]{3})_[A-Z]{1,2}")  # one level is shipped as X instead of XX
FOLDER = "VideoFlash"


def read(root: Path) -> list[Sample]:
    """Return all clips, .flv as shipped or made into another format."""
    samples: dict[str, Sample] = {}
    others: Counter[str] = Counter()
    folder = wanted_folder(root / FOLDER, "videos such as 1001_DFA_ANG_XX.flv")
    for file in files_ending(folder, *VIDEOS):
        match = NAME.fullmatch(file.stem)
        if not match:
            others["files with other names"] += 1
            continue
        actor, emotion = match.groups()
        if emotion not in LABELS:
            raise ConfigError(f"{file}: the emotion {emotion!r} is unknown; expected one of {', '.join(LABELS)}")
        samples.setdefault(file.stem, Sample(file.stem, EMOTIONS.index(LABELS[emotion]), actor, file))
    left_out("cremad", others)
    if not samples:
        raise ConfigError(f"{folder} holds no video such as 1001_DFA_ANG_XX.flv")
    return with_folds(samples.values())
