"""Reads raw videos with the stages that run live: detector, tracker, window, engine, smoothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from realtime_micacl.config import Settings
from realtime_micacl.errors import SourceError
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.lookout import Lookout
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.stills import RATE_HZ
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.pictures import read_pictures
from realtime_micacl.making.data.samples import Sample
from realtime_micacl.making.evaluation.predictions import Read, collected
from realtime_micacl.types import F32, Bag, EmotionDistribution, Frame

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BagCache:
    """The bags of clips and pictures, in memory, for several engines with the same crop and window."""

    clips: list[list[Sequence[Bag]]] = field(default_factory=list)
    """In the order in which they were read."""


class LiveReader:
    """Reads clips and pictures with default settings, one after the other; each begins with new tracks."""

    def __init__(self, engine: Engine, sidecar: Sidecar, cache: BagCache | None = None) -> None:
        """Take an engine; the detector is opened here.

        Readers that share a `cache` must be given the same clips in the same order; only the first looks for faces.
        """
        self._engine, self._sidecar, self._settings = engine, sidecar, Settings()
        self._cache, self._clips = cache, 0
        self._detector = Lookout(self._settings.detector, max_faces=self._settings.max_faces, far=self._settings.far)

    def read(self, path: Path, rate_hz: float | None = None) -> list[EmotionDistribution]:
        """Return the readings of a file, or of a folder of pictures at `rate_hz`; raise SourceError for neither."""
        return self.readings(read_pictures(path, rate_hz or RATE_HZ) if path.is_dir() else read_file(path))

    def readings(self, frames: Iterable[Frame]) -> list[EmotionDistribution]:
        """Return the readings of frames."""
        perceiver = Perceiver(self._detector, self._sidecar)
        recognizer = Recognizer(self._engine, self._sidecar, smoothing_s=self._settings.smoothing_s)
        if self._cache is not None:
            if self._clips == len(self._cache.clips):
                bags_of_frames = (perceiver.perceive(frame)[1] for frame in frames)
                self._cache.clips.append([bags for bags in bags_of_frames if bags])
            self._clips += 1
            return [read for bags in self._cache.clips[self._clips - 1] for read in recognizer.recognize(bags)]
        return [e for e in offline(frames, perceiver, recognizer) if isinstance(e, EmotionDistribution)]

    def close(self) -> None:
        """Free the detector."""
        self._detector.close()


def video_predictions(reader: LiveReader, samples: Sequence[Sample]) -> Read:
    """Return one distribution for each clip: the mean of all live readings, with default settings.

    A clip without a reading counts as not read: no face, none for as long as a window, or a damaged file.
    """
    bar = tqdm(samples, desc="reading videos", unit="clip", leave=False, disable=None)
    found = [_mean(sample, reader) for sample in bar]
    labels = np.array([sample.label for sample in samples], np.int64)
    return collected([sample.clip for sample in samples], found, labels, None)


def _mean(sample: Sample, reader: LiveReader) -> F32 | None:
    try:
        rows = [reading.probabilities for reading in reader.read(sample.path, sample.rate_hz)]
    except SourceError as cause:
        log.warning("%s counts as not read: %s", sample.clip, cause)
        return None
    return np.asarray(np.mean(rows, axis=0), np.float32) if rows else None
