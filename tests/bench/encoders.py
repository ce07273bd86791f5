"""Measures what instance encoders cost on this machine: `python tests/bench/encoders.py`.

Prints parameters, multiply-adds and the processor time for one tick of a face: one frame for the light encoders, an
instance of four frames for r3d_18; in ONNX Runtime, its int8 form and OpenVINO, on one thread each, in turn. In
brackets: the ratio to the time that as many multiply-adds take in a large float32 matrix product of the same run. It is
a yardstick, not a bound: convolutions may be faster. `peak.c` beside this file measures the floor.
The int8 forms are calibrated on noise: only their speed means anything.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import onnxruntime as ort
import openvino as ov
import torch
from torch import nn

from realtime_micacl.making.int8 import quantize
from realtime_micacl.model.backbone import R3D18, FrameEncoder
from realtime_micacl.model.cost import count
from realtime_micacl.model.fold import FoldedR3D18
from realtime_micacl.model.graph import write_graph

ROUNDS, CALLS = 5, 20
LIGHT = {
    "light, 16-32-64-128, 1 block": ((16, 32, 64, 128), (1, 1, 1, 1)),
    "light, 24-48-96-192, 1 block": ((24, 48, 96, 192), (1, 1, 1, 1)),
    "light, 32-64-128-256, 1 block (default)": ((32, 64, 128, 256), (1, 1, 1, 1)),
    "light, 32-64-128-192, 2-2-2-1 blocks": ((32, 64, 128, 192), (2, 2, 2, 1)),
    "light, 32-64-128-256, 2 blocks": ((32, 64, 128, 256), (2, 2, 2, 2)),
}
SIDE = 1024  # of the matrices
RUNTIMES = ("torch", "ONNX Runtime", "int8", "OpenVINO")
Call = Callable[[], object]


def main() -> None:
    torch.set_num_threads(1)
    deep = R3D18().eval()
    encoders: list[tuple[str, nn.Module, int, int]] = [
        (name, FrameEncoder(widths=widths, blocks=blocks).eval(), 1, 64) for name, (widths, blocks) in LIGHT.items()
    ]
    encoders += [("r3d_18, 112 px, as it is", deep, 4, 112), ("r3d_18, 112 px, folded", FoldedR3D18(deep), 4, 112)]
    times: dict[tuple[str, str], list[float]] = {}
    products: list[float] = []
    matrix = torch.rand(SIDE, SIDE)
    costs = {}
    with tempfile.TemporaryDirectory() as folder:
        calls = {}
        for name, encoder, frames, size in encoders:
            crops = torch.randint(0, 256, (1, frames, size, size, 3), dtype=torch.uint8)
            costs[name] = count(encoder, crops)
            calls[name] = opened(encoder, crops, Path(folder) / "encode.onnx")
        for _ in range(ROUNDS):  # in turn, so that a machine that changes its speed changes it for all
            products += [timed_ms(lambda: matrix @ matrix) for _ in range(CALLS)]
            for name, runtimes in calls.items():
                for runtime, call in runtimes.items():
                    call()
                    for _ in range(1 if "r3d" in name else CALLS):
                        times.setdefault((name, runtime), []).append(timed_ms(call))
    rate = SIDE**3 / median(products)  # multiply-adds a ms
    sys.stdout.write(f"a matrix product of {SIDE}: {2 * rate / 1e6:.0f} GFLOP/s on one thread\n\n")
    sys.stdout.write(f"{'':<42}{'parameters':>14}{'mult-adds':>12}" + "".join(f"{r:>20}" for r in RUNTIMES) + "\n")
    for name, cost in costs.items():
        row = ""
        for runtime in RUNTIMES:
            took_ms = median(times[name, runtime])
            over = "" if runtime == "int8" else f" ({took_ms * rate / cost.multiply_adds:.1f})"
            row += f"{f'{took_ms:.2f} ms{over}':>20}"
        sys.stdout.write(f"{name:<42}{cost.parameters / 1e6:>12.2f} M{cost.multiply_adds / 1e6:>10.0f} M{row}\n")


def opened(encoder: nn.Module, crops: torch.Tensor, file: Path) -> dict[str, Call]:
    """Return a call of the encoder in each runtime."""
    write_graph(encoder, crops, file, "crops", ["features"])
    small = file.with_suffix(".int8.onnx")
    quantize(file, small, [crops.numpy()] * 4)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    fp32, int8 = (ort.InferenceSession(str(graph), options) for graph in (file, small))
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    request = ov.Core().compile_model(str(file), "CPU", settings).create_infer_request()
    feed: dict[str, np.ndarray] = {"crops": crops.numpy()}

    @torch.inference_mode()
    def own() -> object:
        return encoder(crops)

    return {
        "torch": own,
        "ONNX Runtime": lambda: fp32.run(None, feed),
        "int8": lambda: int8.run(None, feed),
        "OpenVINO": lambda: request.infer(feed, share_inputs=True),
    }


def timed_ms(call: Call) -> float:
    start_s = process_time()
    call()
    return (process_time() - start_s) * 1e3


if __name__ == "__main__":
    main()
