"""What instance encoders cost on this machine: `python tests/bench/encoders.py`.

Prints parameters, multiply-adds and the time in ONNX Runtime on one thread of what each tick of a face asks for: one
frame of the light encoders, an instance of four frames of r3d_18.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import onnxruntime as ort
import torch

from realtime_micacl.export import write_graph
from realtime_micacl.model.backbone import R3D18, FrameEncoder
from realtime_micacl.model.cost import count

ROUNDS, CALLS = 5, 20
LIGHT = {
    "light, 16-32-64-128, 1 block": ((16, 32, 64, 128), (1, 1, 1, 1)),
    "light, 24-48-96-192, 1 block": ((24, 48, 96, 192), (1, 1, 1, 1)),
    "light, 32-64-128-256, 1 block (default)": ((32, 64, 128, 256), (1, 1, 1, 1)),
    "light, 32-64-128-192, 2-2-2-1 blocks": ((32, 64, 128, 192), (2, 2, 2, 1)),
    "light, 32-64-128-256, 2 blocks": ((32, 64, 128, 256), (2, 2, 2, 2)),
}


def main() -> None:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        encoders = [(name, FrameEncoder(widths=w, blocks=b), 64) for name, (w, b) in LIGHT.items()]
        for name, encoder, size in [*encoders, ("r3d_18, 112 px", R3D18(), 112)]:
            crops = torch.randint(0, 256, (1, encoder.piece, size, size, 3), dtype=torch.uint8)
            cost = count(encoder, crops)
            file = Path(folder) / "encode.onnx"
            write_graph(encoder, crops, file, "crops", ["features"])
            rows.append((name, cost, ort.InferenceSession(str(file), options), crops.numpy()))
        times: dict[str, list[float]] = {name: [] for name, *_ in rows}
        for _ in range(ROUNDS):  # in turn, so that a machine that changes its speed changes it for all
            for name, _, session, crops in rows:
                for _ in range(1 if "r3d" in name else CALLS):
                    times[name].append(timed_ms(session, crops))
    for name, cost, *_ in rows:
        line = f"{name:<42} {cost.parameters / 1e6:6.2f} M parameters {cost.multiply_adds / 1e6:8.0f} M multiply-adds"
        sys.stdout.write(f"{line} {median(times[name]):7.2f} ms\n")


def timed_ms(session: ort.InferenceSession, crops: np.ndarray) -> float:
    started_s = perf_counter()
    session.run(None, {"crops": crops})
    return (perf_counter() - started_s) * 1e3


if __name__ == "__main__":
    main()
