"""Measures an engine on a GPU: accuracy, batches of 1 to 64, streaming against whole windows, throughput, memory.

    python tests/bench/gpu.py cuda --json cuda.json
    python tests/bench/gpu.py tensorrt --json tensorrt.json
    python tests/bench/gpu.py tensorrt-rtx --json tensorrt-rtx.json

`processor` runs the CUDA engine's code on the processor; it is slow, and only shows that this script works.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import psutil
import torch

from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.cpu.torch_engine import load_model
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.gpu.card import probe
from realtime_micacl.inference.gpu.cuda_engine import TorchNetwork
from realtime_micacl.inference.gpu.gpu_engine import GpuEngine
from realtime_micacl.inference.gpu.ring import BUCKETS
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.types import F32

FRAMES_HZ = 25


def main() -> None:
    p = argparse.ArgumentParser(description="Measure an engine on a GPU.")
    p.add_argument("device", choices=("cuda", "tensorrt", "tensorrt-rtx", "processor"))
    p.add_argument("--engine", type=Path, default=default_engine())
    p.add_argument("--windows", type=int, default=45_000, help="ticks of the memory test; 45,000 are an hour")
    p.add_argument("--json", type=Path)
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    started_s = perf_counter()
    with closing(opened(arguments.device, folder, sidecar)) as engine:
        figures: dict[str, Any] = {
            "engine": sidecar.name,
            "device": engine.device,
            "gpu": str(probe() or "none"),
            "system": f"Python {platform.python_version()}, torch {torch.__version__}",
            "open_s": round(perf_counter() - started_s, 2),
            **near_float64(engine, folder, sidecar),
            "batches": {
                b: batch(engine, sidecar, b) for b in (BUCKETS[:2] if arguments.device == "processor" else BUCKETS)
            },
            **streaming(engine, sidecar),
            **memory(engine, sidecar, arguments.windows),
        }
    sys.stdout.write(as_text(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def opened(device: str, folder: Path, sidecar: Sidecar) -> Engine:
    if device != "processor":
        return open_engine(folder, sidecar, device)  # type: ignore[arg-type]
    cpu = torch.device("cpu")
    return GpuEngine(
        TorchNetwork(load_model(folder, sidecar), cpu, "GPU engine on the processor", half=False), sidecar, cpu
    )


def pieces(sidecar: Sidecar, n: int) -> np.ndarray:
    side = sidecar.bag.size_px
    return np.random.default_rng(n).integers(0, 256, (n, sidecar.piece, side, side, 3)).astype(np.uint8)


def changed(sidecar: Sidecar, bags: int) -> F32 | None:
    """Return changes of shape [B,N*L,3P+1], None if the engine reads none."""
    if not sidecar.shape:
        return None
    size = (bags, sidecar.bag.ticks, sidecar.coordinates + 1)
    return np.random.default_rng(bags).normal(0, 0.1, size).astype(np.float32)


def near_float64(engine: Engine, folder: Path, sidecar: Sidecar) -> dict[str, float]:
    """Return the error of logits against the network in float64: relative L2, and the largest difference."""
    n, exact = sidecar.pieces, load_model(folder, sidecar).double()
    crops = pieces(sidecar, n + 40)
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(len(crops)), n)
    with torch.inference_mode():
        features = torch.cat([exact.encode(torch.tensor(part)) for part in np.array_split(crops, 8)])
        changes = changed(sidecar, len(windows))
        rows = sidecar.rows(features.numpy()[windows], changes)
        expected = exact.classify(torch.from_numpy(rows).double())[0].numpy()
    found = engine.classify(engine.encode(crops)[windows], changes)[0]
    apart = found - expected
    relative = float(np.linalg.norm(apart) / np.linalg.norm(expected))
    return {"float64_relative_l2": relative, "float64_largest": float(np.abs(apart).max())}


def timed(work: Callable[[], object], least_s: float = 1.0) -> list[float]:
    """Return p50 and p95 in ms of a call that ends with a download."""
    work()
    took: list[float] = []
    while sum(took) < least_s or len(took) < 20:
        started_s = perf_counter()
        work()
        took.append(perf_counter() - started_s)
    return [round(float(np.percentile(took, q)) * 1e3, 4) for q in (50, 95)]


def batch(engine: Engine, sidecar: Sidecar, faces: int) -> dict[str, Any]:
    """Return the time of a tick with this many faces, and how many faces that makes at 25 frames per second."""
    crops = pieces(sidecar, faces)
    kept = engine.encode(pieces(sidecar, sidecar.pieces))

    def tick() -> None:
        newest = engine.encode(crops)
        bags = np.repeat(kept[None], faces, axis=0)
        bags[:, -1] = newest
        engine.classify(bags, changes)

    changes = changed(sidecar, faces)
    found = timed(tick)
    return {"tick_ms": found, "faces_at_25_fps": round(faces * 1e3 / (found[0] * FRAMES_HZ))}


def streaming(engine: Engine, sidecar: Sidecar) -> dict[str, float]:
    """Return how much time it saves to encode each piece once, for 16 faces, and how much the results differ."""
    n, faces = sidecar.pieces, 16
    crops = pieces(sidecar, n + faces)
    numbers = engine.encode(crops)
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(n + faces), n)[:faces]
    once = np.concatenate([engine.encode(crops[i : i + 1]) for i in range(len(crops))])
    apart = float(np.abs(engine.classify(numbers[windows])[0] - engine.classify(once[windows])[0]).max())
    every = np.concatenate([crops[window] for window in windows])

    def whole() -> None:
        encoded = engine.encode(every)
        engine.classify(encoded.reshape(faces, n, *encoded.shape[1:]))

    whole_ms = timed(whole)[0]
    tick_ms = batch(engine, sidecar, faces)["tick_ms"][0]
    return {"streaming_apart": apart, "streaming_gain": round(whole_ms / tick_ms, 2)}


def memory(engine: Engine, sidecar: Sidecar, windows: int) -> dict[str, Any]:
    """Return free GPU memory and the memory of this process, after a tenth and after all of the ticks."""
    n, marks = sidecar.pieces, []
    for tick in range(windows):
        crops = pieces(sidecar, 1 + tick % 8)
        engine.classify(np.repeat(engine.encode(crops)[:, None], n, axis=1))
        if tick + 1 in (windows // 10, windows):
            free_mb = torch.cuda.mem_get_info()[0] / 1e6 if torch.cuda.is_available() else 0.0
            marks.append([round(free_mb, 1), round(psutil.Process().memory_info().rss / 1e6, 1)])
    return {"ticks": windows, "free_and_rss_mb": marks}


def as_text(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    lines = [f"{name}: {said}" for name, said in figures.items() if name != "batches"]
    rows = [
        f"| {faces} | {found['tick_ms'][0]:.3f} / {found['tick_ms'][1]:.3f} | {found['faces_at_25_fps']} |"
        for faces, found in figures["batches"].items()
    ]
    head = ["", "| faces | a tick, p50 / p95 ms | faces at 25 frames a second |", "|---|---|---|"]
    return "\n".join([*lines, *head, *rows, ""])


if __name__ == "__main__":
    main()
