"""Compares engines on the bags of a real clip: readings per second, and processor time per reading."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, get_args

import msgspec

from realtime_micacl.devices import Device
from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.cpu.processor import multiplies_bytes
from realtime_micacl.inference.engine import CLASSIFY, ENCODE, ENCODE_INT8, Engine
from realtime_micacl.inference.sidecar import Sidecar, sha256
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.types import Bag

FACES = (1, 4, 16, 64)
ROUND_S, ROUNDS = 0.2, (2, 15)  # each engine gets 0.2 s, in no fewer and no more rounds than that
IN_A_ROW = 3  # ticks of an engine before the next engine has its turn
SLOWEST_S = 2.0  # an engine whose tick would take longer is left out
BASE = "ONNX Runtime"


class Run:
    """The recognize stage of the live program on one engine, with a new bag of each face at every tick."""

    def __init__(self, engine: Engine, sidecar: Sidecar, bags: Sequence[Bag]) -> None:
        self._engine, self._sidecar, self._bags = engine, sidecar, bags
        self._recognizer = self._fresh()
        self._tick = sidecar.bag.ticks

    def tick(self, faces: int, *, again: bool = False) -> tuple[float, float]:
        """Read each face once; return wall and processor time, s. With `again`, whole bags are encoded anew."""
        self._tick += 1
        if again:
            self._recognizer = self._fresh()
        shift, n = self._tick * 3, len(self._bags)
        bags = [replace(self._bags[(shift + face * 7) % n], track_id=face, tick=self._tick) for face in range(faces)]
        wall_s, cpu_s = perf_counter(), process_time()
        self._recognizer.recognize(bags)
        return perf_counter() - wall_s, process_time() - cpu_s

    def _fresh(self) -> Recognizer:
        return Recognizer(self._engine, self._sidecar, smoothing_s=0.0)


def side_by_side(folder: Path, sidecar: Sidecar, ticks: Sequence[Sequence[Bag]]) -> dict[str, Any]:
    """Return the speed of each engine that can run here for 1, 4, 16 and 64 faces, and why the others cannot."""
    bags = [bag for tick in ticks for bag in tick]
    found: dict[str, Any] = {"rows": {}, "absent": {}}
    with ExitStack() as stack:
        runs = {}
        for name, opens in _openers(folder, sidecar, bags, stack):
            try:
                runs[name] = Run(stack.enter_context(closing(opens())), sidecar, bags)
            except (EngineError, ImportError) as cause:
                found["absent"][name] = str(cause)
        for faces in FACES:
            for name, took in _in_turn(runs, faces).items():
                wall_s = min(wall_s for wall_s, _ in took)  # other programs only add to it
                cpu_s = median(cpu_s for _, cpu_s in took)
                row = found["rows"].setdefault(name, {"readings_per_s": {}, "processor_ms": {}})
                row["readings_per_s"][str(faces)] = round(faces / wall_s, 1)
                row["processor_ms"][str(faces)] = round(cpu_s / faces * 1e3, 3)
        base = found["rows"][BASE]["processor_ms"]["1"]
        for row in found["rows"].values():
            row["ratio"] = round(row["processor_ms"]["1"] / base, 2)
        again = [runs[BASE].tick(1, again=True)[1] for _ in range(ROUNDS[0])]
    found["re_encoding"] = round(median(again) * 1e3 / base, 1)
    return found


def table(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the figures of `side_by_side` as rows of text, each with its title."""
    head = "".join(f"{faces:>8}" for faces in FACES)
    rows = [("engines", f"{'most readings a second, by faces:':<34}{head}   processor, ms a reading; ratio")]
    for name, row in found["rows"].items():
        rates = "".join(f"{row['readings_per_s'].get(str(faces), '-'):>8}" for faces in FACES)
        rows.append(("", f"{name:<26}        {rates}   {row['processor_ms']['1']:.2f}; {row['ratio']:.2f}"))
    rows += [("", f"{name:<26} {reason}") for name, reason in found["absent"].items()]
    ratio = f"{found['re_encoding']:.1f} times the processor time"
    return [*rows, ("", f"encoding the whole window for every reading, not only what is new, takes {ratio}")]


def _in_turn(runs: dict[str, Run], faces: int) -> dict[str, list[tuple[float, float]]]:
    """Return wall and processor times of ticks; engines take turns, so that other programs disturb them alike."""
    first = {name: run.tick(1)[0] for name, run in runs.items()}
    able = {name: run for name, run in runs.items() if first[name] * faces <= SLOWEST_S}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in able}
    for run in able.values():
        run.tick(faces)  # faces that are new: their whole windows are encoded
    each_s = max([first[name] * faces for name in able], default=1.0)
    for _ in range(max(ROUNDS[0], min(ROUNDS[1], round(ROUND_S / each_s)))):
        for name, run in able.items():
            run.tick(faces)  # brings its weights back into the processor's caches
            took[name] += [run.tick(faces) for _ in range(IN_A_ROW)]
    return took


def _openers(
    folder: Path, sidecar: Sidecar, bags: Sequence[Bag], stack: ExitStack
) -> Iterator[tuple[str, Callable[[], Engine]]]:
    """Yield the name of each engine, and a function that opens it."""
    files = {name: digest for name, digest in sidecar.files.items() if name != ENCODE_INT8}
    plain = msgspec.structs.replace(sidecar, files=files)
    several = os.cpu_count() or 1
    yield BASE, lambda: OnnxEngine(folder, plain)
    if several > 1:
        yield f"{BASE}, {several} threads", lambda: OnnxEngine(folder, plain, several)
    yield f"{BASE}, int8", lambda: _int8(folder, plain, bags, stack)
    yield "OpenVINO", lambda: open_engine(folder, plain, "openvino")
    yield "torch", lambda: _torch(folder, plain)
    for device in get_args(Device):
        if device not in ("auto", "cpu", "openvino"):
            yield device, lambda device=device: open_engine(folder, plain, device)  # type: ignore[misc]


def _torch(folder: Path, sidecar: Sidecar) -> Engine:
    import torch

    from realtime_micacl.inference.cpu.torch_engine import TorchEngine

    torch.set_num_threads(1)
    return TorchEngine(folder, sidecar)


def _int8(folder: Path, sidecar: Sidecar, bags: Sequence[Bag], stack: ExitStack) -> Engine:
    """Open the engine with an int8 encoder, calibrated on the clip; its accuracy is not checked."""
    if not multiplies_bytes():
        raise EngineError("this processor has no dot products of bytes (VNNI)")
    from realtime_micacl.making.int8 import CALIBRATED_ON, quantize

    made = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    pieces = [piece[None] for bag in bags[:: max(1, len(bags) // 16)] for piece in bag.pieces(sidecar.piece)]
    quantize(folder / ENCODE, made / ENCODE_INT8, pieces[:CALIBRATED_ON])
    (made / CLASSIFY).write_bytes((folder / CLASSIFY).read_bytes())
    return OnnxEngine(made, msgspec.structs.replace(sidecar, files={ENCODE_INT8: sha256(made / ENCODE_INT8)}))
