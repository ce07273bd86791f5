"""What only a GPU can show: `pytest -m gpu` with CUDA, `pytest -m tensorrt` with TensorRT. See docs/gpu.md."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.cpu.torch_engine import load_model
from realtime_micacl.inference.gpu import plans
from realtime_micacl.inference.gpu.gpu_engine import GpuEngine
from realtime_micacl.inference.gpu.ring import BUCKETS
from realtime_micacl.inference.sidecar import Sidecar

CUDA = pytest.param("cuda", marks=pytest.mark.gpu)
TENSORRT = pytest.param("tensorrt", marks=[pytest.mark.gpu, pytest.mark.tensorrt])


@pytest.fixture(scope="module", params=[CUDA, TENSORRT])
def engine(request: pytest.FixtureRequest, shipped: tuple[Path, Sidecar]) -> Iterator[GpuEngine]:
    opened = open_engine(*shipped, request.param)
    assert isinstance(opened, GpuEngine)
    with closing(opened):
        yield opened


def pieces(sidecar: Sidecar, n: int) -> np.ndarray:
    side = sidecar.bag.size_px
    return np.random.default_rng(n).integers(0, 256, (n, sidecar.piece, side, side, 3)).astype(np.uint8)


def changes(sidecar: Sidecar, bags: int) -> np.ndarray:
    size = (bags, sidecar.bag.ticks, sidecar.coordinates + 1)
    return np.random.default_rng(bags).normal(0, 0.1, size).astype(np.float32)


def test_every_size_of_batch_is_near_float64(engine: GpuEngine, shipped: tuple[Path, Sidecar]) -> None:
    n, exact = shipped[1].pieces, load_model(*shipped).double()
    crops = pieces(shipped[1], n + max(BUCKETS) + 1)
    windows = np.lib.stride_tricks.sliding_window_view(np.arange(len(crops)), n)
    with torch.inference_mode():
        features = torch.cat([exact.encode(torch.tensor(part)) for part in np.array_split(crops, 8)])
        rows = shipped[1].rows(features.numpy()[windows], changes(shipped[1], len(windows)))
        expected = exact.classify(torch.from_numpy(rows).double())
    for bags in (*BUCKETS, *(b + 1 for b in BUCKETS)):
        shifts = changes(shipped[1], len(windows))[:bags]
        logits, importance = engine.classify(engine.encode(crops[: bags + n - 1])[windows[:bags]], shifts)
        assert np.abs(logits - expected[0][:bags].numpy()).max() < 2e-2
        assert np.abs(importance - expected[1][:bags].numpy()).max() < 2e-2


def test_streaming_equals_whole_windows(engine: GpuEngine, shipped: tuple[Path, Sidecar]) -> None:
    n, crops = shipped[1].pieces, pieces(shipped[1], 60)
    one_by_one = np.concatenate([engine.encode(crops[i : i + 1]) for i in range(len(crops))])
    for start in range(0, len(crops) - n, 5):
        streamed = engine.classify(one_by_one[None, start : start + n])[0]
        whole = engine.classify(engine.encode(crops[start : start + n])[None])[0]
        assert np.abs(streamed - whole).max() < 1e-2


def test_memory_does_not_grow(engine: GpuEngine, shipped: tuple[Path, Sidecar]) -> None:
    n, crops = shipped[1].pieces, pieces(shipped[1], 64)
    free = []
    for tick in range(3000):
        faces = 1 + tick % 64
        features = engine.encode(crops[:faces])
        engine.classify(np.repeat(features[:, None], n, axis=1))
        if tick % 1000 == 500:
            free.append(torch.cuda.mem_get_info()[0])
    assert max(free) == min(free)


@pytest.mark.gpu
@pytest.mark.tensorrt
def test_a_warm_start_takes_five_seconds_at_most(
    shipped: tuple[Path, Sidecar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "default_folder", lambda: tmp_path)
    open_engine(*shipped, "tensorrt").close()
    started_s = time.monotonic()
    open_engine(*shipped, "tensorrt").close()
    assert time.monotonic() - started_s < 5.0
    for plan in tmp_path.glob("*.plan"):
        plan.write_bytes(plan.read_bytes()[: plan.stat().st_size // 2])
    open_engine(*shipped, "tensorrt").close()
