"""FER+: 35,714 grey faces of 48 x 48 px with ten taggers' votes (arXiv 1608.01041).

The file is an npz with X u8[n,48,48], V votes [n,10] in the order of VOTES and S the official split, 0 train,
1 validation, 2 test.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.making.data.arrays import read_arrays
from realtime_micacl.making.data.cache import cached, key
from realtime_micacl.types import EMOTIONS, F32, U8

VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "not a face")
NAMES = {
    "happy": "happiness",
    "sad": "sadness",
    "neutral": "neutral",
    "angry": "anger",
    "surprise": "surprise",
    "disgust": "disgust",
    "fear": "fear",
}
SPLITS = ("train", "validation", "test")
ENLARGED_PX, MARGIN_PX = 192, 64  # mediapipe finds few faces in 48 px and needs room around them


@dataclass(frozen=True, eq=False)
class Stills:
    """Labelled single pictures."""

    crops: U8
    """Luma, [n,S,S]."""
    targets: F32
    """The taggers' votes as a distribution over the emotions, [n,K]."""
    people: npt.NDArray[np.int64] | None = None
    """The number of the person, [n]; None: every picture counts as another person."""
    landmarks: F32 | None = None
    """Landmarks in parts of the crop's side, [n,468,3], NaN where no face is found; None: they were not read."""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """The most voted emotion, [n]."""
        return np.asarray(self.targets.argmax(axis=1), np.int64)


def read_ferplus(file: Path, split: Literal["train", "validation", "test"], aligner: Aligner, cache: Path) -> Stills:
    """Return one split, aligned as live faces are; the aligned crops are cached in the folder `cache`.

    For training a picture counts when the seven emotions hold most of its votes. For validation and test the rule is
    strict, one emotion has more than half of all votes, single votes do not count, and no picture is byte-identical
    to a training picture: 288 of the official test part are.
    """
    if not file.is_file():
        raise ConfigError(f"no FER+ file at {file}; see engines/README.md for where it comes from")
    pictures, votes, part = read_arrays(file, "FER+", ("X", "V", "S"))
    votes = votes.astype(np.float32)
    votes[votes == 1] = 0
    total = np.maximum(votes.sum(axis=1), 1)
    emotions = votes[:, [VOTES.index(NAMES[name]) for name in EMOTIONS]]
    chosen = part == SPLITS.index(split)
    if split == "train":
        chosen &= emotions.sum(axis=1) >= 0.6 * total
    else:
        chosen &= (emotions.max(axis=1) > 0.5 * total) & ~_repeats(pictures, part)
    crops = _aligned(pictures, aligner, cache)[chosen]
    return Stills(crops, emotions[chosen] / emotions[chosen].sum(axis=1, keepdims=True))


def with_room(picture: U8) -> U8:
    """Return a small luma picture [S,S] as mediapipe finds its face: ENLARGED_PX wide, MARGIN_PX around it, RGB."""
    large = cv2.resize(picture, (ENLARGED_PX, ENLARGED_PX), interpolation=cv2.INTER_CUBIC)
    return cv2.cvtColor(np.pad(large, MARGIN_PX, mode="edge"), cv2.COLOR_GRAY2RGB).astype(np.uint8)


def _repeats(pictures: U8, part: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Say of each picture whether a training picture has the same bytes, [n]."""
    digests = [hashlib.sha1(picture.tobytes(), usedforsecurity=False).digest() for picture in pictures]
    training = {digest for digest, p in zip(digests, part, strict=True) if p == 0}
    return np.array([digest in training for digest in digests])


def _aligned(pictures: U8, aligner: Aligner, cache: Path) -> U8:
    """Return the aligned crops of all pictures, [n,S,S]; if no face is found, the picture as it is."""

    def cut() -> U8:
        with closing(FaceDetector(reach="short")) as detector:
            bar = tqdm(pictures, desc="aligning FER+", unit="face", disable=None)
            return np.stack([_crop(picture, detector, aligner) for picture in bar])

    return cached(cache / f"ferplus-{key(pictures.tobytes(), repr(aligner.recipe).encode())}.npy", cut)


def _crop(picture: U8, detector: FaceDetector, aligner: Aligner) -> U8:
    """Return the aligned luma crop [S,S] of one picture."""
    found = detector.detect(with_room(picture))
    scale = picture.shape[0] / ENLARGED_PX
    points = (found[0].points[:4] - MARGIN_PX) * scale if found else aligner.points * picture.shape[0]
    return aligner.crop(np.repeat(picture[:, :, None], 3, axis=2), points.astype(np.float32) - 0.5)[:, :, 0]
