"""Records the unsmoothed readings of an engine at every tick of a prepared clip or a video, as traces.

Other benches smooth a trace in many ways without running the engine again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.reading.smoother import Smoother
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.live.seeing.window import Window
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.clips import Clip
from realtime_micacl.making.data.prepared import PreparedClip, read_prepared
from realtime_micacl.making.evaluation.predictions import with_landmarks
from realtime_micacl.types import EMOTIONS, F32, Bag, EmotionDistribution, Face, Quality

NEUTRAL = EMOTIONS.index("neutral")


@dataclass(frozen=True, eq=False)
class Trace:
    """The readings of one face."""

    name: str
    times_s: F32
    """[n]"""
    shares: F32
    """Calibrated, not smoothed, [n,K]."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A smoothed trace, as the window would show it."""

    times_s: F32
    shares: F32
    words: tuple[int | None, ...]
    """The emotion that is named at each reading, None for "unsure"."""

    @property
    def runs(self) -> list[tuple[int | None, float, float]]:
        """Return word, first and last time of each stretch with one word."""
        runs: list[tuple[int | None, float, float]] = []
        for word, time_s in zip(self.words, self.times_s.tolist(), strict=True):
            first_s = runs.pop()[1] if runs and runs[-1][0] == word else time_s
            runs.append((word, first_s, time_s))
        return runs


def bags_of(clip: Clip, sidecar: Sidecar) -> list[Bag]:
    """Return the bags that the live window cuts from a clip."""
    window, shapes = Window(sidecar.bag), [None] * len(clip.crops)
    if sidecar.shape:
        landmarks = with_landmarks(clip, sidecar).landmarks
        assert landmarks is not None
        shapes = list(ShapeReader(sidecar.shape).read(landmarks))
    return [
        bag
        for crop, shape, time_s in zip(clip.crops, shapes, clip.times_s, strict=True)
        for bag in window.push([Face(1, np.zeros(4, np.float32), crop, 1.0, Quality(1.0), shape=shape)], float(time_s))
    ]


def trace_clip(name: str, clip: Clip, engine: Engine, sidecar: Sidecar) -> Trace:
    """Read a clip as live crops are read."""
    recognizer = Recognizer(engine, sidecar, smoothing_s=0.0)
    return _trace(name, [reading for bag in bags_of(clip, sidecar) for reading in recognizer.recognize([bag])])


def trace_video(path: Path, engine: Engine, sidecar: Sidecar) -> list[Trace]:
    """Read a video through detector, tracker and window; a trace for each face."""
    recognizer = Recognizer(engine, sidecar, smoothing_s=0.0)
    tracks: dict[int, list[EmotionDistribution]] = defaultdict(list)
    with closing(Perceiver(FaceDetector(), sidecar)) as perceiver:
        for event in offline(read_file(path), perceiver, recognizer):
            if isinstance(event, EmotionDistribution):
                tracks[event.track_id].append(event)
    many = len(tracks) > 1
    return [_trace(f"{path.name}{f', face {i}' if many else ''}", readings) for i, readings in tracks.items()]


def show(trace: Trace, smoother: Smoother) -> Shown:
    """Smooth a trace."""
    found = [
        smoother.update(1, float(time_s), shares) for time_s, shares in zip(trace.times_s, trace.shares, strict=True)
    ]
    return Shown(trace.times_s, np.stack([shares for shares, _ in found]), tuple(word for _, word in found))


def prepared(folders: Sequence[Path]) -> list[PreparedClip]:
    """Return the clips of prepared folders."""
    return [clip for folder in folders for clip in read_prepared(folder).clips]


def _trace(name: str, readings: Sequence[EmotionDistribution]) -> Trace:
    times_s = np.array([reading.time_s for reading in readings], np.float32)
    return Trace(name, times_s, np.array([reading.probabilities for reading in readings], np.float32).reshape(-1, 7))
