"""The models, mediapipe's and one of ours, and how ONNX Runtime opens those that it runs."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from weakref import WeakValueDictionary

import onnxruntime as ort

MODELS = Path(__file__).parent


_opened: WeakValueDictionary[tuple[str, int], ort.InferenceSession] = WeakValueDictionary()
_opening = Lock()


def open_model(file: str, threads: int = 1) -> ort.InferenceSession:
    """Open one of the .onnx files on the processor; all who have it open share it, from any thread."""
    with _opening:
        session = _opened.get((file, threads))
        if session is None:
            session = _opened[file, threads] = _open(file, threads)
        return session


def _open(file: str, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession((MODELS / file).read_bytes(), options, providers=["CPUExecutionProvider"])
