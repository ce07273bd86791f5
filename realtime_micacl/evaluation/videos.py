"""Raw videos through the very stages that run live: detector, tracker, window, engine, smoothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing

import numpy as np
from tqdm import tqdm

from realtime_micacl.config import Settings
from realtime_micacl.data.pictures import read_pictures
from realtime_micacl.data.samples import Sample
from realtime_micacl.errors import SourceError
from realtime_micacl.evaluation.predictions import Read, collected
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.lookout import Lookout
from realtime_micacl.live.perceiver import Perceiver
from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.recognizer import Recognizer
from realtime_micacl.live.video import read_file
from realtime_micacl.types import F32, EmotionDistribution

log = logging.getLogger(__name__)


def video_predictions(engine: Engine, sidecar: Sidecar, samples: Sequence[Sample]) -> Read:
    """Return one distribution for each clip, the mean over all readings of the live path with its default settings.

    A clip without a reading (no face, none for as long as a window, or a damaged file) is not read.
    """
    found: list[F32 | None] = []
    settings = Settings()
    detector = Lookout(settings.detector, max_faces=settings.max_faces, far=settings.far)
    with closing(detector):
        for sample in tqdm(samples, desc="reading videos", unit="clip", leave=False, disable=None):
            perceiver = Perceiver(detector, sidecar)
            recognizer = Recognizer(engine, sidecar, smoothing_s=settings.smoothing_s)
            found.append(_mean(sample, perceiver, recognizer))
    labels = np.array([sample.label for sample in samples], np.int64)
    return collected([sample.clip for sample in samples], found, labels, None)


def _mean(sample: Sample, perceiver: Perceiver, recognizer: Recognizer) -> F32 | None:
    path = sample.path
    frames = read_pictures(path, sample.rate_hz) if path.is_dir() else read_file(path)
    try:
        events = list(offline(frames, perceiver, recognizer))
    except SourceError as cause:
        log.warning("%s counts as not read: %s", sample.clip, cause)
        return None
    rows = [event.probabilities for event in events if isinstance(event, EmotionDistribution)]
    return np.asarray(np.mean(rows, axis=0), np.float32) if rows else None
