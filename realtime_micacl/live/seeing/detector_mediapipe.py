"""Face detection by mediapipe's own runtime."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from types import ModuleType
from typing import Any

import numpy as np

from realtime_micacl.live.seeing.detection import Detection, Reach
from realtime_micacl.live.seeing.detector_onnx import OnnxDetector
from realtime_micacl.live.seeing.models import MODELS
from realtime_micacl.types import U8

log = logging.getLogger(__name__)

FILES: dict[Reach, str] = {
    "full": "face_detection_full_range_sparse.tflite",
    "short": "face_detection_short_range.tflite",
}
OPENING = Lock()  # opening changes sys.modules and standard error for the whole process


class MediapipeDetector:
    """A model in mediapipe's Tasks API.

    That API moves a box that reaches beyond the left or upper edge back into the picture, so that it no longer fits
    the face. When that may have happened, `OnnxDetector` is used instead: it gives the same boxes, unmoved.
    """

    def __init__(self, reach: Reach, min_score: float) -> None:
        """Import mediapipe and load the model; nothing is written to folders or standard error."""
        self._reach, self._min_score = reach, min_score
        self._unmoved: OnnxDetector | None = None
        with OPENING, _native_chatter_to_log(), _without("matplotlib", "matplotlib.pyplot", "sounddevice"):
            from mediapipe.tasks.python.core.base_options import BaseOptions
            from mediapipe.tasks.python.vision import FaceDetector, FaceDetectorOptions
            from mediapipe.tasks.python.vision.core.image import Image, ImageFormat

            self._wrapped: Any = lambda image: Image(image_format=ImageFormat.SRGB, data=image)
            self._task = FaceDetector.create_from_options(
                FaceDetectorOptions(
                    base_options=BaseOptions(model_asset_buffer=(MODELS / FILES[reach]).read_bytes()),
                    min_detection_confidence=min_score,
                )
            )
            self.find(np.zeros((128, 128, 3), np.uint8))  # the first picture has native code write messages, too

    def find(self, image: U8) -> list[Detection]:
        """Return the faces in `image`, RGB, [H,W,3], in any order; boxes have whole numbers."""
        height, width = image.shape[:2]
        found = self._task.detect(self._wrapped(image)).detections
        if any(min(one.bounding_box.origin_x, one.bounding_box.origin_y) <= 0 for one in found):
            self._unmoved = self._unmoved or OnnxDetector(self._reach, self._min_score)
            return self._unmoved.find(image)
        return [_detection(one, width, height) for one in found]

    def close(self) -> None:
        """Free mediapipe's graph."""
        self._task.close()
        if self._unmoved:
            self._unmoved.close()


def _detection(found: Any, width: int, height: int) -> Detection:
    box = found.bounding_box
    edges = (box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height)
    points = [(point.x * width, point.y * height) for point in found.keypoints]
    return Detection(np.array(edges, np.float32), np.array(points, np.float32), float(found.categories[0].score))


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Replace modules that mediapipe imports but never needs here by empty ones.

    Importing them would write folders, font lists and temporary files, and start a compiler.
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
    """Send what native code writes to standard error within the block to the log instead.

    This changes the whole process, so nothing else that writes there may start meanwhile: Qt is started before the
    threads. What Python itself writes has a descriptor of its own (`stdio.py`).
    """
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
