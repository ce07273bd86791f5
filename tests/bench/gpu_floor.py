"""Measures the lower bound of a tick on a GPU, and how close the CUDA engine is: `python tests/bench/gpu_floor.py`.

Rates are measured with torch's own copies and products. The floor of a tick is the larger of two times, of its
multiply-adds and of its bytes, each read or written once, plus the time to start its kernels from a CUDA graph. Without
a GPU it runs with small sizes on the processor, which only shows that it works.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from gpu import batch, near_float64

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.cpu.torch_engine import load_model
from realtime_micacl.inference.gpu.card import probe
from realtime_micacl.inference.gpu.cuda_engine import FAST_HALF, TorchNetwork
from realtime_micacl.inference.gpu.gpu_engine import GpuEngine
from realtime_micacl.inference.gpu.ring import BUCKETS
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.model.cost import count
from realtime_micacl.model.graph import Classify, Encode

GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda", 0) if GPU else torch.device("cpu")
SIZES = BUCKETS if GPU else (1, 2)  # a processor is only to show that this works


def main() -> None:
    p = argparse.ArgumentParser(description="Measure a GPU's rates, and the CUDA engine against them.")
    p.add_argument("--engine", type=Path, default=default_engine())
    p.add_argument("--knobs", action="store_true", help="try TF32, channels last and cuDNN's search as well")
    p.add_argument("--json", type=Path)
    arguments = p.parse_args()
    folder, sidecar = read_sidecar(arguments.engine)
    measured = rates()
    figures: dict[str, Any] = {"gpu": str(probe() or "none"), "torch": torch.__version__, "rates": measured}
    figures["engine"], figures["ticks"] = sidecar.name, ticks(folder, sidecar, measured)
    if arguments.knobs:
        figures["knobs"] = knobs(folder, sidecar)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def wait() -> None:
    if GPU:
        torch.cuda.synchronize()


def seconds(work: Callable[[], object], repeats: int = 20) -> float:
    """Return the median time of a call that runs asynchronously on the GPU."""
    for _ in range(3):
        work()
    took = []
    for _ in range(repeats):
        wait()
        started_s = perf_counter()
        work()
        wait()
        took.append(perf_counter() - started_s)
    return float(np.median(took))


def rates() -> dict[str, float]:
    """Return copies in GB/s, products in TFLOP/s, and the time to start a kernel from a graph in us."""
    size = (1 << 30) if GPU else (1 << 24)
    one = torch.rand(size // 4, device=DEVICE)
    other = torch.empty_like(one)
    found = {"copy_gb_s": 2 * size / seconds(lambda: other.copy_(one)) / 1e9}
    up = torch.rand(size // 64, pin_memory=GPU)
    there = torch.empty_like(up, device=DEVICE)
    found["upload_gb_s"] = size / 16 / seconds(lambda: there.copy_(up, non_blocking=True)) / 1e9
    n = 8192 if GPU else 512
    for name, kind, tf32 in (
        ("f32", torch.float32, False),
        ("tf32", torch.float32, True),
        ("f16", torch.float16, False),
        ("bf16", torch.bfloat16, False),
    ):
        torch.backends.cuda.matmul.allow_tf32 = tf32
        a, b = (torch.randn(n, n, device=DEVICE).to(kind) for _ in range(2))
        found[f"{name}_tflop_s"] = 2 * n**3 / seconds(lambda a=a, b=b: a @ b) / 1e12  # type: ignore[misc]
    torch.backends.cuda.matmul.allow_tf32 = False
    found["kernel_us"] = _kernel_us()
    return {name: round(value, 3) for name, value in found.items()}


def _kernel_us() -> float:
    if not GPU:
        return 0.0
    x, graph = torch.zeros(1, device=DEVICE), torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(1000):
            x.add_(1)
    return seconds(graph.replay) * 1e3


def ticks(folder: Path, sidecar: Sidecar, measured: dict[str, float]) -> dict[int, dict[str, float]]:
    """Return the time of a tick with this many faces, its floor, and their ratio."""
    model, px = load_model(folder, sidecar), sidecar.bag.size_px
    half = GPU and torch.cuda.get_device_capability(DEVICE) >= FAST_HALF
    piece = torch.zeros(1, sidecar.piece, px, px, 3, dtype=torch.uint8)
    bag = torch.zeros(1, sidecar.pieces, sidecar.row_size)
    encode, classify = count(Encode(model), piece), count(Classify(model), bag)
    precision = "f16" if half else "f32"
    network = TorchNetwork(load_model(folder, sidecar), DEVICE, "floor", half=half)
    rows = {}
    with closing(GpuEngine(network, sidecar, DEVICE)) as engine:
        for b in SIZES:
            flops_s = 2e-12 * b * encode.multiply_adds / measured[f"{precision}_tflop_s"]
            flops_s += 2e-12 * b * classify.multiply_adds / measured["f32_tflop_s"]
            moved = encode.parameters * (2 if half else 4) + classify.parameters * 4
            moved += b * (piece.numel() + 4 * (2 * sidecar.feature_size + sidecar.pieces * sidecar.row_size))
            bytes_s = moved / measured["copy_gb_s"] / 1e9 + b * piece.numel() / measured["upload_gb_s"] / 1e9
            kernels = _kernels(network, sidecar, b)
            floor_ms = max(flops_s, bytes_s) * 1e3 + kernels * measured["kernel_us"] * 1e-3
            took_ms = batch(engine, sidecar, b)["tick_ms"][0]
            rows[b] = {
                "tick_ms": took_ms,
                "products_ms": round(flops_s * 1e3, 4),
                "bytes_ms": round(bytes_s * 1e3, 4),
                "kernels": kernels,
                "floor_ms": round(floor_ms, 4),
                "times_the_floor": round(took_ms / floor_ms, 2),
            }
    return rows


def _kernels(network: TorchNetwork, sidecar: Sidecar, b: int) -> int:
    """Return how many kernels the two graphs of a batch start."""
    if not GPU:
        return 0
    px = sidecar.bag.size_px
    crops = torch.zeros(b, sidecar.piece, px, px, 3, dtype=torch.uint8, device=DEVICE)
    features = torch.zeros(b, sidecar.feature_size, device=DEVICE)
    bags = torch.zeros(b, sidecar.pieces, sidecar.row_size, device=DEVICE)
    with torch.inference_mode():
        said, weights = network._head.classify(bags)
        steps = (network.encoder(crops, features), network.head(bags, said, weights))
        activities = [torch.profiler.ProfilerActivity.CUDA]
        with torch.profiler.profile(activities=activities) as seen:
            for step in steps:
                step()
            wait()
    return sum(event.device_type == torch.autograd.DeviceType.CUDA for event in seen.events())


def knobs(folder: Path, sidecar: Sidecar) -> list[dict[str, Any]]:
    """Return the times of ticks and the error against float64, with each option changed."""
    half, rows = GPU and torch.cuda.get_device_capability(DEVICE) >= FAST_HALF, []
    for tf32, last, search in ((False, False, False), (True, False, False), (False, True, False), (False, True, True)):
        network = TorchNetwork(load_model(folder, sidecar), DEVICE, "knobs", half=half)
        if last:
            deep = any(isinstance(m, torch.nn.Conv3d) for m in network._encoder.modules())
            network._encoder.to(memory_format=torch.channels_last_3d if deep else torch.channels_last)
        with (
            torch.backends.cudnn.flags(enabled=True, benchmark=search, allow_tf32=tf32),
            closing(GpuEngine(network, sidecar, DEVICE)) as engine,
        ):
            rows.append(
                {
                    "cudnn_tf32": tf32,
                    "channels_last": last,
                    "cudnn_benchmark": search,
                    "tick_ms": {b: batch(engine, sidecar, b)["tick_ms"] for b in SIZES},
                    **near_float64(engine, folder, sidecar),
                }
            )
    return rows


if __name__ == "__main__":
    main()
