"""Faces in one picture, by mediapipe's models in ONNX Runtime.

ONNX Runtime finds the same faces as mediapipe's own runtime in two thirds of the time, without its threads and its
second of importing. A test compares them; that is what the other `runtime` is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from realtime_micacl.live.seeing.detection import Detection, Model, Reach, largest
from realtime_micacl.types import U8

Runtime = Literal["mediapipe", "onnxruntime"]
MIN_SCORE: dict[Reach, float] = {"full": 0.6, "short": 0.5}
"""The least score of a face, as in the graphs of mediapipe's authors."""
LEAST_SHARE = 0.055  # 70 px in 1280 x 720: none of that size were found, most of 90 px


def least_px(side: int) -> int:
    """Return about how many px high a face must be to be found in a picture whose longer side is `side` px.

    It depends on the picture, as every picture is scaled to the size of the network's input.
    """
    return max(10, int(round(LEAST_SHARE * side, -1)))


def too_small(px: int) -> str:
    """Return what to do if nobody is found, with the least height of a face, `px`."""
    return f"faces below about {px} px are not seen; sit closer"


class FaceDetector:
    """Mediapipe face detection: `full` range finds faces up to about 5 m away, `short` up to 2 m at half the cost.

    To be used from one thread.
    """

    thorough = False
    """Whether a look is so slow that there is only one per tick."""

    def __init__(
        self,
        *,
        reach: Reach = "full",
        min_score: float | None = None,
        max_faces: int = 8,
        runtime: Runtime = "onnxruntime",
    ) -> None:
        """Open the model of a `reach`; `min_score` is `MIN_SCORE` unless it is given."""
        self._max_faces = max_faces
        self._model = _opened(reach, MIN_SCORE[reach] if min_score is None else min_score, runtime)
        self.detect(np.zeros((128, 128, 3), np.uint8))  # the first picture is slow

    def detect(self, image: U8) -> list[Detection]:
        """Return the faces in `image` (RGB, [H,W,3]), the largest first."""
        return largest(self._model.find(np.ascontiguousarray(image)), self._max_faces)

    def look(self, image: U8, time_s: float) -> list[Detection]:
        """Do as `detect`; a `Lookout` also uses what it saw before."""
        return self.detect(image)

    def least_px(self, shape: Sequence[int]) -> int:
        """Return about how many px high a face must be to be found in a picture of this shape [H,W,3]."""
        return least_px(max(shape[:2]))

    def close(self) -> None:
        """Free the model."""
        self._model.close()


def _opened(reach: Reach, min_score: float, runtime: Runtime) -> Model:
    if runtime == "mediapipe":
        from realtime_micacl.live.seeing.detector_mediapipe import MediapipeDetector

        return MediapipeDetector(reach, min_score)
    from realtime_micacl.live.seeing.detector_onnx import OnnxDetector

    return OnnxDetector(reach, min_score)
