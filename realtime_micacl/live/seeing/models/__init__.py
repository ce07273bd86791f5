"""The models, mediapipe's and one of our own, and opening them in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from weakref import WeakValueDictionary

import onnxruntime as ort

from realtime_micacl.inference.cpu.runtime import options

MODELS = Path(__file__).parent

_opened: WeakValueDictionary[tuple[str, int], ort.InferenceSession] = WeakValueDictionary()
_opening = Lock()


def open_model(file: str, threads: int = 1) -> ort.InferenceSession:
    """Open one of the .onnx files on the processor. A file that is open already is shared; any thread may use it."""
    with _opening:
        session = _opened.get((file, threads))
        if session is None:
            session = _opened[file, threads] = _open(file, threads)
        return session


def _open(file: str, threads: int) -> ort.InferenceSession:
    return ort.InferenceSession((MODELS / file).read_bytes(), options(threads), providers=["CPUExecutionProvider"])
