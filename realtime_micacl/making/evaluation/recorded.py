"""Records features and shapes of clips and photographs, so that heads over one encoder can be compared fast."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from realtime_micacl.config import Settings
from realtime_micacl.inference.sidecar import Shape, Sidecar
from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.reading.neutral import Neutral, own_changes, strange
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.live.seeing.lookout import Lookout
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.bank import bag_targets, turned_ticks
from realtime_micacl.making.data.clips import Clip, bag_frames
from realtime_micacl.making.data.photographs import read_photographs
from realtime_micacl.making.evaluation.predictions import CLEAR
from realtime_micacl.making.evaluation.stretches import SLACK_S, Stretch, clip_file, rate_hz
from realtime_micacl.types import F32, U8, Bag, EmotionDistribution, Frame

Array = npt.NDArray[np.int64]
Encode = Callable[[U8], F32]
"""Pieces [M,P,S,S,3] to features [M,D]."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """The bags of R readings, track after track, and n labelled items, each read by the mean of some readings."""

    features: F32
    """Of the bag of each reading, [R,N*L,D]."""
    shapes: F32
    """[R,N*L,3P]"""
    times_s: F32
    """[R]"""
    tracks: Array
    """The number of each reading's track, ascending, [R]."""
    readings: Array
    """Pairs of a reading and an item that it belongs to: indices of the readings, [M]."""
    items: Array
    """Indices of the items, [M]."""
    labels: Array
    """Of each item, [n]."""
    people: Array
    """The number of each item's person, [n]."""

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return all arrays by name."""
        return vars(self)

    def means(self, probabilities: F32) -> F32:
        """Return the mean of the readings' probabilities [R,K] for each item, [n,K]."""
        summed = np.zeros((len(self.labels), probabilities.shape[1]), np.float64)
        np.add.at(summed, self.items, probabilities[self.readings])
        return np.asarray(summed / np.bincount(self.items)[:, None], np.float32)


class _Recorder:
    """Takes the place of a recognizer, and stores its bags."""

    def __init__(self, encode: Encode, sidecar: Sidecar) -> None:
        self.bags: list[tuple[int, float, F32, F32]] = []
        self._encode, self._sidecar, self._known = encode, sidecar, dict[bytes, F32]()

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        """Store bags; return no readings."""
        for bag in bags:
            assert bag.shapes is not None
            pieces = bag.pieces(self._sidecar.piece, mirrored=self._sidecar.bag.mirrored)
            for piece in pieces:
                if piece.tobytes() not in self._known:
                    self._known[piece.tobytes()] = self._encode(piece[None])[0]
            features = np.stack([self._known[piece.tobytes()] for piece in pieces])
            self.bags.append((bag.track_id, bag.end_s, features, bag.shapes))
        return ()

    def close(self) -> None:
        """Do nothing; a recognizer has this method."""


def record_photographs(file: Path, half: int, encode: Encode, sidecar: Sidecar) -> Recorded:
    """Record one half of a set of photographs; each is an item."""
    frames, labels = read_photographs(file, half)
    each = _through(([frame] for frame in frames), len(labels), encode, sidecar)
    rows = [(n, bags[0]) for n, bags in enumerate(each) if bags]
    numbers = np.arange(len(rows))
    own = np.array([n for n, _ in rows], np.int64)
    return _recorded([bag for _, bag in rows], numbers, numbers, numbers, labels[own], own)


def record_stretches(clips: Path, stretches: Sequence[Stretch], encode: Encode, sidecar: Sidecar) -> Recorded:
    """Record the labelled stretches of real clips; each clip counts as a person."""
    names = sorted({one.clip for one in stretches})
    sequences = _through((read_file(clip_file(clips, name)) for name in names), len(names), encode, sidecar)
    rows: list[tuple[int, float, F32, F32]] = []
    tracks: list[int] = []
    of_clip: list[int] = []
    for number, bags in enumerate(sequences):
        for track in sorted({bag[0] for bag in bags}):
            own = [bag for bag in bags if bag[0] == track]
            tracks += [tracks[-1] + 1 if tracks else 0] * len(own)
            of_clip += [number] * len(own)
            rows += own
    times_s, where = np.array([row[1] for row in rows]), np.array(of_clip)
    readings, labels, people = [], [], []
    for one in stretches:
        rate = rate_hz(clip_file(clips, one.clip))
        inside = (times_s >= one.first / rate - SLACK_S) & (times_s <= one.last / rate + SLACK_S)
        found = np.flatnonzero(inside & (where == names.index(one.clip)))
        if one.label is not None and len(found):
            readings.append(found)
            labels.append(one.label)
            people.append(names.index(one.clip))
    items = np.repeat(np.arange(len(labels)), [len(found) for found in readings])
    return _recorded(rows, np.array(tracks), np.concatenate(readings), items, np.array(labels), np.array(people))


