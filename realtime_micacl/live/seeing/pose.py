"""How heads are turned, in degrees, from the landmarks on bone, which no expression moves.

Yaw is above 0 where the face turns to the right of the picture, pitch where it looks down, roll where its top leans to
the right of the picture; all are 0 for a face that looks straight along the camera's axis. A head comes to its place by
yaw, then pitch, then roll, each about an axis of the camera.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realtime_micacl.types import F32

F64 = npt.NDArray[np.float64]

BONE = (33, 133, 362, 263, 168, 6, 197, 195, 127, 356, 234, 454)
"""Corners of the eyes, bridge of the nose, temples and cheekbones before the ears."""

FRAME = (
    (-0.4993, -0.0726, -0.0756),
    (-0.1921, -0.0461, -0.1335),
    (0.1921, -0.0461, -0.1335),
    (0.4993, -0.0726, -0.0756),
    (0.0000, -0.1228, -0.3018),
    (0.0000, -0.0213, -0.3459),
    (0.0000, 0.0629, -0.3998),
    (0.0000, 0.1399, -0.4572),
    (-0.7537, -0.0353, 0.4552),
    (0.7537, -0.0353, 0.4552),
    (-0.7411, 0.1245, 0.5063),
    (0.7411, 0.1245, 0.5063),
)
"""Where these lie in a face that looks at the camera: the mean of rendered heads, made alike on both sides.

x right, y down, z away from the camera, in distances between the outer corners of the eyes.
"""

# What the mesh sees of an angle, on 28 rendered heads whose angles are known:
YAW_SEEN = 1.02
DOWN_SEEN, UP_SEEN = 0.87, 0.7
LEVEL = 0.5  # the pitch, in degrees, that it sees in a head that is upright


class Fit(NamedTuple):
    """What takes faces [n] to the front: p in px becomes scale * turn @ (p - middle)."""

    middle: F64
    """[n,1,3]."""
    turn: F64
    """[n,3,3]."""
    scale: F64
    """[n]."""


def fit(bone: F32, frame: F64) -> Fit:
    """Return the similarity of least squares (Umeyama 1991) from landmarks [n,b,3] to a centred frame [b,3]."""
    middle = bone.mean(axis=1, keepdims=True, dtype=np.float64)
    spread = bone - middle
    u, sizes, vt = np.linalg.svd(np.einsum("pi,npj->nij", frame, spread))
    signs = np.ones((len(bone), 3))
    signs[:, 2] = np.sign(np.linalg.det(u @ vt))
    turn = (u * signs[:, None]) @ vt
    return Fit(middle, turn, (sizes * signs).sum(axis=1) / np.square(spread).sum(axis=(1, 2)))


def heads(marks: F32) -> F32:
    """Return yaw, pitch and roll in degrees, [n,3], of faces whose landmarks are [n,468,3] in px."""
    frame = np.array(FRAME)
    return angles(fit(marks[:, np.array(BONE)], frame - frame.mean(axis=0)).turn)


def angles(turn: F64) -> F32:
    """Return yaw, pitch and roll of heads whose turn back to the front is [n,3,3]; x right, y down, z away."""
    yaw = np.degrees(np.arctan2(turn[:, 0, 2], turn[:, 2, 2])) / YAW_SEEN
    pitch = np.degrees(np.arcsin(np.clip(turn[:, 1, 2], -1, 1))) - LEVEL
    roll = np.degrees(np.arctan2(-turn[:, 1, 0], turn[:, 1, 1]))
    return np.stack([yaw, pitch / np.where(pitch > 0, DOWN_SEEN, UP_SEEN), roll], axis=1).astype(np.float32)
