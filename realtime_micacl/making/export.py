"""`realtime-micacl export CHECKPOINT ENGINE`: turn a checkpoint into an engine, two ONNX graphs and their sidecar."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from onnxruntime import InferenceSession

from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.files import filling
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.cpu.torch_engine import TorchEngine
from realtime_micacl.inference.engine import CLASSIFY, ENCODE, ENCODE_HALF, ENCODE_INT8, WEIGHTS
from realtime_micacl.inference.gpu.self_check import checked
from realtime_micacl.inference.sidecar import NAME, Sidecar, read_sidecar, sha256, write_sidecar
from realtime_micacl.inference.triton.repository import write_repository
from realtime_micacl.making.data.prepared import read_prepared
from realtime_micacl.making.foreign import export_theirs
from realtime_micacl.making.int8 import add_int8, parts
from realtime_micacl.making.training.checkpoint import HELD_OUT, read_checkpoint
from realtime_micacl.making.training.saved import write_weights
from realtime_micacl.model.graph import Classify, Encode, write_graph
from realtime_micacl.model.half import halved
from realtime_micacl.model.system import System
from realtime_micacl.options import VerbParser
from realtime_micacl.types import EMOTIONS, F32, U8
from realtime_micacl.wording import why

TOLERANCE = 1e-4  # largest difference between torch and ONNX Runtime, relative to the largest output above 1
HALF_TOLERANCE = 3e-3  # relative L2 distance; float16 has eleven significant bits


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    arguments = _parser().parse_args(argv)
    if bool(arguments.encoder) != bool(arguments.recipe) or bool(arguments.encoder) == bool(arguments.checkpoint):
        raise ConfigError("give a checkpoint and a folder for the engine, or --encoder, --recipe and that folder")
    if arguments.encoder and (arguments.int8 or arguments.trained_on or arguments.measured):
        raise ConfigError("--int8, --trained-on and --measured are for checkpoints; leave them out with --encoder")
    if arguments.int8 != bool(arguments.data) and not arguments.encoder:
        raise ConfigError("without --encoder, --int8 and --data FOLDER go together: give both or neither")
    data = parts(read_prepared(arguments.data), arguments.split) if arguments.int8 else None
    report = [f"torch and ONNX Runtime agree within {TOLERANCE:g}"]
    if arguments.encoder:
        clips = read_prepared(arguments.data) if arguments.data else None
        sidecar, notes = export_theirs(arguments.encoder, arguments.recipe, arguments.engine, clips, arguments.split)
        report = [f"{sidecar.feature_size} features per frame", *notes]
    elif (arguments.checkpoint / NAME).is_file():
        if arguments.trained_on or arguments.measured:
            raise ConfigError(
                f"{arguments.checkpoint} is an engine and only copied: --trained-on and --measured need a checkpoint"
            )
        sidecar, report = _copied(arguments.checkpoint, arguments.engine), ["copied as it is"]
    else:
        measured = _figures(arguments.measured) if arguments.measured else {}
        sidecar = export(arguments.checkpoint, arguments.engine, tuple(arguments.trained_on), measured)
    if data:
        sidecar, note = add_int8(arguments.engine, sidecar, *data)
        report.append(note)
    if arguments.triton:
        write_repository(arguments.engine, sidecar, arguments.engine / "triton")
    if arguments.tensorrt:
        report.append(checked("tensorrt", arguments.engine, sidecar))
    if arguments.tensorrt_rtx:
        report.append(checked("tensorrt-rtx", arguments.engine, sidecar))
    sizes = ", ".join(f"{name} {(arguments.engine / name).stat().st_size / 1e6:.1f} MB" for name in sidecar.files)
    sys.stdout.write(f"{arguments.engine}: {sizes}; " + "\n".join(report) + "\n")


def _parser() -> argparse.ArgumentParser:
    p = VerbParser(prog="realtime-micacl export", description="Turn a checkpoint into an engine.")
    p.add_argument(
        "checkpoint", type=Path, nargs="?", help="folder that `realtime-micacl train` wrote, or an engine to be copied"
    )
    p.add_argument("engine", type=Path, help="folder for the engine; an engine in it is replaced")
    p.add_argument("--trained-on", nargs="+", default=[], metavar="TEXT", help="data sets, for the sidecar")
    p.add_argument("--triton", action="store_true", help="write a model repository for NVIDIA Triton into it")
    p.add_argument("--measured", type=Path, metavar="FILE", help="figures of `evaluate --json`, for the sidecar")
    p.add_argument("--tensorrt", action="store_true", help="build TensorRT plans for this machine and test them")
    p.add_argument("--tensorrt-rtx", action="store_true", help="compile for this machine's RTX card and test it")
    p.add_argument("--int8", action="store_true", help="add an int8 encoder, if it is as accurate and faster here")
    p.add_argument("--data", type=Path, metavar="FOLDER", help="set that `prepare` wrote, for --int8 or --encoder")
    p.add_argument("--split", metavar="NAME", help="split of that set; fitted on its training part")
    p.add_argument("--encoder", type=Path, metavar="FILE", help="instead of a checkpoint: somebody else's ONNX graph")
    p.add_argument("--recipe", type=Path, metavar="FILE", help="what that graph takes and gives; see docs/zoo.md")
    return p


def _figures(file: Path) -> dict[str, Any]:
    """Return the figures that `evaluate --json` wrote; raise ConfigError for another file."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as cause:
        raise ConfigError(f"--measured {file} is not what `evaluate --json` writes: {why(cause)}") from cause


