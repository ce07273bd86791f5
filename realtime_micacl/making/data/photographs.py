"""Reads a file of face crops that were cut from photographs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.making.data.arrays import read_arrays
from realtime_micacl.making.data.ferplus import ENLARGED_PX, MARGIN_PX, Stills
from realtime_micacl.making.scores import Labels
from realtime_micacl.types import EMOTIONS, U8, Frame


def read_photographs(file: Path, half: int) -> tuple[Iterator[Frame], Labels]:
    """Return one half of a set of face crops as frames, and their labels [n].

    The file is an .npz with `jpeg` (all pictures one after the other), `sizes` in bytes, `label` (in the order of
    EMOTIONS) and `half`; raise ConfigError if it is no such file.
    """
    jpeg, sizes, labels, halves = read_arrays(file, "a set of photographs", ("jpeg", "sizes", "label", "half"))
    ends = np.cumsum(sizes)
    if not len(sizes) == len(labels) == len(halves) or ends[-1:].sum() != len(jpeg):
        raise ConfigError(f"{file} is cut off: sizes, label and half must be of the same pictures, and jpeg hold them")
    if strange := sorted(set(labels.tolist()) - set(range(len(EMOTIONS)))):
        raise ConfigError(f"{file} has the label {strange[0]}; 0 to {len(EMOTIONS) - 1} mean {', '.join(EMOTIONS)}")
    chosen = np.flatnonzero(halves == half)
    if not len(chosen):
        raise ConfigError(f"{file} has no photographs of half {half}; it has {sorted(set(halves.tolist()))}")
    frames = (Frame(_framed(jpeg[ends[i] - sizes[i] : ends[i]]), 0.0, 0, still=True) for i in chosen)
    return frames, labels[chosen].astype(np.int64)


def half_named(text: str) -> int:
    """Return the number of a half; raise ConfigError if the text is no number."""
    if not text.isdecimal():
        raise ConfigError(f"--photographs: HALF must be a number such as 0 or 1, not {text!r}")
    return int(text)


def read_portraits(file: Path, half: int, aligner: Aligner) -> Stills:
    """Return one half for training, cut like live faces; pictures in which no face is found are left out."""
    frames, labels = read_photographs(file, half)
    crops, kept = [], []
    with closing(FaceDetector(reach="short")) as detector:
        for frame, label in zip(frames, labels, strict=True):
            if found := detector.detect(frame.image):
                crops.append(cv2.cvtColor(aligner.crop(frame.image, found[0].points[:4]), cv2.COLOR_RGB2GRAY))
                kept.append(label)
    return Stills(np.stack(crops).astype(np.uint8), np.eye(len(EMOTIONS), dtype=np.float32)[kept])


def _framed(jpeg: U8) -> U8:
    """Return a crop, decoded and enlarged, with a margin in which its border is repeated."""
    picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    if picture is None:
        raise ConfigError("one of the photographs is damaged; download the set again")
    picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    picture = cv2.resize(picture, (ENLARGED_PX, ENLARGED_PX), interpolation=cv2.INTER_CUBIC)
    px = MARGIN_PX
    return np.asarray(cv2.copyMakeBorder(picture, px, px, px, px, cv2.BORDER_REPLICATE), np.uint8)
