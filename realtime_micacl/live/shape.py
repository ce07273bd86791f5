"""The shape of a face: its landmarks in its own frame, whatever the pose of the head and the place of the camera.

A similarity in space (turn, scale, shift) takes the landmarks on bone, which no expression moves, to where they lie in
a face that looks at the camera; it is the one of least squares (Umeyama 1991). All others are moved along.
"""

from __future__ import annotations

import numpy as np

from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.types import F32

TURNS = (0.92, 0.75, 1.0)  # of yaw, pitch and roll that the mesh sees, on rendered heads whose angles are known


class ShapeReader:
    """Turns landmarks into shapes, as an engine's sidecar says."""

    def __init__(self, shape: Shape) -> None:
        self.mean = np.asarray(shape.mean, np.float32)
        self._bone, self._points = np.array(shape.bone), np.array(shape.points)
        frame = np.asarray(shape.frame, np.float64)
        self._centre = frame.mean(axis=0)
        self._frame = frame - self._centre

    def read(self, marks: F32) -> tuple[F32, F32]:
        """Return the shapes [n, 3 P] of landmarks [n,468,3] in px, and yaw, pitch and roll in degrees, [n,3].

        Yaw is above 0 where the face turns to the right of the picture, pitch where it looks down, roll where its top
        leans to the right of the picture.
        """
        bone = marks[:, self._bone].astype(np.float64)
        middle = bone.mean(axis=1, keepdims=True)
        bone -= middle
        u, spread, vt = np.linalg.svd(np.einsum("pi,npj->nij", self._frame, bone))
        signs = np.ones((len(marks), 3))
        signs[:, 2] = np.sign(np.linalg.det(u @ vt))
        turn = (u * signs[:, None]) @ vt
        scale = (spread * signs).sum(axis=1) / np.square(bone).sum(axis=(1, 2))
        moved = np.einsum("npj,nij->npi", marks[:, self._points] - middle, turn) * scale[:, None, None] + self._centre
        return moved.reshape(len(marks), len(self.mean)).astype(np.float32), _angles(turn)


def _angles(turn: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> F32:
    """Return yaw, pitch and roll of heads whose turn back to the front is [n,3,3]; x right, y down, z away."""
    nose = -turn[:, 2]  # where the face's own axis towards the camera points in the picture
    yaw = np.arctan2(nose[:, 0], -nose[:, 2])
    pitch = np.arcsin(np.clip(nose[:, 1], -1, 1))
    roll = np.arctan2(turn[:, 0, 1], turn[:, 1, 1])
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], axis=1)) / TURNS, np.float32)
