"""Open an engine on the GPU, compare it with ONNX Runtime and say how close it is.

`python -m realtime_micacl.inference.gpu.self_check KIND ENGINE` does so in a process of its own, for `doctor`.
"""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import cast

import numpy as np

from realtime_micacl.errors import EngineError, MicaclError
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.gpu.card import Kind
from realtime_micacl.inference.gpu.choice import open_on_gpu
from realtime_micacl.inference.gpu.ring import I64
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.types import F32, U8

NEAR = 0.05  # largest difference of logits; half precision costs about 0.01


def checked(kind: Kind, folder: Path, sidecar: Sidecar) -> str:
    """Return what the engine runs on, how fast it is and its difference; raise EngineError above NEAR."""
    started_s = perf_counter()
    with closing(open_on_gpu(kind, folder, sidecar)) as engine, closing(OnnxEngine(folder, sidecar)) as own:
        opened_s = perf_counter() - started_s
        worst = distance(engine, own, sidecar)
        if not worst <= NEAR:
            raise EngineError(f"{engine.device} is {worst:.2g} from ONNX Runtime's logits, {NEAR:g} is allowed")
        crops = _crops(sidecar, 1)
        started_s = perf_counter()
        for _ in range(100):
            engine.classify(np.repeat(engine.encode(crops), sidecar.pieces, axis=0)[None])
        tick_ms = (perf_counter() - started_s) * 10
        return f"{engine.device}, open in {opened_s:.1f} s, {tick_ms:.2f} ms a tick for one face, off by {worst:.2g}"


def distance(engine: Engine, own: Engine, sidecar: Sidecar) -> float:
    """Return the largest difference of two engines' logits, over bags of the same random pieces."""
    crops, n = _crops(sidecar, 100), sidecar.pieces
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(len(crops)), n)[::7]
    return float(np.abs(_logits(engine, crops, windows) - _logits(own, crops, windows)).max())


def _logits(engine: Engine, crops: U8, windows: I64) -> F32:
    return engine.classify(engine.encode(crops)[windows])[0]


def _crops(sidecar: Sidecar, n: int) -> U8:
    shape = (n, sidecar.piece, sidecar.bag.size_px, sidecar.bag.size_px, 3)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def main(kind: str, engine: str) -> int:
    """Print what was found; return the exit code."""
    logging.basicConfig(format="%(message)s")  # progress goes to standard error
    try:
        sys.stdout.write(checked(cast(Kind, kind), *read_sidecar(Path(engine))) + "\n")
    except MicaclError as error:
        sys.stdout.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