def export(checkpoint: Path, engine: Path, trained_on: tuple[str, ...], measured: dict[str, Any]) -> Sidecar:
    """Write graphs, weights and sidecar into the folder `engine`; return the sidecar.

    Raise ConfigError if that folder is the checkpoint's own, EngineError if torch and ONNX Runtime differ.
    """
    fields, model = read_checkpoint(checkpoint)
    if engine.exists() and engine.samefile(checkpoint):
        raise ConfigError(f"an engine in {engine} would replace the checkpoint's weights; name another folder for it")
    with filling(engine) as made:
        sidecar = _written(fields, model, made, trained_on, measured)
    (engine / ENCODE_INT8).unlink(missing_ok=True)
    return sidecar


def _written(
    fields: dict[str, Any], model: System, engine: Path, trained_on: tuple[str, ...], measured: dict[str, Any]
) -> Sidecar:
    weights = {
        name: t.half() if t.ndim > 1 else t for name, t in model.state_dict().items()
    }  # matrices as float16: half the size
    model.load_state_dict(weights)  # the graphs get exactly these numbers
    config = model.config
    piece = model.encoder.piece
    crops = torch.zeros(1, piece, config.size_px, config.size_px, 3, dtype=torch.uint8)
    size = model.encoder.features + (config.shape + 1 if config.shape else 0)
    features = torch.zeros(1, config.instances * config.frames // piece, size)
    write_graph(Encode(model), crops, engine / ENCODE, "crops", ["features"])
    write_graph(halved(model.encoder), crops, engine / ENCODE_HALF, "crops", ["features"])
    write_graph(Classify(model), features, engine / CLASSIFY, "features", ["logits", "importance"])
    held_out = fields.get(HELD_OUT)
    write_weights(engine / WEIGHTS, weights, {HELD_OUT: held_out} if held_out else None)
    sidecar = {
        "schema": 1,
        "name": fields["name"],
        "labels": EMOTIONS,
        "bag": fields["bag"],
        "crop": fields["crop"],
        "piece": piece,
        "feature_size": model.encoder.features,
        "shape": fields.get("shape"),
        "calibration": fields["calibration"],
        "files": {name: sha256(engine / name) for name in (ENCODE, ENCODE_HALF, CLASSIFY, WEIGHTS)},
        "model": config.to_dict(),
        "trained_on": trained_on or fields.get("trained_on", ()),
        "measured": measured,
    }
    write_sidecar(engine, sidecar)
    _, checked = read_sidecar(engine)
    compare(engine, checked)
    return checked


def _copied(source: Path, engine: Path) -> Sidecar:
    """Copy an engine without change; return its sidecar."""
    _, sidecar = read_sidecar(source)
    if not (engine.exists() and engine.samefile(source)):
        with filling(engine) as made:
            for name in (*sidecar.files, NAME):
                shutil.copyfile(source / name, made / name)
    return read_sidecar(engine)[1]


def compare(folder: Path, sidecar: Sidecar, seed: int = 0) -> None:
    """Raise EngineError if ONNX Runtime and torch differ on random pieces and bags."""
    rng, spec = np.random.default_rng(seed), sidecar.bag
    crops = rng.integers(0, 256, (5, sidecar.piece, spec.size_px, spec.size_px, 3)).astype(np.uint8)
    features = rng.normal(size=(3, sidecar.pieces, sidecar.feature_size)).astype(np.float32)
    onnx, own = OnnxEngine(folder, sidecar), TorchEngine(folder, sidecar)
    _compare_half(folder, crops, own.encode(crops))
    changes = 0.1 * rng.normal(size=(3, spec.ticks, sidecar.coordinates + 1)).astype(np.float32)
    pairs = [
        (onnx.encode(crops), own.encode(crops)),
        *zip(onnx.classify(features, changes), own.classify(features, changes), strict=True),
    ]
    worst = max(float(np.abs(a - b).max() / max(1.0, np.abs(b).max())) for a, b in pairs)
    if not worst <= TOLERANCE:
        raise EngineError(f"the graphs in {folder} differ from the network by {worst:.2g}, {TOLERANCE:g} is allowed")


def _compare_half(folder: Path, crops: U8, expected: F32) -> None:
    """Raise EngineError if the half-precision encoder is further from `expected` than half precision explains."""
    session = InferenceSession(folder / ENCODE_HALF, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"crops": crops})
    relative = float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
    if not relative <= HALF_TOLERANCE:
        raise EngineError(
            f"{folder / ENCODE_HALF} differs from float32 by {relative:.2g}, {HALF_TOLERANCE:g} is allowed"
        )
