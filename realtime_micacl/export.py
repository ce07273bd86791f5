"""`realtime-micacl export CHECKPOINT ENGINE`: turn a checkpoint into an engine, two ONNX graphs and their sidecar."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.inference.engine import CLASSIFY, ENCODE, WEIGHTS
from realtime_micacl.inference.onnx_engine import OnnxEngine
from realtime_micacl.inference.sidecar import NAME, Sidecar, read_sidecar, sha256
from realtime_micacl.inference.torch_engine import TorchEngine
from realtime_micacl.inference.triton_repository import write_repository
from realtime_micacl.model.micacl import MICACL
from realtime_micacl.training.checkpoint import read_checkpoint
from realtime_micacl.types import EMOTIONS

OPSET = 17
TOLERANCE = 1e-4


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    p = argparse.ArgumentParser(prog="realtime-micacl export", description="Turn a checkpoint into an engine.")
    p.add_argument("checkpoint", type=Path, help="folder that `realtime-micacl train` wrote, or an engine as it is")
    p.add_argument("engine", type=Path, help="folder for the engine; an engine in it is replaced")
    p.add_argument("--trained-on", nargs="+", default=[], metavar="TEXT", help="what the sidecar says of its data")
    p.add_argument("--triton", action="store_true", help="write a model repository for NVIDIA Triton beside it")
    p.add_argument("--measured", type=Path, metavar="FILE", help="figures of `realtime-micacl evaluate --json`")
    arguments = p.parse_args(argv)
    said = f"torch and ONNX Runtime agree within {TOLERANCE:g}"
    if (arguments.checkpoint / NAME).is_file():
        if arguments.trained_on or arguments.measured:
            raise ConfigError(f"{arguments.checkpoint} is an engine and stays as it is; name a checkpoint to say more")
        sidecar, said = _copied(arguments.checkpoint, arguments.engine), "copied as it is"
    else:
        measured = json.loads(arguments.measured.read_text("utf-8")) if arguments.measured else {}
        sidecar = export(arguments.checkpoint, arguments.engine, tuple(arguments.trained_on), measured)
    if arguments.triton:
        write_repository(arguments.engine, sidecar, arguments.engine / "triton")
    sizes = ", ".join(f"{name} {(arguments.engine / name).stat().st_size / 1e6:.1f} MB" for name in sidecar.files)
    sys.stdout.write(f"{arguments.engine}: {sizes}; {said}\n")


def export(checkpoint: Path, engine: Path, trained_on: tuple[str, ...], measured: dict[str, Any]) -> Sidecar:
    """Write graphs, weights and sidecar into the folder `engine`; raise EngineError where torch and ONNX differ."""
    fields, model = read_checkpoint(checkpoint)
    engine.mkdir(parents=True, exist_ok=True)
    config = model.config
    piece = model.encoder.piece
    crops = torch.zeros(1, piece, config.size_px, config.size_px, 3, dtype=torch.uint8)
    features = torch.zeros(1, config.instances * config.frames // piece, model.encoder.features)
    write_graph(_Encode(model), crops, engine / ENCODE, "crops", ["features"])
    write_graph(_Classify(model), features, engine / CLASSIFY, "features", ["logits", "importance"])
    shutil.copyfile(checkpoint / WEIGHTS, engine / WEIGHTS)
    sidecar = {
        "schema": 1,
        "name": fields["name"],
        "labels": EMOTIONS,
        "bag": fields["bag"],
        "crop": fields["crop"],
        "piece": piece,
        "feature_size": model.encoder.features,
        "calibration": fields["calibration"],
        "files": {name: sha256(engine / name) for name in (ENCODE, CLASSIFY, WEIGHTS)},
        "model": config.to_dict(),
        "trained_on": trained_on or fields.get("trained_on", ()),
        "measured": measured,
    }
    (engine / NAME).write_bytes(msgspec.json.format(msgspec.json.encode(sidecar), indent=2) + b"\n")
    _, checked = read_sidecar(engine)
    compare(engine, checked)
    return checked


def _copied(source: Path, engine: Path) -> Sidecar:
    """Copy an engine as it is."""
    _, sidecar = read_sidecar(source)
    if not (engine.exists() and engine.samefile(source)):
        engine.mkdir(parents=True, exist_ok=True)
        for name in (*sidecar.files, NAME):
            shutil.copyfile(source / name, engine / name)
    return read_sidecar(engine)[1]


def compare(folder: Path, sidecar: Sidecar, seed: int = 0) -> None:
    """Raise EngineError where ONNX Runtime and torch give other numbers on random pieces and bags."""
    rng, spec = np.random.default_rng(seed), sidecar.spec
    crops = rng.integers(0, 256, (5, sidecar.piece, spec.size_px, spec.size_px, 3)).astype(np.uint8)
    features = rng.normal(size=(3, sidecar.pieces, sidecar.feature_size)).astype(np.float32)
    onnx, own = OnnxEngine(folder, sidecar), TorchEngine(folder, sidecar, "cpu")
    pairs = [
        (onnx.encode(crops), own.encode(crops)),
        *zip(onnx.classify(features), own.classify(features), strict=True),
    ]
    worst = max(float(np.abs(a - b).max() / max(1.0, np.abs(b).max())) for a, b in pairs)
    if not worst <= TOLERANCE:
        raise EngineError(f"the graphs in {folder} differ from the network by {worst:.2g}, {TOLERANCE:g} is allowed")


class _Encode(nn.Module):
    def __init__(self, model: MICACL) -> None:
        super().__init__()
        self.model = model.eval()

    def forward(self, crops: Tensor) -> Tensor:
        return self.model.encode(crops)


class _Classify(nn.Module):
    def __init__(self, model: MICACL) -> None:
        super().__init__()
        self.model = model.eval()

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return self.model.classify(features)


def write_graph(verb: nn.Module, example: Tensor, file: Path, takes: str, gives: list[str]) -> None:
    """Write one verb of a network as an ONNX graph in which only the batch is free."""
    verb.eval()  # else the exporter leaves the network in training mode
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the other exporter needs onnxscript and gains nothing
        torch.onnx.export(
            verb,
            (example,),
            str(file),
            dynamo=False,
            opset_version=OPSET,
            input_names=[takes],
            output_names=gives,
            dynamic_axes={name: {0: "batch"} for name in (takes, *gives)},
        )
