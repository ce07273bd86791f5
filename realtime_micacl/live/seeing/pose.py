"""How heads are turned, in degrees, from the landmarks on bone, which no expression moves.

Yaw is positive if the face turns to the right of the picture, pitch if it looks down, roll if its top leans to the
right of the picture; all are 0 for a face that looks along the camera's axis. The rotations are applied in this order:
yaw, pitch, roll, each about an axis of the camera.
"""

from __future__ import annotations

from math import asin, atan2, degrees, radians
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
"""Where these lie in a face that looks at the camera: the mean of rendered heads, made symmetrical.

x right, y down, z away from the camera, in distances between the outer corners of the eyes.
"""

RIGHT, LEFT, MIDDLE = [0, 1, 8, 10], [3, 2, 9, 11], [4, 5, 6, 7]
"""Indices into BONE: pairs on the right and left side, and those on the middle line."""

# Weights of `cues` that correct the angles of the fit, in degrees, by least squares over rendered people
# (`tests/bench/heads.py ASSETS --fit`). Most of the correction is what the form of a person's face does to its pitch.
# fmt: off
YAW_ODD = (
    0.26, 26.29, -5.13, -33.04, 5.73, -5.24, -7.80, -2.56, -33.10, -24.02, -1.51, -5.60, 14.29, 3.97, 4.93, 0.05,
    -6.94, 0.31, -2.06, 6.96,
)
PITCH_EVEN = (
    33.16, -2.03, 37.83, -19.94, 16.19, 25.03, -5.84, 22.14, -32.85, -24.51, -38.37, 83.52, -35.74, -25.89, -23.25,
    -30.17, -68.10, -7.53, 29.19, 70.87, 5.70, 11.90, 0.56, 43.12, -43.65, -2.23,
)
ROLL_ODD = (
    5.29, 3.33, 14.60, -31.18, -47.29, -17.06, 11.62, 11.43, -35.11, -10.08, 2.51, 10.14, 35.75, 17.15, -6.06, -30.92,
    -2.33, -3.10, 1.70, -1.61,
)
# fmt: on
MOST = 20.0  # the largest correction of an angle, in degrees

_BONE, _FRAME = np.array(BONE), np.array(FRAME) - np.mean(FRAME, axis=0)
_YAW_ODD, _PITCH_EVEN, _ROLL_ODD = map(np.array, (YAW_ODD, PITCH_EVEN, ROLL_ODD))


def _cues_of(beside: F64) -> tuple[F64, F64]:
    """Return those cues of offsets from FRAME, [n,b,3], that a mirror leaves as they are and those that it negates."""
    right, left, between = beside[:, RIGHT], beside[:, LEFT], beside[:, MIDDLE]
    same, other = (left + right) / 2, (left - right) / 2
    even = [other[..., 0], same[..., 1], same[..., 2], between[..., 1], between[..., 2]]
    odd = [same[..., 0], other[..., 1], other[..., 2], between[..., 0]]
    return np.concatenate(even, axis=1), np.concatenate(odd, axis=1)


_EVEN, _ODD = _cues_of(np.eye(_FRAME.size).reshape(-1, *_FRAME.shape))
"""The same as products of matrices, which take a third of the time."""


class Fit(NamedTuple):
    """The transforms that bring n faces to the front: p in px becomes scale * turn @ (p - middle)."""

    middle: F64
    """[n,1,3]."""
    turn: F64
    """[n,3,3]."""
    scale: F64
    """[n]."""


def fit(bone: F32, frame: F64) -> Fit:
    """Return the least-squares similarity (Umeyama 1991) from landmarks [n,b,3] to a centred frame [b,3]."""
    middle = np.add.reduce(bone, axis=1, dtype=np.float64, keepdims=True) / bone.shape[1]
    spread = bone - middle
    both = frame.T @ spread
    u, sizes, vt = np.linalg.svd(both)
    volumes = [_determinant(*one) for one in both.tolist()]
    signs = np.array([(1.0, 1.0, (one > 0) - (one < 0)) for one in volumes]).reshape(-1, 3)  # as that of u @ vt
    turn = (u * signs[:, None]) @ vt
    return Fit(middle, turn, (sizes * signs).sum(axis=1) / np.square(spread).sum(axis=(1, 2)))


def _determinant(a: list[float], b: list[float], c: list[float]) -> float:
    """Return the determinant of the matrix with these rows; NumPy's takes ten times as long for a single one."""
    return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])


def fitted(landmarks: F32) -> Fit:
    """Return the fit of landmarks [n,468,3] to a face that looks at the camera."""
    return fit(landmarks[:, _BONE], _FRAME)


def heads(landmarks: F32, at: Fit | None = None) -> F32:
    """Return yaw, pitch and roll in degrees, [n,3], of landmarks [n,468,3] in px; `at` is their fit, if known."""
    turned, even, odd = cues(landmarks, at)
    mended = np.stack([odd @ _YAW_ODD, even @ _PITCH_EVEN, odd @ _ROLL_ODD], axis=1)
    return np.asarray(turned + mended.clip(-MOST, MOST), np.float32)


def cues(landmarks: F32, at: Fit | None = None) -> tuple[F64, F64, F64]:
    """Return the angles [n,3] of the fit, and the cues from which its error is predicted.

    Cues are the offsets of a face's bones from those of FRAME, and powers of the angles. A mirror leaves the first
    [n,26] as they are and negates the second [n,20].
    """
    middle, turn, scale = at or fitted(landmarks)
    beside = (landmarks[:, _BONE] - middle) @ turn.swapaxes(1, 2) * scale[:, None, None] - _FRAME
    turned = angles(turn)
    both = [(radians(yaw), radians(pitch)) for yaw, pitch, _ in turned.tolist()]
    of_even = np.array([(p, p**2, y**2, p * y**2, p**3, 1.0) for y, p in both]).reshape(-1, 6)
    of_odd = np.array([(y, y * p, y**3, y * p**2) for y, p in both]).reshape(-1, 4)
    flat = beside.reshape(-1, _FRAME.size)
    return turned, np.concatenate([flat @ _EVEN, of_even], axis=1), np.concatenate([flat @ _ODD, of_odd], axis=1)


def angles(turn: F64) -> F64:
    """Return yaw, pitch and roll in degrees, [n,3], given the rotations back to the front, [n,3,3]."""
    found = [
        (degrees(atan2(a[2], c[2])), degrees(asin(min(max(b[2], -1.0), 1.0))), degrees(atan2(-b[0], b[1])))
        for a, b, c in turn.tolist()
    ]
    return np.array(found).reshape(-1, 3)
