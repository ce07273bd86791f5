"""Finds the landmarks in aligned crops of single pictures, with the face mesh that runs live."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.mesh import LANDMARKS, ROOM, FaceMesh, Region
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.making.data.cache import cached, key
from realtime_micacl.making.data.ferplus import ENLARGED_PX, MARGIN_PX, with_room
from realtime_micacl.types import F32, U8

# Where the detector's box lies, in distances between the eyes: its centre below their middle, and its longer side.
BOX_BELOW, BOX_SIDE = 0.44, 2.53
SURE = 0.5  # the mesh's score below which there is no face


def read_landmarks(crops: U8, aligner: Aligner, cache: Path) -> F32:
    """Return the landmarks in luma crops [n,S,S], in parts of the crop's side, [n,468,3]; NaN where no face is found.

    They are cached in the folder `cache`.
    """
    file = cache / f"landmarks-{key(crops.tobytes(), repr(aligner.recipe).encode())}.npy"
    return cached(file, lambda: landmarks_in(crops, aligner))


def landmarks_in(crops: U8, aligner: Aligner) -> F32:
    """Do as `read_landmarks`, without a cache."""
    where, mesh = _region(aligner), FaceMesh()
    landmarks = np.full((len(crops), LANDMARKS, 3), np.nan, np.float32)
    for n, crop in enumerate(tqdm(crops, desc="landmarks", leave=False, disable=None)):
        (found,), (score,) = mesh.landmarks(with_room(crop), [where])
        if score >= SURE:
            landmarks[n] = (found - (MARGIN_PX, MARGIN_PX, 0)) / ENLARGED_PX
    mesh.close()
    return landmarks


def still_changes(landmarks: F32, shape: Shape, ticks: int) -> F32:
    """Return the changes of pictures with landmarks [n,468,3] from the average neutral face, [n,ticks,3P+1].

    All ticks of a picture are the same. Nothing is known of the person, so the last number, trust, is 0. A picture
    without landmarks (NaN) has no change.
    """
    reader, seen = ShapeReader(shape), np.isfinite(landmarks[:, 0, 0])
    changes = np.zeros((len(landmarks), ticks, len(reader.mean) + 1), np.float32)
    changes[seen, :, :-1] = (reader.read(landmarks[seen]) - reader.mean)[:, None]
    return changes


def _region(aligner: Aligner) -> Region:
    """Return where `FaceMesh` looks for the face in an enlarged crop."""
    right, left = (aligner.points[:2] * ENLARGED_PX + MARGIN_PX).tolist()
    eyes_px = left[0] - right[0]
    middle = ((right[0] + left[0]) / 2, (right[1] + left[1]) / 2 + BOX_BELOW * eyes_px)
    return Region(*middle, ROOM * BOX_SIDE * eyes_px, 0.0)
