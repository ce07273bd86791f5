"""The engine on ONNX Runtime: the default without a GPU."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnxruntime as ort

from realtime_micacl.errors import EngineError, StageFailed
from realtime_micacl.inference.cpu.processor import multiplies_bytes
from realtime_micacl.inference.cpu.runtime import options
from realtime_micacl.inference.engine import CLASSIFY, ENCODE, ENCODE_INT8
from realtime_micacl.inference.fit import check_fit
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.types import F32, U8
from realtime_micacl.wording import NO_MEMORY, starved

log = logging.getLogger(__name__)


class OnnxEngine:
    """Runs `encode.onnx`, or `encode.int8.onnx` if the CPU is made for it, and `classify.onnx` on the CPU."""

    def __init__(self, folder: Path, sidecar: Sidecar, threads: int = 1) -> None:
        self._sidecar = sidecar
        small = ENCODE_INT8 in sidecar.files and multiplies_bytes()
        if ENCODE_INT8 in sidecar.files and not small:
            log.warning("this processor has no dot products of bytes (VNNI): %s runs in fp32", sidecar.name)
        self.device = f"cpu (ONNX Runtime{', int8' if small else ''})"
        self._encode = _session(folder / (ENCODE_INT8 if small else ENCODE), threads)
        self._classify = _session(folder / CLASSIFY, threads)
        check_fit(self, folder, sidecar)

    def encode(self, crops: U8) -> F32:
        """Return the features [M,D] of pieces [M,P,S,S,3]."""
        (features,) = self._encode.run(None, {"crops": crops})
        return np.asarray(features, np.float32)

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of bags of piece features [B,N*L/P,D] and changes [B,N*L,3P+1]."""
        logits, importance = self._classify.run(None, {"features": self._sidecar.rows(features, changes)})
        return np.asarray(logits, np.float32), np.asarray(importance, np.float32)

    def close(self) -> None:
        """Free both sessions."""
        del self._encode, self._classify


def _session(file: Path, threads: int) -> ort.InferenceSession:
    """Load a graph from its bytes, so that one with weights in other files is refused."""
    try:
        return ort.InferenceSession(file.read_bytes(), options(threads), providers=["CPUExecutionProvider"])
    except Exception as cause:  # the runtime raises types of its own that share no base
        if starved(cause):
            raise StageFailed(f"{file} cannot be loaded: {NO_MEMORY}") from cause
        raise EngineError(f"{file} is not a graph that ONNX Runtime {ort.__version__} can load: {cause}") from cause
