"""Faces in one picture, by mediapipe's models: in mediapipe itself, or in ONNX Runtime where it is not installed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, Protocol

import numpy as np

from realtime_micacl.types import F32, U8

log = logging.getLogger(__name__)

Reach = Literal["full", "short"]
Runtime = Literal["mediapipe", "onnxruntime"]
MIN_SCORE: dict[Reach, float] = {"full": 0.6, "short": 0.5}
"""From which score on a detection is a face: what the graphs of mediapipe's authors use."""
MEDIAPIPE = "0.10.33"  # no other: pyproject.toml says why
LEAST_SHARE = 0.055  # 70 px in 1280 x 720: none of that size were found, most of 90 px


@dataclass(frozen=True, eq=False)
class Detection:
    """One face as the detector saw it."""

    box: F32
    """Left, top, right, bottom in px, [4]."""
    points: F32
    """Right eye, left eye, nose tip, mouth centre, right ear, left ear in px, [6,2]; right is the person's."""
    score: float


def least_px(image: U8) -> int:
    """Return below about how many px of height no face in a picture [H,W,3] is found.

    Mediapipe makes every picture as small as its network's input is, so that the size of the picture counts.
    """
    return int(round(LEAST_SHARE * max(image.shape[:2]), -1))


def too_small(image: U8) -> str:
    """Return the limit in words, for where nobody is found."""
    return f"faces below about {least_px(image)} px are not seen; sit closer"


class Finds(Protocol):
    """One model in one runtime; to be used from one thread."""

    def find(self, image: U8) -> list[Detection]:
        """Return the faces in `image`, RGB, [H,W,3], in any order."""

    def close(self) -> None:
        """Free the model."""


class FaceDetector:
    """Mediapipe face detection: `full` range finds faces up to about 5 m away, `short` up to 2 m at half the cost.

    To be used from one thread. Importing mediapipe takes a second, so it is done here and not before the window is up.
    `runtime` says what runs the model, `reason` why that is not mediapipe.
    """

    def __init__(
        self,
        *,
        reach: Reach = "full",
        min_score: float | None = None,
        max_faces: int = 8,
        runtime: Runtime | None = None,
    ) -> None:
        """Open the model of a `reach`; `min_score` is `MIN_SCORE` unless it is given, `runtime` the best there is."""
        self._max_faces = max_faces
        least = MIN_SCORE[reach] if min_score is None else min_score
        self.runtime, self._model, self.reason = _opened(reach, least, runtime)
        self.detect(np.zeros((128, 128, 3), np.uint8))  # the first picture is slow

    def detect(self, image: U8) -> list[Detection]:
        """Return the faces in `image` (RGB, [H,W,3]), the largest first."""
        detections = self._model.find(np.ascontiguousarray(image))
        detections.sort(key=lambda d: float(d.box[0] - d.box[2]))
        return detections[: self._max_faces]

    def look(self, image: U8, time_s: float) -> list[Detection]:
        """Return the faces in `image`, as `detect` does, whatever was seen before."""
        return self.detect(image)

    def close(self) -> None:
        """Free the model."""
        self._model.close()


def lacking() -> str:
    """Say why mediapipe is not used, and what mends it where something does; empty where it is used."""
    try:
        found = version("mediapipe")
    except PackageNotFoundError:
        return "mediapipe is not installed; there is no wheel of it for Linux on ARM"
    if found != MEDIAPIPE:
        return f"mediapipe {found} is left alone, some look up a host: pip install mediapipe=={MEDIAPIPE}"
    return ""


def _opened(reach: Reach, min_score: float, runtime: Runtime | None) -> tuple[Runtime, Finds, str]:
    from realtime_micacl.live.detector_onnx import OnnxDetector

    reason = "" if runtime else lacking()
    if runtime == "mediapipe" or not (runtime or reason):
        try:
            from realtime_micacl.live.detector_mediapipe import MediapipeDetector

            return "mediapipe", MediapipeDetector(reach, min_score), ""
        except (ImportError, OSError) as cause:
            if runtime:
                raise
            reason = f"mediapipe cannot be loaded ({cause}); on Debian or Ubuntu: sudo apt-get install libgles2 libegl1"
            log.warning("ONNX Runtime looks for faces: %s", reason)
    return "onnxruntime", OnnxDetector(reach, min_score), reason
