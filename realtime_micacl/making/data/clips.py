"""Reads rendered clips, whose expression is known exactly: a folder of videos and its `labels.json`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.mesh import LANDMARKS, FaceMesh, region
from realtime_micacl.live.seeing.window import Window
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.cache import cached_arrays, key
from realtime_micacl.making.data.held_out import held_out
from realtime_micacl.making.data.labels import LABELS, Label, read_labels
from realtime_micacl.types import EMOTIONS, F32, U8, Face, Quality


@dataclass(frozen=True, eq=False)
class Clip:
    """The face of one person in one clip."""

    subject: str
    crops: U8
    """[T,S,S,3]"""
    times_s: F32
    """[T]"""
    targets: F32
    """The distribution in each frame, a mixture of the emotion and neutral, [T,K]."""
    held_out: bool
    """Whether this person is never trained on, only measured: every fifth is."""
    landmarks: F32 | None = None
    """Landmarks in px of the picture, [T,468,3]; None for crops of prepared sets."""


def read_clips(folder: Path, aligner: Aligner, cache: Path) -> list[Clip]:
    """Return the clips of a folder, their faces cut as live faces are; the crops are cached in the folder `cache`."""
    rows = read_labels(folder)
    detector, mesh = FaceDetector(), FaceMesh()
    clips = [
        _clip(folder, row, detector, mesh, aligner, cache)
        for row in tqdm(rows, desc=f"cutting {folder.name}", disable=None)
    ]
    detector.close()
    mesh.close()
    return [clip for clip in clips if len(clip.times_s)]


def bag_frames(times_s: F32, spec: BagSpec) -> npt.NDArray[np.int64]:
    """Return the indices of the frames that the live window puts into each bag of a clip, [bags, N * L].

    They come from the window itself: it is given pictures of one pixel, whose colour is the index of the frame.
    """
    window = Window(spec)
    rows = []
    for number, time_s in enumerate(times_s):
        pixel = np.array([[[0, number // 256, number % 256]]], np.uint8)
        face = Face(1, np.zeros(4, np.float32), pixel, 1.0, Quality(1.0))
        for bag in window.push([face], float(time_s)):
            high, low = bag.crops.reshape(-1, 3).astype(np.int64)[:, 1:].T
            rows.append(high * 256 + low)
    return np.array(rows, np.int64).reshape(-1, spec.ticks)


def _clip(folder: Path, row: Label, detector: FaceDetector, mesh: FaceMesh, aligner: Aligner, cache: Path) -> Clip:
    file = folder / row.file
    name = f"{key(file.read_bytes(), repr((aligner.recipe, 'landmarks')).encode())}.npz"
    cut = cached_arrays(cache / folder.name / name, lambda: _cut(file, detector, mesh, aligner))
    numbers, crops, times_s, landmarks = (cut[name] for name in ("numbers", "crops", "times_s", "landmarks"))
    if len(numbers) and numbers[-1] >= len(row.intensity):
        raise ConfigError(f"{file} has more frames than the {len(row.intensity)} that {LABELS} labels")
    intensity = np.array(row.intensity, np.float32)[numbers]
    targets = np.zeros((len(numbers), len(EMOTIONS)), np.float32)
    targets[:, EMOTIONS.index("neutral")] = 1 - intensity
    targets[:, EMOTIONS.index(row.emotion)] += intensity
    is_held_out = held_out(row.identity)
    return Clip(f"{folder.name}/{row.identity}", crops, times_s, targets, is_held_out, landmarks)


def _cut(file: Path, detector: FaceDetector, mesh: FaceMesh, aligner: Aligner) -> dict[str, npt.NDArray[Any]]:
    """Return index, crop, time and landmarks of every frame in which a face is found."""
    numbers, crops, times_s, landmarks = [], [], [], []
    for frame in read_file(file):
        found = detector.detect(frame.image)
        if found:
            numbers.append(frame.index)
            crops.append(aligner.crop(frame.image, found[0].points[:4]))
            times_s.append(frame.time_s)
            landmarks.append(mesh.landmarks(frame.image, [region(found[0].points, found[0].box)])[0][0])
    shape = (len(crops), aligner.size_px, aligner.size_px, 3)
    return {
        "numbers": np.array(numbers, np.int64),
        "crops": np.array(crops, np.uint8).reshape(shape),
        "times_s": np.array(times_s, np.float32),
        "landmarks": np.array(landmarks, np.float32).reshape(len(crops), LANDMARKS, 3),
    }
