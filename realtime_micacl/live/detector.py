"""Faces in one picture, by mediapipe's face detection and face mesh; their models travel inside its wheel."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from types import ModuleType
from typing import Literal

import numpy as np

from realtime_micacl.types import F32, U8

log = logging.getLogger(__name__)

Reach = Literal["full", "short"]
LEAST_SHARE = 0.055  # 70 px in 1280 x 720: none of that size were found, most of 90 px
OPENING = Lock()  # what is put aside while mediapipe opens belongs to the whole process


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


class FaceDetector:
    """Mediapipe face detection: `full` range finds faces up to about 5 m away, `short` up to 2 m at half the cost.

    To be used from one thread. Importing mediapipe takes a second, so it is done here and not before the window is up.
    """

    def __init__(self, *, reach: Reach = "full", min_score: float = 0.5, max_faces: int = 8) -> None:
        self._max_faces = max_faces
        with _opening():
            from mediapipe.python.solutions.face_detection import FaceDetection

            self._solution = FaceDetection(
                model_selection=1 if reach == "full" else 0, min_detection_confidence=min_score
            )
            self.detect(np.zeros((128, 128, 3), np.uint8))  # the first picture loads the model

    def detect(self, image: U8) -> list[Detection]:
        """Return the faces in `image` (RGB, [H,W,3]), the largest first."""
        height, width = image.shape[:2]
        size = np.array([width, height], np.float32)
        found = self._solution.process(image).detections or ()
        detections = [_detection(one, size) for one in found]
        detections.sort(key=lambda d: float(d.box[0] - d.box[2]))
        return detections[: self._max_faces]

    def close(self) -> None:
        """Free mediapipe's graph."""
        self._solution.close()


class FaceMesh:
    """Mediapipe's face mesh on single pictures, for rendering and training; nothing of it runs live."""

    def __init__(self, *, refined: bool = False) -> None:
        with _opening():
            from mediapipe.python.solutions.face_mesh import FaceMesh

            self._solution = FaceMesh(
                static_image_mode=True, max_num_faces=1, refine_landmarks=refined, min_detection_confidence=0.3
            )
            self.points(np.zeros((128, 128, 3), np.uint8))  # the first picture loads the models

    def points(self, picture: U8) -> F32 | None:
        """Return the landmarks of the face in RGB [H,W,3] in px, [468,2] or `refined` [478,2]; None: no face."""
        found = self._solution.process(picture).multi_face_landmarks
        if not found:
            return None
        size = np.array([picture.shape[1], picture.shape[0]], np.float32)
        return np.array([(mark.x, mark.y) for mark in found[0].landmark], np.float32) * size

    def close(self) -> None:
        """Free mediapipe's graph."""
        self._solution.close()


@contextmanager
def _opening() -> Iterator[None]:
    """Import mediapipe and open one of its models within the block: nothing is written to folders or standard error."""
    with OPENING, _native_chatter_to_log(), _without("matplotlib", "matplotlib.pyplot", "sounddevice"):
        yield


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Put empty modules in the place of some that mediapipe imports and never needs here.

    At their import they write folders, font lists and temporary files, and start a compiler.
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update({name: ModuleType(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextmanager
def _native_chatter_to_log() -> Iterator[None]:
    """Send what native code writes to standard error within the block to the log instead."""
    if os.name != "posix":
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)  # more than a pipe holds is lost rather than waited for
    stderr = os.dup(2)
    os.dup2(writer, 2)
    os.close(writer)
    try:
        yield
    finally:
        os.dup2(stderr, 2)  # this closes the pipe's last writer
        os.close(stderr)
        with open(reader, encoding="utf-8", errors="replace") as chatter:
            for line in chatter:
                log.debug("mediapipe: %s", line.rstrip())


def _detection(found: object, size: F32) -> Detection:
    location = found.location_data  # type: ignore[attr-defined]
    box = location.relative_bounding_box
    corner = np.array([box.xmin, box.ymin], np.float32)
    extent = np.array([box.width, box.height], np.float32)
    points = np.array([(p.x, p.y) for p in location.relative_keypoints], np.float32) * size
    return Detection(np.concatenate([corner * size, (corner + extent) * size]), points, float(found.score[0]))  # type: ignore[attr-defined]
