"""What an engine is, and which one runs: one protocol, one `match`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.types import F32, TRITON, U8

ENCODE, CLASSIFY, WEIGHTS = "encode.onnx", "classify.onnx", "model.safetensors"


class Engine(Protocol):
    """The network, split where a window can be cached. Called from one thread; sizes are the sidecar's.

    What is kept is a piece: P frames, the sidecar's `piece`, of which a bag has N * L / P.
    """

    @property
    def device(self) -> str:
        """What it runs on, for people."""

    def encode(self, crops: U8) -> F32:
        """Return the features [M,D] of pieces [M,P,S,S,3]."""

    def classify(self, features: F32) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of the bags whose piece features are [B,N*L/P,D]."""

    def close(self) -> None:
        """Free what it holds; it is not called again."""


def default_engine() -> Path:
    """Return the folder of the engine that the package carries."""
    from realtime_micacl_engines import folder

    return folder("default")


def open_engine(folder: Path, sidecar: Sidecar, device: str = "auto") -> Engine:
    """Load the engine in `folder`; raise EngineError where it does not fit the device, or this program."""
    if device.startswith(TRITON):
        try:
            from realtime_micacl.inference.triton_engine import TritonEngine
        except ImportError as cause:
            raise EngineError(
                f"--device {device}: its client is not installed: pip install 'realtime-micacl[triton]'"
            ) from cause
        return TritonEngine(folder, sidecar, device)
    graphs = ENCODE in sidecar.files and CLASSIFY in sidecar.files
    if device in ("auto", "cpu") and graphs:
        from realtime_micacl.inference.onnx_engine import OnnxEngine

        return OnnxEngine(folder, sidecar)
    if device == "tensorrt":
        raise EngineError("--device tensorrt: this version has no TensorRT engine; use --device cpu or cuda")
    if WEIGHTS not in sidecar.files:
        needed = WEIGHTS if device == "cuda" else f"{ENCODE} and {CLASSIFY}"
        raise EngineError(f"the engine in {folder} holds {sorted(sidecar.files)}; --device {device} needs {needed}")
    try:
        from realtime_micacl.inference.torch_engine import TorchEngine
    except ImportError as cause:
        raise EngineError(
            f"--device {device}: the engine {sidecar.name!r} runs on torch here, which is not installed: "
            "pip install 'realtime-micacl[train]'"
        ) from cause
    return TorchEngine(folder, sidecar, "cuda" if device == "cuda" else "cpu")
