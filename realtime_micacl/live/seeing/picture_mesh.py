"""The landmarks of the main face of single pictures, for rendering and training."""

from __future__ import annotations

from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.mesh import MIN_SCORE, FaceMesh, region
from realtime_micacl.types import F32, U8


class PictureMesh:
    """Finds the largest face with the short-range detector, as mediapipe's face mesh does, and reads its landmarks."""

    def __init__(self) -> None:
        self._detector = FaceDetector(reach="short", max_faces=1)
        self._mesh = FaceMesh()

    def points(self, picture: U8) -> F32 | None:
        """Return the landmarks of the face in RGB [H,W,3] in px, [468,2]; None: no face."""
        found = self._detector.detect(picture)
        landmarks, scores = self._mesh.landmarks(picture, [region(one.points, one.box) for one in found])
        return landmarks[0, :, :2].copy() if len(scores) and scores[0] >= MIN_SCORE else None

    def close(self) -> None:
        """Free both models."""
        self._detector.close()
        self._mesh.close()
