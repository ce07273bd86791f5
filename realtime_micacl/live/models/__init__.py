"""The models, mediapipe's and one of ours, and how ONNX Runtime opens those that it runs."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort

MODELS = Path(__file__).parent


def open_model(file: str, threads: int = 1) -> ort.InferenceSession:
    """Open one of the .onnx files on the processor."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession((MODELS / file).read_bytes(), options, providers=["CPUExecutionProvider"])
