"""Makes an int8 encoder, calibrated on real crops; it is kept only if it is as accurate and faster on this machine."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time

import msgspec
import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.cpu.processor import multiplies_bytes
from realtime_micacl.inference.engine import ENCODE, ENCODE_INT8, Engine
from realtime_micacl.inference.sidecar import Sidecar, sha256, write_sidecar
from realtime_micacl.making.data.bags import segments
from realtime_micacl.making.data.prepared import Prepared
from realtime_micacl.making.evaluation.predictions import prepared_predictions
from realtime_micacl.making.evaluation.protocol import Part
from realtime_micacl.making.scores import confusion, uar
from realtime_micacl.types import U8

CALIBRATED_ON = 256  # pieces; more hardly change the ranges
IN_BYTES = (
    "Conv",
    "Slice",
    "Concat",
    "Add",
    "Relu",
)  # with Conv alone the others take a quarter of the time
MOST_LOST = 0.005  # of UAR
LEAST_SPEEDUP = 1.2  # less is not worth any loss of accuracy


@dataclass(frozen=True)
class Comparison:
    """fp32 and int8 compared."""

    uar: tuple[float, float]
    """Of fp32, of int8."""
    clips: int
    encode_ms: tuple[float, float]
    """Processor time of one piece: fp32, int8."""

    @property
    def fault(self) -> str:
        """Why fp32 is kept; empty if int8 is used."""
        if self.uar[0] - self.uar[1] >= MOST_LOST:
            return f"it loses {100 * (self.uar[0] - self.uar[1]):.1f} points of UAR, {100 * MOST_LOST:g} are too many"
        if self.encode_ms[0] / self.encode_ms[1] < LEAST_SPEEDUP:
            return f"it is not {LEAST_SPEEDUP:g} times as fast here"
        return ""

    def __str__(self) -> str:
        figures = "UAR {0[0]:.3f} -> {0[1]:.3f} on {1} clips, {2[0]:.2f} -> {2[1]:.2f} ms a piece"
        return figures.format(self.uar, self.clips, self.encode_ms)


def add_int8(folder: Path, sidecar: Sidecar, train: Part, test: Part) -> tuple[Sidecar, str]:
    """Add an int8 graph to an engine if it is worth it; return the engine's sidecar and a line for people."""
    if not multiplies_bytes():
        return sidecar, "int8: not tried, this processor has no dot products of bytes (VNNI); fp32 is kept"
    made = folder / ENCODE_INT8
    quantize(folder / ENCODE, made, calibration(train, sidecar))
    small = msgspec.structs.replace(sidecar, files=sidecar.files | {ENCODE_INT8: sha256(made)})
    comparison = measured(folder, sidecar, small, test)
    if comparison.fault:
        made.unlink()
        return sidecar, f"int8: {comparison}; {comparison.fault}, so fp32 is kept"
    write_sidecar(folder, small)
    return small, f"int8: {comparison}; used wherever the processor has dot products of bytes"


def parts(data: Prepared, split: str | None) -> tuple[Part, Part]:
    """Return the training part of a split, to calibrate on, and its test part; raise ConfigError if one is empty."""
    name = data.split(split)
    train, test = data.part(name, "train"), data.part(name, "test")
    if not (train and test):
        raise ConfigError(f"{data.folder}, split {name}: int8 needs clips in its training part and in its test part")
    return Part(data, name, train), Part(data, name, test)


def calibration(part: Part, sidecar: Sidecar) -> list[U8]:
    """Return up to `CALIBRATED_ON` pieces [1,P,S,S,3], of clips from all over a part."""
    spec, step = sidecar.bag, max(1, len(part.clips) * sidecar.pieces // CALIBRATED_ON)
    if part.data.size_px != spec.size_px:
        raise ConfigError(f"{part.data.folder} holds crops of {part.data.size_px} px, the engine takes {spec.size_px}")
    found = []
    for clip in part.clips[::step]:
        crops = clip.load().crops[segments(clip.frames, spec)]
        found += list(crops.reshape(-1, 1, sidecar.piece, *crops.shape[1:]))
    return found[:CALIBRATED_ON]


def quantize(graph: Path, into: Path, pieces: Sequence[U8]) -> None:
    """Write an encoder's graph as int8 into the file `into`, calibrated on `pieces` [1,P,S,S,3]."""

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # the base carries no types
        def __init__(self) -> None:
            self._left: Iterator[U8] = iter(pieces)

        def get_next(self) -> dict[str, U8] | None:
            return next(({"crops": piece} for piece in self._left), None)

    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as partial:
        warnings.simplefilter("ignore")  # onnxruntime warns about its own code
        shaped = Path(partial) / "shaped.onnx"
        quant_pre_process(str(graph), str(shaped), skip_symbolic_shape=True)
        quantize_static(
            str(shaped),
            str(into),
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(IN_BYTES),
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )


def measured(folder: Path, sidecar: Sidecar, small: Sidecar, test: Part) -> Comparison:
    """Compare an engine, opened with `small`, which names the int8 graph, and with `sidecar`, which does not."""
    with closing(OnnxEngine(folder, sidecar)) as fp32, closing(OnnxEngine(folder, small)) as int8:
        reads = [prepared_predictions(engine, sidecar, test, "segments") for engine in (fp32, int8)]
        scores = [uar(confusion(r.labels, r.probabilities.argmax(axis=1))) for r in reads]
        return Comparison((scores[0], scores[1]), len(reads[0].labels), _encode_ms(fp32, int8, sidecar))


def _encode_ms(fp32: Engine, int8: Engine, sidecar: Sidecar, rounds: int = 40) -> tuple[float, float]:
    """Return the median processor time of one piece, ms; the engines take turns."""
    size_px = sidecar.bag.size_px
    took_s: tuple[list[float], list[float]] = ([], [])
    piece = np.random.default_rng(0).integers(0, 256, (1, sidecar.piece, size_px, size_px, 3)).astype(np.uint8)
    for _ in range(rounds):
        for engine, took in zip((fp32, int8), took_s, strict=True):
            start_s = process_time()
            engine.encode(piece)
            took.append(process_time() - start_s)
    return median(took_s[0]) * 1e3, median(took_s[1]) * 1e3
