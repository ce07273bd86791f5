"""Turns one clip of a data set into a file of crops, for `prepare`."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import av
import cv2
import msgspec
import numpy as np

from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.live.seeing.align import Points
from realtime_micacl.live.sources.stills import pictures_in
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.faces import Cut, FaceCutter, as_shipped
from realtime_micacl.making.data.pictures import read_pictures
from realtime_micacl.making.data.prepared import write_crops
from realtime_micacl.making.data.samples import Sample
from realtime_micacl.types import EMOTIONS, F32, Frame
from realtime_micacl.wording import spelled, why

CORRUPT = (SourceError, OSError, ValueError, MemoryError, cv2.error, av.error.FFmpegError)
"""What reading a corrupt clip may raise."""


@dataclass(frozen=True)
class Job:
    """A clip and the file that its crops go to."""

    sample: Sample
    file: Path


@dataclass(frozen=True)
class Done:
    """A clip's file was written."""

    frames: int
    warnings: tuple[str, ...]
    """Which of its frames could not be read, and why."""


@dataclass(frozen=True)
class Skipped:
    """A clip gave no crops; `reason` is for people."""

    reason: str


@dataclass(frozen=True)
class Cutting:
    """How the clips of a set are cut."""

    size_px: int
    points: Points | None
    """None: the pictures are taken as they are."""

    @contextmanager
    def opened(self) -> Iterator[Callable[[Job], Done | Skipped]]:
        """Open the detectors; yield the function that does a job."""
        cv2.setNumThreads(1)  # the processes share the cores
        cutter = FaceCutter(self.size_px, self.points) if self.points else None
        try:
            yield partial(self._work, cutter)
        finally:
            if cutter:
                cutter.close()

    def _work(self, cutter: FaceCutter | None, job: Job) -> Done | Skipped:
        sample = job.sample
        with _warnings() as warnings:
            try:
                cut = cutter.cut(lambda: _frames(sample)) if cutter else as_shipped(_frames(sample), self.size_px)
                targets = _targets(sample, cut)
            except CORRUPT as cause:
                return Skipped(str(cause) or type(cause).__name__)
        try:
            write_crops(job.file, cut.crops, cut.times_s, targets)
        except OSError as cause:
            raise ConfigError(f"{job.file} cannot be written: {why(cause)}") from cause
        return Done(len(cut.numbers), tuple(dict.fromkeys(warnings)))  # a clip may be read twice, for two detectors


def file_name(sample: Sample) -> str | None:
    """Return the name of the file for a clip's crops, None if the clip does not exist.

    The name is a hash of all that crops and targets depend on, as far as that is known without reading the clip: the
    size of a video, the names of the pictures in a folder.
    """
    path = sample.path
    if path.is_dir():
        source: int | list[str] = [spelled(file.name) for file in pictures_in(path)]
    elif path.is_file():
        source = path.stat().st_size
    else:
        return None
    facts = (sample.clip, sample.label, sample.rate_hz, sample.intensity, source)
    return f"{hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:24]}.npz"


def _frames(sample: Sample) -> Iterator[Frame]:
    return read_pictures(sample.path, sample.rate_hz) if sample.path.is_dir() else read_file(sample.path)


def _targets(sample: Sample, cut: Cut) -> F32:
    """Return the distribution over emotions in each frame, [T,K]."""
    emotion = np.eye(len(EMOTIONS), dtype=np.float32)[sample.label]
    if sample.intensity is None:
        return np.tile(emotion, (len(cut.numbers), 1))
    if cut.numbers[-1] >= len(sample.intensity):
        raise SourceError(f"it has more frames than the {len(sample.intensity)} that are labelled")
    strength = np.array(sample.intensity, np.float32)[cut.numbers, None]
    neutral = np.eye(len(EMOTIONS), dtype=np.float32)[EMOTIONS.index("neutral")]
    return np.asarray(strength * emotion + (1 - strength) * neutral, np.float32)


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect the warnings that are logged within the block."""
    messages: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    collector, package = Collector(logging.WARNING), logging.getLogger("realtime_micacl")
    package.addHandler(collector)
    try:
        yield messages
    finally:
        package.removeHandler(collector)
