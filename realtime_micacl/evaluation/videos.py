"""Raw videos through the very stages that run live: detector, tracker, window, engine, smoothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.evaluation.predictions import Read, collected
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.detector import FaceDetector
from realtime_micacl.live.pipeline import Perceiver, Recognizer, offline
from realtime_micacl.live.video import read_file
from realtime_micacl.types import EMOTIONS, F32, EmotionDistribution

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Video:
    """A labelled video file."""

    name: str
    file: Path
    label: int
    """Its place in EMOTIONS."""


def read_videos(folder: Path) -> list[Video]:
    """Return the files `<class>/<clip>` of a folder; raise ConfigError where a class is none of EMOTIONS."""
    classes = sorted(path for path in folder.glob("*") if path.is_dir() and not path.name.startswith("."))
    foreign = [path.name for path in classes if path.name not in EMOTIONS]
    if foreign or not classes:
        found = f"holds {', '.join(foreign)}" if foreign else "holds no folder" if folder.is_dir() else "is not there"
        raise ConfigError(f"{folder} {found}; its folders must be named {', '.join(EMOTIONS)}, with videos in them")
    videos = [
        Video(f"{path.name}/{file.name}", file, EMOTIONS.index(path.name))
        for path in classes
        for file in sorted(path.iterdir())
        if file.is_file() and not file.name.startswith(".")
    ]
    if not videos:
        raise ConfigError(f"{folder} holds no file in {', '.join(path.name for path in classes)}")
    return videos


def video_predictions(engine: Engine, sidecar: Sidecar, videos: Sequence[Video]) -> Read:
    """Return one distribution for each video, the mean over all readings of the live path with its default settings.

    A video without a reading (no face, a face for less than a window, or a damaged file) is not read.
    """
    found: list[F32 | None] = []
    settings = Settings()
    detector = FaceDetector(reach=settings.detector, max_faces=settings.max_faces)
    with closing(detector):
        for video in tqdm(videos, desc="reading videos", unit="clip", leave=False, disable=None):
            perceiver = Perceiver(detector, sidecar)
            recognizer = Recognizer(engine, sidecar, smoothing_s=settings.smoothing_s)
            found.append(_mean(video, perceiver, recognizer))
    labels = np.array([video.label for video in videos], np.int64)
    return collected([video.name for video in videos], found, labels, None)


def _mean(video: Video, perceiver: Perceiver, recognizer: Recognizer) -> F32 | None:
    rows = []
    try:
        for event in offline(read_file(video.file), perceiver, recognizer):
            if isinstance(event, EmotionDistribution):
                rows.append(event.probabilities)
    except SourceError as cause:
        log.warning("%s counts as not read: %s", video.name, cause)
        return None
    return np.asarray(np.mean(rows, axis=0), np.float32) if rows else None
