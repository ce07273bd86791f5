"""Folders `<class>/<clip>`: a clip is a video file or a folder of pictures, a class an emotion by its English name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.stills import pictures_in
from realtime_micacl.making.data.prepared import MANIFEST
from realtime_micacl.making.data.samples import (
    NAMES,
    OUTSIDE,
    Sample,
    is_own,
    label_named,
    left_out,
    wanted_folder,
    with_folds,
)
from realtime_micacl.wording import spelled

VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".flv", ".m4v", ".mpg", ".mpeg", ".wmv", ".gif")


def read(root: Path) -> list[Sample]:
    """Return the clips of all classes; two folders may mean the same emotion."""
    samples: list[Sample] = []
    others: Counter[str] = Counter()
    expected = f"a folder per emotion, named {', '.join(sorted(NAMES))}"
    for folder in sorted(f for f in wanted_folder(root, expected).iterdir() if _is_class(f)):
        clips = sorted(entry for entry in folder.iterdir() if _is_clip(entry))
        label = label_named(folder.name)
        if label is None:
            if folder.name.lower() not in OUTSIDE:
                if any(label_named(inside.name) is not None for inside in folder.iterdir()):
                    raise ConfigError(f"{folder} has folders of emotions in it; run `prepare` on that folder instead")
                raise ConfigError(f"{folder} is not the name of an emotion; expected {expected}")
            others[folder.name.lower()] += len(clips)
            continue
        if not clips:
            raise ConfigError(f"{folder} holds no clip; expected videos ({' '.join(VIDEOS)}) or folders of pictures")
        samples += [Sample(f"{folder.name}/{spelled(clip.name)}", label, "", clip) for clip in clips]
    left_out("folders", others)
    if not samples:
        raise ConfigError(f"{root} holds no clip; expected {expected}, with videos or folders of pictures in it")
    return with_folds(samples)


def _is_class(entry: Path) -> bool:
    return entry.is_dir() and is_own(entry) and not (entry / MANIFEST).exists()  # what prepare writes may lie here, too


def _is_clip(entry: Path) -> bool:
    if not is_own(entry):
        return False
    return bool(pictures_in(entry)) if entry.is_dir() else entry.suffix.lower() in VIDEOS
