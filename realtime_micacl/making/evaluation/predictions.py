"""The predictions of an engine for pictures, rendered clips and prepared clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.engine import LASTS, Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.reading.neutral import Neutral, own_changes, strange
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.making.data.bags import segments
from realtime_micacl.making.data.bank import bag_targets, luma, turned_ticks
from realtime_micacl.making.data.clips import Clip, bag_frames
from realtime_micacl.making.data.ferplus import Stills
from realtime_micacl.making.data.landmarks import landmarks_in, still_changes
from realtime_micacl.making.evaluation.protocol import Part
from realtime_micacl.making.scores import Labels
from realtime_micacl.types import EMOTIONS, F32, U8, Features
from realtime_micacl.wording import counted

CLEAR = 0.7  # a bag is measured on if one emotion has at least this share of its newer half
BATCH = 64
Bags = Literal["segments", "live"]
Predictions = tuple[F32, Labels, Labels | None]
"""Probabilities [n,K], labels [n] and people [n]."""


@dataclass(frozen=True, eq=False)
class Read:
    """The readings of a set, one distribution for each clip."""

    names: tuple[str, ...]
    """Of the n clips that could be read."""
    probabilities: F32
    """[n,K]"""
    labels: Labels
    people: Labels | None
    unread: Labels = field(default_factory=lambda: np.array([], np.int64))
    """The labels of the clips that could not be read, [m]."""
    unread_names: tuple[str, ...] = ()


def still_predictions(engine: Engine, sidecar: Sidecar, stills: Stills) -> Predictions:
    """Return predictions for pictures, each read as a clip of one repeated frame; their own neutral is unknown."""
    changes = stranger_changes(sidecar, stills)
    rows = [
        still_logits(
            engine,
            sidecar,
            np.repeat(stills.crops[i : i + BATCH, ..., None], 3, axis=-1),
            None if changes is None else changes[i : i + BATCH],
        )
        for i in range(0, len(stills.crops), BATCH)
    ]
    return probabilities(np.concatenate(rows), sidecar), stills.labels, stills.people


def stranger_changes(sidecar: Sidecar, stills: Stills) -> F32 | None:
    """Return the changes [n,N*L,3P+1] of pictures from the average neutral face; None for an engine without shapes.

    Raise ConfigError if it does and the pictures have no landmarks.
    """
    if not sidecar.shape:
        return None
    if stills.landmarks is None:
        raise ConfigError(f"the engine {sidecar.name!r} reads landmarks, which these pictures do not have")
    return still_changes(stills.landmarks, sidecar.shape, sidecar.bag.ticks)


def still_logits(engine: Engine, sidecar: Sidecar, crops: U8, changes: F32 | None = None) -> F32:
    """Return the logits [n,K] of crops [n,S,S,3], each read as a clip of one repeated frame."""
    frames = np.broadcast_to(np.arange(len(crops))[:, None], (len(crops), sidecar.bag.ticks))
    return _logits(engine, sidecar, crops, frames, changes)


def clip_predictions(engine: Engine, sidecar: Sidecar, clips: Sequence[Clip]) -> Predictions:
    """Return predictions for the clear ones among the bags that the live window cuts from `clips`."""
    spec, rows, labels, people = sidecar.bag, [], [], []
    subjects = sorted({clip.subject for clip in clips})
    for clip in clips:
        frames = bag_frames(clip.times_s, spec)
        targets = bag_targets(clip, frames, spec)
        clear = targets.max(axis=1) >= CLEAR
        if clear.any():
            rows.append(bag_logits(engine, sidecar, clip, frames)[clear])
        labels += targets[clear].argmax(axis=1).tolist()
        people += [subjects.index(clip.subject)] * int(clear.sum())
    if not rows:
        raise ConfigError(f"no bag of {len(clips)} rendered clips shows a clear emotion; there is nothing to measure")
    found = probabilities(np.concatenate(rows), sidecar)
    return found, np.array(labels, np.int64), np.array(people, np.int64)


def bag_logits(engine: Engine, sidecar: Sidecar, clip: Clip, frames: npt.NDArray[np.int64]) -> F32:
    """Return the logits [bags,K] of the bags of a clip; `frames` [bags, N * L] are in the order of time.

    If the engine compares with the own neutral face, that is learnt from bag to bag, as it is live.
    """
    if not sidecar.shape:
        return _logits(engine, sidecar, clip.crops, frames)
    if clip.landmarks is None:
        raise ConfigError(f"the engine {sidecar.name!r} reads landmarks, which this clip does not have")
    reader = ShapeReader(sidecar.shape)
    shapes = reader.read(clip.landmarks)
    neutral = Neutral(reader.mean, sidecar.shape.prior, sidecar.shape.half_s)
    pieces, place = _encoded(engine, sidecar, clip.crops, frames)
    rows, last_s = [], float(clip.times_s[frames[0, -1]]) if len(frames) else 0.0
    for bag, numbers in zip(frames, place, strict=True):
        seen, ways = pieces[numbers][None], [own_changes(shapes[bag], neutral.shape, neutral.trust)]
        if neutral.second_due:
            ways.append(strange(shapes[bag], reader.mean))
        logits = engine.classify(np.repeat(seen, len(ways), axis=0), np.stack(ways))[0]
        own, *second = probabilities(logits, sidecar)
        now_s = float(clip.times_s[bag[-1]])
        neutral.read(shapes[bag[-1]], own, second[0] if second else None, now_s - last_s)
        rows.append(logits[:1])
        last_s = now_s
    return np.concatenate(rows) if rows else np.zeros((0, len(EMOTIONS)), np.float32)


def prepared_predictions(engine: Engine, sidecar: Sidecar, part: Part, bags: Bags) -> Read:
    """Return one distribution for each clip of a part.

    `segments` makes one bag of a whole clip, as the data sets' protocols do. `live` takes the mean over the bags that
    the live window would cut; a clip that is shorter than the window is not read.
    """
    spec = sidecar.bag
    found: list[F32 | None] = []
    for clip in tqdm(part.clips, desc=f"reading {part.title}", unit="clip", leave=False, disable=None):
        loaded = clip.load()
        frames = bag_frames(loaded.times_s, spec) if bags == "live" else segments(clip.frames, spec)[None]
        if len(frames):
            each = probabilities(bag_logits(engine, sidecar, with_landmarks(loaded, sidecar), frames), sidecar)
            found.append(np.asarray(each.mean(axis=0), np.float32))
        else:
            found.append(None)
    labels = np.array([clip.label for clip in part.clips], np.int64)
    return collected([clip.clip for clip in part.clips], found, labels, part.people)


def collected(names: Sequence[str], found: Sequence[F32 | None], labels: Labels, people: Labels | None) -> Read:
    """Return the readings of `names`; in `found` None is a clip that could not be read."""
    read = np.array([one is not None for one in found])
    if not read.any():
        raise ConfigError(f"none of {counted(len(names), 'clip')} could be read; there is nothing to measure")
    return Read(
        tuple(name for name, ok in zip(names, read, strict=True) if ok),
        np.stack([one for one in found if one is not None]),
        labels[read],
        None if people is None else people[read],
        labels[~read],
        tuple(name for name, ok in zip(names, read, strict=True) if not ok),
    )


def pooled(parts: Sequence[Read]) -> Read:
    """Return the readings of several folds as one."""
    people = [part.people for part in parts if part.people is not None]
    return Read(
        tuple(name for part in parts for name in part.names),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate(people) if len(people) == len(parts) else None,
        np.concatenate([part.unread for part in parts]),
        tuple(name for part in parts for name in part.unread_names),
    )


def probabilities(logits: F32, sidecar: Sidecar) -> F32:
    """Return the calibrated probabilities of logits [n,K]."""
    return softmax(logits / sidecar.calibration.temperature)


def with_landmarks(clip: Clip, sidecar: Sidecar) -> Clip:
    """Return a clip with the landmarks in its crops, if the engine reads landmarks."""
    if not sidecar.shape or clip.landmarks is not None:
        return clip
    return replace(clip, landmarks=landmarks_in(luma(clip.crops), Aligner(sidecar.bag.size_px, sidecar.crop.points)))


def _logits(
    engine: Engine, sidecar: Sidecar, crops: U8, frames: npt.NDArray[np.int64], changes: F32 | None = None
) -> F32:
    """Return the logits [bags,K] of bags of `frames` [bags, N * L]; a piece in several of them is encoded once."""
    most, rows = LASTS // sidecar.pieces, []  # an engine holds no more features
    for i in range(0, len(frames), most):
        pieces, place = _encoded(engine, sidecar, crops, frames[i : i + most])
        rows.append(engine.classify(pieces[place], None if changes is None else changes[i : i + most])[0])
    return np.concatenate(rows)


def _encoded(
    engine: Engine, sidecar: Sidecar, crops: U8, frames: npt.NDArray[np.int64]
) -> tuple[Features, npt.NDArray[np.int64]]:
    """Return the features of all different pieces, and for each bag the indices of its pieces, [bags,N*L/P]."""
    turned = np.tile(turned_ticks(sidecar.bag)[:: sidecar.piece], len(frames))
    keys = np.column_stack([frames.reshape(-1, sidecar.piece), turned])
    rows, place = np.unique(keys, axis=0, return_inverse=True)
    features = np.concatenate([engine.encode(_pieces(crops, rows[i : i + BATCH])) for i in range(0, len(rows), BATCH)])
    return features, place.reshape(len(frames), sidecar.pieces)


def _pieces(crops: U8, rows: npt.NDArray[np.int64]) -> U8:
    """Return the pieces [n,P,S,S,3] of `rows` [n,P+1]: the numbers of their frames, and 1 for those to be mirrored."""
    pieces = crops[rows[:, :-1]]
    return np.where(rows[:, -1, None, None, None, None] == 1, pieces[..., ::-1, :], pieces)
