"""Tells whether mouth or eyes are covered, by a hand, a mask or sunglasses, with a small network of our own."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.models import open_model
from realtime_micacl.types import F32, U8

MODEL = "covered.onnx"
SIZE_PX = 48
ALIGNER = Aligner(SIZE_PX, ((0.3, 0.372), (0.7, 0.372), (0.5, 0.603), (0.5, 0.79)))


class Covers:
    """Runs that network on all faces of a picture as one batch; a face takes about a third of a millisecond."""

    def __init__(self) -> None:
        self._session = open_model(MODEL)

    def read(self, image: U8, faces: Sequence[F32]) -> F32:
        """Return the probabilities [n,2] that the mouth and that the eyes are covered.

        `image` is RGB [H,W,3], `faces` are the key points [6,2] of each face in px.
        """
        if not faces:
            return np.zeros((0, 2), np.float32)
        crops = [cv2.cvtColor(ALIGNER.crop(image, points[:4]), cv2.COLOR_RGB2GRAY) for points in faces]
        (logits,) = self._session.run(None, {"crops": np.stack(crops).astype(np.uint8)})
        return np.asarray(1 / (1 + np.exp(-np.asarray(logits, np.float32))), np.float32)

    def close(self) -> None:
        """Free the model."""
        del self._session