def record_clips(clips: Sequence[Clip], encode: Encode, sidecar: Sidecar) -> Recorded:
    """Record rendered clips; each clear bag of the live window is an item."""
    assert sidecar.shape
    reader, spec, turned = ShapeReader(sidecar.shape), sidecar.bag, turned_ticks(sidecar.bag)
    subjects = sorted({clip.subject for clip in clips})
    rows: list[tuple[int, float, F32, F32]] = []
    tracks: list[int] = []
    clear, labels, people = [], [], []
    for number, clip in enumerate(tqdm(clips, desc="encoding clips", leave=False, disable=None)):
        assert clip.landmarks is not None
        frames, shapes = bag_frames(clip.times_s, spec), reader.read(clip.landmarks)
        crops = clip.crops[:, None]
        plain = encode(crops)
        both = np.stack([plain, encode(np.ascontiguousarray(crops[..., ::-1, :])) if turned.any() else plain])
        for bag, target in zip(frames, bag_targets(clip, frames, spec), strict=True):
            if target.max() >= CLEAR:
                clear.append(len(rows))
                labels.append(int(target.argmax()))
                people.append(subjects.index(clip.subject))
            rows.append((number, float(clip.times_s[bag[-1]]), both[turned, bag], shapes[bag]))
            tracks.append(number)
    items = np.arange(len(clear))
    return _recorded(rows, np.array(tracks), np.array(clear), items, np.array(labels), np.array(people))


def replay(
    recorded: Recorded,
    shape: Shape,
    read: Callable[[Array, F32], F32],
    temperature: float,
    *,
    learns: bool = True,
) -> F32:
    """Return the probabilities [R,K] of all readings; the own neutral of each track is learnt as it is live.

    `read` takes indices of readings [m] and their changes [m,N*L,3P+1], and returns logits [m,K]. With `learns` False
    all tracks are compared with the average neutral face.
    """
    counts = np.bincount(recorded.tracks)
    starts = np.cumsum(counts) - counts
    mean = np.asarray(shape.mean, np.float32)
    neutral = Neutral(mean, shape.prior, shape.half_s, (len(counts),))
    found: list[tuple[Array, F32]] = []
    for step in range(int(counts.max())):
        there = np.flatnonzero(counts > step)
        rows = starts[there] + step
        seen = recorded.shapes[rows]
        changes = own_changes(seen, neutral.shape[there], neutral.trust[there])
        probabilities = softmax(read(rows, changes) / np.float32(temperature))
        found.append((rows, probabilities))
        if learns:
            own, second = np.zeros((2, len(counts), probabilities.shape[1]), np.float32)
            newest, elapsed_s = np.zeros((len(counts), seen.shape[2]), np.float32), np.zeros(len(counts), np.float32)
            own[there], newest[there] = probabilities, seen[:, -1]
            elapsed_s[there] = recorded.times_s[rows] - recorded.times_s[rows - 1] if step else 0
            if neutral.second_due:
                second[there] = softmax(read(rows, strange(seen, mean)) / np.float32(temperature))
            neutral.read(newest, own, second if neutral.second_due else None, elapsed_s)
    order = np.argsort(np.concatenate([rows for rows, _ in found]))
    return np.concatenate([probabilities for _, probabilities in found])[order]


def _through(
    sequences: Iterable[Iterable[Frame]], count: int, encode: Encode, sidecar: Sidecar
) -> list[list[tuple[int, float, F32, F32]]]:
    """Return the bags of each sequence of frames, cut by the live perceiver."""
    settings, found = Settings(), []
    with closing(Lookout(settings.detector, max_faces=settings.max_faces, far=settings.far)) as lookout:
        for sequence in tqdm(sequences, desc="recording", total=count, leave=False, disable=None):
            recorder = _Recorder(encode, sidecar)
            for _ in offline(sequence, Perceiver(lookout, sidecar), recorder):
                pass
            found.append(recorder.bags)
    return found


def _recorded(
    rows: Sequence[tuple[int, float, F32, F32]],
    tracks: Array,
    readings: Array,
    items: Array,
    labels: Array,
    people: Array,
) -> Recorded:
    return Recorded(
        np.stack([features for _, _, features, _ in rows]).astype(np.float32),
        np.stack([shapes for _, _, _, shapes in rows]).astype(np.float32),
        np.array([time_s for _, time_s, _, _ in rows], np.float32),
        tracks.astype(np.int64),
        readings.astype(np.int64),
        items.astype(np.int64),
        labels.astype(np.int64),
        people.astype(np.int64),
    )
