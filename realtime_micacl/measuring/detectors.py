"""Which face detectors run on this machine, and how fast."""

from __future__ import annotations

from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

import numpy as np

from realtime_micacl.live.seeing.detector import FaceDetector

ROUNDS = 10


def looked() -> str:
    """Look for faces in an empty picture; say what did it and how long it took."""
    picture = np.zeros((720, 1280, 3), np.uint8)
    with closing(FaceDetector()) as detector:
        started_s = perf_counter()
        for _ in range(ROUNDS):
            detector.detect(picture)
        took_ms = (perf_counter() - started_s) / ROUNDS * 1e3
    try:
        beside = f"mediapipe {version('mediapipe')}, which sees the same, is here to compare with"
    except PackageNotFoundError:
        beside = "mediapipe is not here, and not needed"
    return f"ONNX Runtime {version('onnxruntime')} finds faces, {took_ms:.1f} ms per 720p picture; {beside}"
