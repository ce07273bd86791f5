"""Cuts the main face of a clip, found and followed as the live program does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import SourceError
from realtime_micacl.live.seeing.align import Aligner, Points
from realtime_micacl.live.seeing.cuts import CutDetector
from realtime_micacl.live.seeing.detection import Reach
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.tracker import Sighting, Tracker, signature
from realtime_micacl.types import F32, U8, Frame

MAX_FRAMES = 3000  # the crops of more would fill the memory
ENOUGH = 0.9  # share of frames with a face; with less the other detector is tried, too
LEAST = 0.1  # share of frames with a face; less may be a false detection in the background

Kept = tuple[int, float, U8]
"""Index and time of a frame, and its crop."""


@dataclass(frozen=True, eq=False)
class Cut:
    """The crops of one face."""

    numbers: npt.NDArray[np.int64]
    """Index of the frame of each crop, [T]."""
    crops: U8
    """[T,S,S,3]"""
    times_s: F32
    """[T]"""


class FaceCutter:
    """Cuts the main face of clips; not thread-safe."""

    def __init__(self, size_px: int, points: Points) -> None:
        self._aligner = Aligner(size_px, points)
        reaches: tuple[Reach, ...] = ("full", "short")
        self._detectors = [FaceDetector(reach=reach) for reach in reaches]

    def cut(self, read: Callable[[], Iterable[Frame]]) -> Cut:
        """Return the face that is seen longest and largest; raise SourceError if none is in a tenth of the frames.

        The live program's detector is used first. If it finds too little, `read` is called again for the other one,
        which finds faces that fill the picture, as in the crops that some sets ship.
        """
        best: list[Kept] = []
        for detector in self._detectors:
            frames, track = self._main_track(read(), detector)
            if len(track) > len(best):
                best = track
            if len(best) >= ENOUGH * frames:
                break
        if not best or len(best) < LEAST * frames:
            raise SourceError(f"a face was followed in {len(best)} of its {frames} frames, fewer than a tenth")
        return _cut(best)

    def close(self) -> None:
        """Free the detectors."""
        for detector in self._detectors:
            detector.close()

    def _main_track(self, clip: Iterable[Frame], detector: FaceDetector) -> tuple[int, list[Kept]]:
        """Return the number of frames and the track with the most frames x size."""
        tracker, cuts = Tracker(birth_hits=1), CutDetector()  # no second frame is needed to confirm a face
        tracks: dict[int, list[Kept]] = defaultdict(list)
        sizes: dict[int, float] = defaultdict(float)
        seen = 0
        for frame in bounded(clip):
            seen += 1
            if cuts.is_cut(frame.image):
                tracker.restart()
            found = detector.detect(frame.image)
            crops = [self._aligner.crop(frame.image, d.points[:4]) for d in found]
            sightings = [Sighting(d.box, signature(c), may_start=True) for d, c in zip(found, crops, strict=True)]
            for number, sighting, crop in zip(tracker.update(sightings, frame.time_s), sightings, crops, strict=True):
                if number is not None:
                    tracks[number].append((frame.index, frame.time_s, crop))
                    sizes[number] += float(sighting.box[2] - sighting.box[0])
        main = max(sizes, key=lambda number: sizes[number], default=0)
        return seen, tracks[main]


def as_shipped(frames: Iterable[Frame], size_px: int) -> Cut:
    """Return the whole pictures of a clip, resized to `size_px`."""
    kept = []
    for frame in bounded(frames):
        shrinks = min(frame.image.shape[:2]) >= size_px
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        picture = cv2.resize(frame.image, (size_px, size_px), interpolation=method).astype(np.uint8)
        kept.append((frame.index, frame.time_s, picture))
    return _cut(kept)


def bounded(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield frames; raise SourceError after `MAX_FRAMES`."""
    for n, frame in enumerate(frames, 1):
        if n > MAX_FRAMES:
            raise SourceError(f"it has more than {MAX_FRAMES} frames; cut it into clips first")
        yield frame


def _cut(kept: list[Kept]) -> Cut:
    numbers, times_s, crops = zip(*kept, strict=True)
    return Cut(np.array(numbers, np.int64), np.stack(crops), np.array(times_s, np.float32))
