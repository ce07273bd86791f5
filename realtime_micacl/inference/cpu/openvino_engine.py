"""The engine on OpenVINO: the same graphs, faster on many Intel and AMD processors; an extra."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.engine import CLASSIFY, ENCODE
from realtime_micacl.inference.fit import check_fit
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.types import F32, U8

# This module would report OpenVINO's use to Google Analytics; without it OpenVINO uses a stub of its own.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402


class OpenVinoEngine:
    """Runs `encode.onnx` and `classify.onnx` on the CPU."""

    device = "cpu (OpenVINO)"

    def __init__(self, folder: Path, sidecar: Sidecar, threads: int = 1) -> None:
        self._sidecar = sidecar
        options = {
            "INFERENCE_PRECISION_HINT": "f32",  # by default it takes bfloat16, with three digits, if the CPU has that
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
        }
        core = ov.Core()
        self._encode = _request(core, folder / ENCODE, options)
        self._classify = _request(core, folder / CLASSIFY, options)
        check_fit(self, folder, sidecar)

    def encode(self, crops: U8) -> F32:
        """Return the features [M,D] of pieces [M,P,S,S,3]."""
        found = self._encode.infer({"crops": crops}, share_inputs=True)
        return np.array(found["features"], np.float32)

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of bags of piece features [B,N*L/P,D] and changes [B,N*L,3P+1]."""
        found = self._classify.infer({"features": self._sidecar.rows(features, changes)}, share_inputs=True)
        return np.array(found["logits"], np.float32), np.array(found["importance"], np.float32)

    def close(self) -> None:
        """Free both graphs."""
        del self._encode, self._classify


def _request(core: ov.Core, file: Path, options: dict[str, object]) -> ov.InferRequest:
    """Compile a graph from its bytes, so that one with weights in other files is refused."""
    try:
        return core.compile_model(core.read_model(file.read_bytes()), "CPU", options).create_infer_request()
    except Exception as cause:
        raise EngineError(f"{file} is not a graph that OpenVINO {ov.__version__} can load: {cause}") from cause
