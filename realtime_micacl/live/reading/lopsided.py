"""How lopsided a mouth is: in the seven expressions both its sides do much the same, in grimaces often not.

What is measured is the change from the face's own neutral shape: a mouth that hangs at rest is read like any other.
"""

from __future__ import annotations

import numpy as np

from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.types import F32

OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
"""mediapipe's landmarks on the edges of the lips."""
OPPOSITE = 0.1  # how far a landmark's partner may be from its mirror image, in distances between the eyes
EVEN, CROOKED = 0.025, 0.035  # 0 and 1 of the result; chosen on the development clips: 1 photograph in 20 is above EVEN
MIRROR = np.array((-1.0, 1.0))
TURNED = 0.001  # added to EVEN for each degree of yaw: of the far side, the mesh only guesses where it is


class Lopsided:
    """Measures the lips by those of their landmarks that an engine's sidecar names."""

    def __init__(self, shape: Shape) -> None:
        mean = np.asarray(shape.mean, np.float32).reshape(-1, 3)
        mirrored = mean * (-1, 1, 1)
        distances = np.linalg.norm(mirrored[:, None] - mean, axis=2)
        partner = distances.argmin(axis=1)
        paired = (partner[partner] == np.arange(len(mean))) & (distances.min(axis=1) < OPPOSITE)
        self._lips = np.flatnonzero(paired & np.isin(shape.points, OUTER + INNER))
        self._others = partner[self._lips]

    def share(self, change: F32, yaw: float) -> float:
        """Return how lopsided the lips are, 0 to 1, from the change of shape [3P] and the head's yaw in degrees."""
        if not len(self._lips):
            return 0.0
        change = change.reshape(-1, 3)[:, :2]
        across, down = (change[self._lips] * MIRROR - change[self._others]).T
        found = float(np.add.reduce(np.hypot(across, down))) / len(self._lips) / 2
        return min(max((found - TURNED * abs(yaw) - EVEN) / (CROOKED - EVEN), 0.0), 1.0)
