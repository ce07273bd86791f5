"""RAVDESS (Livingstone and Russo 2018): 24 actors speak two sentences; the emotion is in the file's name.

A name is modality-channel-emotion-intensity-statement-repetition-actor, as in 01-01-06-01-02-01-12.mp4. Calm, the
authors' second baseline beside neutral, counts as neutral. Songs are left out, since singing moves the mouth.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.endings import VIDEOS
from realtime_micacl.making.data.samples import Sample, files_ending, left_out, wanted_folder, with_folds
from realtime_micacl.types import EMOTIONS

LABELS = ("neutral", "neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
"""What the emotions 01 to 08 mean; 02 is calm."""
NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d-\d\d-\d\d)-(\d\d)")
SOUND_ONLY, SONG = "03", "02"


def read(root: Path) -> list[Sample]:
    """Return each spoken take once: of its two videos, with sound (01) and without (02), the first."""
    samples: dict[str, Sample] = {}
    others: Counter[str] = Counter()
    folder = wanted_folder(root, "the folders Actor_01 to Actor_24")
    for file in sorted(files_ending(folder, *VIDEOS), key=lambda f: f.name):
        match = NAME.fullmatch(file.stem)
        if not match:
            others["files with other names"] += 1
            continue
        modality, channel, emotion, _, actor = match.groups()
        if not 1 <= int(emotion) <= len(LABELS) or not 1 <= int(modality) < int(SOUND_ONLY):
            raise ConfigError(f"{file}: expected a modality of 01 or 02 and an emotion of 01 to {len(LABELS):02}")
        take = file.stem[3:]
        if channel == SONG:
            others["songs"] += 1
        elif take not in samples:
            label = EMOTIONS.index(LABELS[int(emotion) - 1])
            samples[take] = Sample(take, label, f"actor{actor}", file)
    left_out("ravdess", others)
    if not samples:
        raise ConfigError(
            f"{root} holds no video such as Actor_01/01-01-01-01-01-01-01.mp4; unpack Video_Speech_Actor_*"
        )
    return with_folds(samples.values())
