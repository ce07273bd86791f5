"""What an engine is, and which one runs: one protocol, one `match`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, cast

from realtime_micacl.devices import TRITON
from realtime_micacl.errors import EngineError
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.installed import install_command
from realtime_micacl.types import F32, U8, Features

ENCODE, CLASSIFY, WEIGHTS = "encode.onnx", "classify.onnx", "model.safetensors"
ENCODE_HALF = "encode.half.onnx"  # for both TensorRTs, which take every precision from the graph
ENCODE_INT8 = "encode.int8.onnx"  # only where `export --int8` found it worth having
LASTS = 1 << 15  # pieces: a window of sixteen frames for two thousand faces


class Engine(Protocol):
    """The network, split where a window can be cached. Called from one thread; sizes are the sidecar's.

    What is kept is a piece: P frames, the sidecar's `piece`, of which a bag has N * L / P. Features are opaque to the
    caller, who picks, repeats and stacks them along the first axis and hands them back: on a processor they are the
    numbers themselves, on a GPU where they lie in its memory. They are good until LASTS further pieces were encoded.
    """

    @property
    def device(self) -> str:
        """What it runs on, for people."""

    def encode(self, crops: U8) -> Features:
        """Return the features [M, ..] of pieces [M,P,S,S,3]."""

    def classify(self, features: Features, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits [B,K] and importance [B,N] of the bags whose piece features are [B,N*L/P, ..].

        An engine whose sidecar has a shape reads `changes` [B,N*L,3P+1] beside them: of each frame the face's shape
        less its own neutral one, and how well that is known. Without them faces are taken to be at rest.
        """

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
            raise EngineError(f"--device {device}: its client is not installed: {install_command('triton')}") from cause
        return TritonEngine(folder, sidecar, device)
    graphs = ENCODE in sidecar.files and CLASSIFY in sidecar.files
    if device in ("cuda", "tensorrt", "tensorrt-rtx"):
        from realtime_micacl.inference.gpu import Kind, open_on_gpu

        return open_on_gpu(cast(Kind, device), folder, sidecar)
    if device == "auto":
        from realtime_micacl.inference.gpu import best_on_gpu

        if engine := best_on_gpu(folder, sidecar):
            return engine
    if device == "openvino" and graphs:
        try:
            from realtime_micacl.inference.openvino_engine import OpenVinoEngine
        except ImportError as cause:
            raise EngineError(f"--device openvino: {cause}; {install_command('openvino')}") from cause
        return OpenVinoEngine(folder, sidecar)
    if device in ("auto", "cpu") and graphs:
        from realtime_micacl.inference.onnx_engine import OnnxEngine

        return OnnxEngine(folder, sidecar)
    if device not in ("auto", "cpu") or WEIGHTS not in sidecar.files:
        needed = f"{ENCODE} and {CLASSIFY}" + (f", or {WEIGHTS}" if device in ("auto", "cpu") else "")
        raise EngineError(f"the engine in {folder} holds {sorted(sidecar.files)}; --device {device} needs {needed}")
    try:
        from realtime_micacl.inference.torch_engine import TorchEngine
    except ImportError as cause:
        raise EngineError(
            f"--device {device}: the engine {sidecar.name!r} runs on torch here, which is not installed: "
            f"{install_command('train')}"
        ) from cause
    return TorchEngine(folder, sidecar)
