"""An engine's two graphs as a model repository for NVIDIA's Triton server."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import onnxruntime as ort

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.engine import CLASSIFY, ENCODE
from realtime_micacl.inference.sidecar import Sidecar

MOST = 64  # rows of a batch; the client sends no more at once
HASH = "sha256"
TYPES = {"tensor(uint8)": "UINT8", "tensor(float)": "FP32", "tensor(float16)": "FP16"}


def model_name(sidecar: Sidecar, file: str) -> str:
    """Return what the graph `file` of an engine is called on a server, such as `default-encode`."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", sidecar.name).strip("-.") or "engine"
    return f"{name}-{Path(file).stem}"


def write_repository(engine: Path, sidecar: Sidecar, folder: Path) -> None:
    """Write both graphs with their settings into `folder`, replacing an earlier version of this engine."""
    for file in (ENCODE, CLASSIFY):
        if file not in sidecar.files:
            raise EngineError(f"the engine in {engine} holds {sorted(sidecar.files)}; Triton needs {file}")
        name = model_name(sidecar, file)
        (folder / name / "1").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(engine / file, folder / name / "1" / "model.onnx")
        (folder / name / "config.pbtxt").write_text(model_config(engine / file, name, sidecar.files[file]), "utf-8")


def model_config(graph: Path, name: str, digest: str) -> str:
    """Return the config.pbtxt of a graph: its tensors, dynamic batching, and its hash."""
    try:
        session = ort.InferenceSession(graph.read_bytes(), providers=["CPUExecutionProvider"])
    except Exception as cause:  # the runtime raises types of its own that share no base
        raise EngineError(f"{graph} is not a graph that ONNX Runtime {ort.__version__} can load: {cause}") from cause
    takes = ",\n".join(_tensor(graph, one) for one in session.get_inputs())
    gives = ",\n".join(_tensor(graph, one) for one in session.get_outputs())
    return (
        f'name: "{name}"\nbackend: "onnxruntime"\nmax_batch_size: {MOST}\n'
        f"input [\n{takes}\n]\noutput [\n{gives}\n]\ndynamic_batching {{ }}\n"
        f'parameters {{ key: "{HASH}" value {{ string_value: "{digest}" }} }}\n'
    )


def _tensor(graph: Path, one: Any) -> str:
    batch, *sizes = one.shape
    if isinstance(batch, int) or not all(isinstance(size, int) for size in sizes) or one.type not in TYPES:
        raise EngineError(
            f"{graph}: {one.name} is {one.type} {one.shape}; Triton needs the batch, and only that, to be free: "
            "export the engine again"
        )
    return f'  {{ name: "{one.name}" data_type: TYPE_{TYPES[one.type]} dims: {sizes} }}'
