"""Which face is whose: stable ids for the detections of successive frames.

Detections are matched to tracks greedily, by overlap with the predicted box and by how alike the aligned crops are. A
face that stops looking like itself from one frame to the next is somebody else and gets a new id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from math import sqrt

import cv2
import numpy as np

from realtime_micacl.live.seeing.detection import areas, middle
from realtime_micacl.types import F32, U8

# A missing face keeps its track for MEMORY_S, and, if looks are at most SLOW_S apart, until MISSES looks missed it.
MEMORY_S, MISSES, SLOW_S = 1.0, 2, 5.0
MIN_OVERLAP = 0.2  # intersection over union with the predicted box; that of two faces side by side is smaller
MIN_LIKENESS = 0.5  # measured on successive real frames: 0.83 or more at 24-30 fps, 0.53 on a head turning at 12 fps
LIKENESS_SHARE = 0.5  # weight of likeness against overlap in the match; chosen, not measured
AT_ONCE_S = 1e-3  # two pictures this near in time say nothing about speed
AHEAD_S = 0.3  # how long a missed face is expected to go on moving
NEWEST_SHARE = 0.5  # weight of the newest step in a face's velocity, against all steps before it
SAME_SCENE = 0.8  # of real clips' pictures up to a second apart 97 % are this alike, of other scenes 5 %
SAME_PLACE = 0.95  # of faces' boxes in real clips' successive frames 95 % are this alike; of two people's .94 at most
BIRTH_HITS = 2  # how many looks have to see a new face: one may be a mistake of the detector


@dataclass(frozen=True, eq=False)
class Sighting:
    """What the tracker needs to know of one detection."""

    box: F32
    """Left, top, right, bottom in px, [4]."""
    signature: F32
    """The crop's `signature`."""
    may_start: bool
    """Whether a track may start with it."""


@dataclass(eq=False)
class _Track:
    box: F32
    signature: F32
    seen_s: float
    velocity: F32
    """Of its box, in px a second, [4]."""
    hits: int = 1
    missed: int = 0
    """The number of looks in a row that did not see it."""
    track_id: int | None = None

    def predicted(self, time_s: float) -> F32:
        return np.asarray(self.box + self.velocity * min(time_s - self.seen_s, AHEAD_S), np.float32)

    def see(self, sighting: Sighting, time_s: float) -> None:
        elapsed_s = time_s - self.seen_s
        if elapsed_s > AT_ONCE_S:
            moved = (middle(sighting.box) - middle(self.box)) / elapsed_s
            moved = np.concatenate([moved, moved])
            self.velocity = np.asarray(self.velocity + NEWEST_SHARE * (moved - self.velocity), np.float32)
        self.box, self.signature, self.seen_s = sighting.box, sighting.signature, time_s
        self.hits += 1


@dataclass(frozen=True, eq=False)
class Cut:
    """A cut: the `signature` of the last picture before it, and of the first one after it."""

    then: F32
    now: F32
    pictures: tuple[U8, U8] | None = None
    """Both pictures, [H,W,3], of a hard cut."""

    def spares(self, box: F32) -> bool:
        """Say whether a part of the picture goes on as if there were no cut: a speaker beside slides, say."""
        if self.pictures is None:
            return False
        then, now = (part(picture, box) for picture in self.pictures)
        return then.size > 0 and then.shape == now.shape and likeness(signature(then), signature(now)) > SAME_PLACE


@dataclass(frozen=True, eq=False)
class _Left:
    """What was seen before a cut at `time_s`: the `signature` of the picture, and who was there."""

    picture: F32
    time_s: float
    tracks: list[_Track]


