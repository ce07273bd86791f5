"""Chooses what an engine runs on: the device that was asked for, or the fastest one of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from realtime_micacl.devices import TRITON
from realtime_micacl.errors import EngineError
from realtime_micacl.inference.engine import CLASSIFY, ENCODE, WEIGHTS, Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.installed import install_command


def default_engine() -> Path:
    """Return the folder of the engine that comes with the program; raise EngineError if that is not installed whole."""
    from realtime_micacl_engines import folder

    if not (place := folder("default")).is_dir():
        mend = f"it cannot run from a zip file; install it: {install_command()}"
        raise EngineError(f"the program's own engine is not at {place}; {mend}")
    return place


def open_engine(folder: Path, sidecar: Sidecar, device: str = "auto") -> Engine:
    """Load the engine in `folder`; raise EngineError if it cannot run on `device`, or does not fit this program."""
    if device.startswith(TRITON):
        try:
            from realtime_micacl.inference.triton.triton_engine import TritonEngine
        except ImportError as cause:
            raise EngineError(f"--device {device}: its client is not installed: {install_command('triton')}") from cause
        return TritonEngine(folder, sidecar, device)
    graphs = ENCODE in sidecar.files and CLASSIFY in sidecar.files
    if device in ("cuda", "tensorrt", "tensorrt-rtx"):
        from realtime_micacl.inference.gpu.card import Kind
        from realtime_micacl.inference.gpu.choice import open_on_gpu

        return open_on_gpu(cast(Kind, device), folder, sidecar)
    if device == "auto":
        from realtime_micacl.inference.gpu.choice import best_on_gpu

        if engine := best_on_gpu(folder, sidecar):
            return engine
    if device == "openvino" and graphs:
        try:
            from realtime_micacl.inference.cpu.openvino_engine import OpenVinoEngine
        except ImportError as cause:
            raise EngineError(f"--device openvino: {cause}; {install_command('openvino')}") from cause
        return OpenVinoEngine(folder, sidecar)
    if device in ("auto", "cpu") and graphs:
        from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine

        return OnnxEngine(folder, sidecar)
    if device not in ("auto", "cpu") or WEIGHTS not in sidecar.files:
        needed = f"{ENCODE} and {CLASSIFY}" + (f", or {WEIGHTS}" if device in ("auto", "cpu") else "")
        raise EngineError(f"the engine in {folder} holds {sorted(sidecar.files)}; --device {device} needs {needed}")
    try:
        from realtime_micacl.inference.cpu.torch_engine import TorchEngine
    except ImportError as cause:
        raise EngineError(
            f"--device {device}: the engine {sidecar.name!r} runs on torch here, which is not installed: "
            f"{install_command('train')}"
        ) from cause
    return TorchEngine(folder, sidecar)
