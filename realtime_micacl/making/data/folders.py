"""Folders `<class>/<clip>`: a clip is a video file or a folder of pictures, a class an emotion by its English name."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.sources.endings import VIDEOS
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

NOTHING = ("thumbs.db", "desktop.ini")  # what Windows leaves behind
log = logging.getLogger(__name__)


def read(root: Path) -> list[Sample]:
    """Return the clips of all classes; two folders may mean the same emotion."""
    samples: list[Sample] = []
    others: Counter[str] = Counter()
    unread: list[Path] = []
    expected = f"a folder per emotion, named {', '.join(sorted(NAMES))}"
    for folder in sorted(f for f in wanted_folder(root, expected).iterdir() if _is_class(f)):
        entries = sorted(entry for entry in folder.iterdir() if is_own(entry))
        clips = [entry for entry in entries if _is_clip(entry)]
        label = label_named(folder.name)
        if label is None:
            if folder.name.lower() not in OUTSIDE:
                if any(label_named(inside.name) is not None for inside in folder.iterdir()):
                    raise ConfigError(f"{folder} has folders of emotions in it; run `prepare` on that folder instead")
                raise ConfigError(f"{folder} is not the name of an emotion; expected {expected}")
            others[folder.name.lower()] += len(clips)
            continue
        if not clips:
            there = f", but {spelled(entries[0].name)}" if entries else ""
            raise ConfigError(f"{folder} holds no clip{there}; expected videos or folders of pictures")
        unread += [entry for entry in entries if entry not in clips and entry.name.lower() not in NOTHING]
        samples += [Sample(f"{folder.name}/{spelled(clip.name)}", label, "", clip) for clip in clips]
    left_out("folders", others)
    if unread:
        log.warning("folders: neither a video nor a folder of pictures, not read: %d (%s)", len(unread), unread[0])
    if not samples:
        raise ConfigError(f"{root} holds no clip; expected {expected}, with videos or folders of pictures in it")
    return with_folds(samples)


def _is_class(entry: Path) -> bool:
    return entry.is_dir() and is_own(entry) and not (entry / MANIFEST).exists()  # what prepare writes may lie here, too


def _is_clip(entry: Path) -> bool:
    return bool(pictures_in(entry)) if entry.is_dir() else entry.suffix.lower() in VIDEOS
