"""Finds out which way up pictures are, when no faces are found: a phone on its side, a camera on a ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import numpy as np

from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.lookout import MESH_AGREES
from realtime_micacl.live.seeing.mesh import FaceMesh, region
from realtime_micacl.types import U8

SURE = 0.72  # a face the right way up scores .78 or more, one upside down .68 at most
BETTER = 0.1  # by how much the score must be above that of the picture as it is


def turn_wanted(images: Sequence[U8]) -> int:
    """Return by how many degrees clockwise pictures, RGB [H,W,3], have to be turned for their faces to be upright.

    0 if they are, or if fewer than half of the pictures agree.
    """
    with closing(FaceDetector()) as detector, closing(FaceMesh()) as mesh:
        scores = np.array([[_score(detector, mesh, np.rot90(i, -turn)) for turn in range(4)] for i in images])
    agree = (scores >= SURE) & (scores > scores[:, :1] + BETTER)
    turn = int(agree.sum(axis=0).argmax()) if len(images) else 0
    return 90 * turn if turn and 2 * agree[:, turn].sum() > len(images) else 0


def _score(detector: FaceDetector, mesh: FaceMesh, image: U8) -> float:
    """Return how sure the detector is of the best face that the mesh agrees to."""
    image = np.ascontiguousarray(image)
    found = detector.detect(image)
    _, agreed = mesh.landmarks(image, [region(one.points, one.box) for one in found])
    return max((one.score for one, sure in zip(found, agreed, strict=True) if sure >= MESH_AGREES), default=0.0)
