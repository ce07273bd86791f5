"""The shape of a face: its landmarks without the pose of the head and the place of the camera.

A similarity transform takes the landmarks on bone, which no expression moves, to where they lie in a face that looks at
the camera; the other landmarks are moved by the same transform.
"""

from __future__ import annotations

import numpy as np

from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.live.seeing.pose import BONE, FRAME, Fit, fit
from realtime_micacl.types import F32


class ShapeReader:
    """Turns landmarks into shapes, as an engine's sidecar says."""

    def __init__(self, shape: Shape) -> None:
        self.mean = np.asarray(shape.mean, np.float32)
        self._bone, self._points = np.array(shape.bone), np.array(shape.points)
        frame = np.asarray(shape.frame, np.float64)
        self._centre = frame.mean(axis=0)
        self._frame = frame - self._centre
        self.posed = tuple(shape.bone) == BONE and np.array_equal(frame, FRAME)
        """Whether it uses the same fit as the pose of the head, which then need not be made twice."""

    def read(self, landmarks: F32, at: Fit | None = None) -> F32:
        """Return the shapes [n, 3 P] of landmarks [n,468,3] in px; the fit `at` of their pose is used if `posed`."""
        middle, turn, scale = at if at and self.posed else fit(landmarks[:, self._bone], self._frame)
        moved = (landmarks[:, self._points] - middle) @ turn.swapaxes(1, 2) * scale[:, None, None] + self._centre
        return np.asarray(moved.reshape(len(landmarks), len(self.mean)), np.float32)