class Tracker:
    """Gives every sighting the id of its track; ids come from `ids`, from 1 on, and are never used again.

    A track is confirmed once it was seen in `birth_hits` frames.
    """

    def __init__(self, ids: Iterator[int] | None = None, birth_hits: int = BIRTH_HITS) -> None:
        self._birth_hits = birth_hits
        self._tracks: list[_Track] = []
        self._left: list[_Left] = []
        self._ids = ids or count(1)
        self._now_s = 0.0

    def update(self, sightings: Sequence[Sighting], time_s: float, *, still: bool = False) -> list[int | None]:
        """Return the track id of each sighting, or None for one that is not confirmed; call once per frame.

        In a `still`, which has no other frame near in time, one look confirms a track; tracks of the frame before it
        are kept, however long ago that was.
        """
        if any(time_s < track.seen_s for track in self._tracks):
            self.restart()  # the clock went back
        before_s, self._now_s = self._now_s, time_s
        apart_s = time_s - before_s
        memory_s = max(MEMORY_S, apart_s) if still else MEMORY_S
        misses = MISSES if not still and apart_s <= SLOW_S else 0
        self._forget(memory_s, misses)
        expected = [track.predicted(time_s) for track in self._tracks]
        pairs = sorted(
            (
                (_affinity(track, expected[t], sighting), t, s)
                for t, track in enumerate(self._tracks)
                for s, sighting in enumerate(sightings)
            ),
            reverse=True,
        )
        owner: dict[int, _Track] = {}
        taken: set[int] = set()
        for affinity, t, s in pairs:
            if affinity > 0 and t not in taken and s not in owner:
                taken.add(t)
                owner[s] = self._tracks[t]
                owner[s].see(sightings[s], time_s)
        for track in self._tracks:
            track.missed = 0 if track.seen_s == time_s else track.missed + 1
        self._forget(memory_s, misses)
        for s, sighting in enumerate(sightings):
            if s not in owner and sighting.may_start:
                track = _Track(sighting.box, sighting.signature, time_s, np.zeros(4, np.float32))
                self._tracks.append(track)
                owner[s] = track
        hits = 1 if still else self._birth_hits
        return [self._confirmed_id(owner[s], hits) if s in owner else None for s in range(len(sightings))]

    @property
    def settled(self) -> bool:
        """Whether all tracks are confirmed and were seen at the last update: nobody has just come or was missed."""
        return all(track.track_id is not None and track.seen_s == self._now_s for track in self._tracks)

    def boxes(self, time_s: float) -> dict[int, F32]:
        """Return where each confirmed track is expected at `time_s`, between two updates."""
        return {t.track_id: t.predicted(time_s) for t in self._tracks if t.track_id is not None}

    def stretch(self, factors: F32) -> None:
        """Scale all tracks when the pictures' width and height change by these factors [2]."""
        for track in self._tracks:
            track.box, track.velocity = track.box * np.tile(factors, 2), track.velocity * np.tile(factors, 2)

    def restart(self, cut: Cut | None = None, time_s: float = 0.0) -> None:
        """Forget all tracks: after a cut nobody is who was there before, but for those whom it spares.

        A `cut` at `time_s` that leads back to a picture that was left a moment ago, as behind a flash, is none.
        """
        spared = [track for track in self._tracks if cut and cut.spares(track.box)]
        ended, self._tracks = [track for track in self._tracks if track not in spared], spared
        self._left = [one for one in self._left if cut and 0 <= time_s - one.time_s <= MEMORY_S]
        if cut is None:
            return
        if back := next((one for one in self._left if likeness(one.picture, cut.now) > SAME_SCENE), None):
            self._tracks = spared + back.tracks
            self._left.remove(back)
        if ended:
            self._left.append(_Left(cut.then, time_s, ended))

    def _forget(self, memory_s: float, misses: int) -> None:
        """Drop tracks that were last seen longer ago than `memory_s` and missed by at least `misses` looks."""
        self._tracks = [t for t in self._tracks if self._now_s - t.seen_s <= memory_s or t.missed < misses]

    def _confirmed_id(self, track: _Track, hits: int) -> int | None:
        if track.track_id is None and track.hits >= hits:
            track.track_id = next(self._ids)
        return track.track_id


def signature(image: U8, side: int = 16) -> F32:
    """Return the signature of a picture, [side * side]: its small luma, with mean 0 and length 1."""
    return normalised(cv2.cvtColor(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY))


def part(picture: U8, box: F32) -> U8:
    """Return the part of a picture [H,W,3] that lies in a box [4]."""
    left, top, right, bottom = (max(0, round(edge)) for edge in box.tolist())
    return picture[top:bottom, left:right]


def normalised(pixels: np.ndarray) -> F32:
    """Return pixels as one row with mean 0 and length 1."""
    values = pixels.astype(np.float32).ravel()
    values -= np.add.reduce(values) / len(values)
    length = sqrt(values @ values)  # `dot` would let other threads take Python's lock each time
    return values / length if length > 0 else values


def likeness(a: F32, b: F32) -> float:
    """Return how alike two signatures are, -1 to 1."""
    return float(a @ b)


def _affinity(track: _Track, expected: F32, sighting: Sighting) -> float:
    """Return how well a sighting fits a track that is `expected` in a box; 0 if they must not be matched."""
    alike = likeness(track.signature, sighting.signature)
    if alike < MIN_LIKENESS:
        return 0.0
    common = max(_common(expected, sighting.box), _common(track.box, sighting.box))
    return common + LIKENESS_SHARE * alike if common >= MIN_OVERLAP else 0.0


def _common(a: F32, b: F32) -> float:
    """Return intersection over union of two boxes."""
    common, of_a, of_b = areas(a, b)
    union = of_a + of_b - common
    return common / union if union > 0 else 0.0
