"""The GPU engine's use of CUDA, with doubles in the place of streams, events and graphs.

A graph of these doubles records what torch is asked to compute while it is captured and does just that again when it
is replayed, on the same buffers. So what a real graph could not hold shows here too: a result that is looked at in
between, a buffer that moved, a value that Python put in. It says nothing about what a GPU makes of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from realtime_micacl.inference.cpu.torch_engine import TorchEngine, load_model
from realtime_micacl.inference.gpu import gpu_engine
from realtime_micacl.inference.gpu.cuda_engine import TorchNetwork
from realtime_micacl.inference.gpu.gpu_engine import UPLOADS, GpuEngine
from realtime_micacl.inference.gpu.ring import BUCKETS
from realtime_micacl.inference.sidecar import Sidecar

LOOKS = ("_local_scalar_dense", "nonzero", "equal")  # what makes the processor wait


class Recorder(TorchDispatchMode):
    """Notes every operation."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        assert not any(name in str(func) for name in LOOKS), f"{func} cannot be captured"
        out = func(*args, **(kwargs or {}))
        self.done.append((func, args, kwargs or {}, out))
        return out


class Graph:
    """Does again what was recorded; results of one operation reach the next, buffers stay where they are."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, Any, Any, Any]] = []
        self.replays = 0

    def replay(self) -> None:
        self.replays += 1
        new: dict[int, torch.Tensor] = {}

        def current(value: Any) -> Any:
            return new.get(id(value), value) if isinstance(value, torch.Tensor) else value

        for func, args, kwargs, before in self.done:
            out = func(*tree_map(current, args), **tree_map(current, kwargs))
            new |= {id(old): made for old, made in zip(tree_leaves(before), tree_leaves(out), strict=True)}


class Event:
    """Counts; an upload must not touch its memory before the one that used it was read."""

    def __init__(self) -> None:
        self.recorded = self.waited = 0

    def record(self) -> None:
        assert self.waited == self.recorded + 1, "its memory was overwritten unread"
        self.recorded += 1

    def synchronize(self) -> None:
        self.waited += 1


class Cuda:
    """As much of torch.cuda as the GPU engine uses."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.inside = 0
        self.waits = 0
        self.uploads: list[Event] = []

    def Stream(self, device: Any) -> Any:
        return SimpleNamespace(synchronize=self._wait)

    def _wait(self) -> None:
        self.waits += 1

    @contextmanager
    def stream(self, stream: Any) -> Iterator[None]:
        self.inside += 1
        yield
        self.inside -= 1

    def Event(self) -> Event:
        self.uploads.append(Event())
        return self.uploads[-1]

    def CUDAGraph(self) -> Graph:
        self.graphs.append(Graph())
        return self.graphs[-1]

    def graph_pool_handle(self) -> str:
        return "pool"

    @contextmanager
    def graph(self, graph: Graph, *, pool: str, stream: Any, capture_error_mode: str) -> Iterator[None]:
        assert self.inside
        assert (pool, capture_error_mode) == ("pool", "thread_local")
        with Recorder() as recorder:
            yield
        graph.done = recorder.done


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    """Torch as the GPU engine sees it, with memory of the processor in the place of the GPU's."""

    def zeros(*shape: Any, device: Any = None, pin_memory: bool = False, **rest: Any) -> torch.Tensor:
        return torch.zeros(*shape, **rest)

    double = Cuda()
    names = ("Tensor", "inference_mode", "index_select", "from_numpy", "uint8", "int64", "device")
    seen = SimpleNamespace(cuda=double, zeros=zeros, **{name: getattr(torch, name) for name in names})
    monkeypatch.setattr(gpu_engine, "torch", seen)
    return double


def test_replayed_graphs_read_new_crops(cuda: Cuda, shipped: tuple[Path, Sidecar], monkeypatch: Any) -> None:
    monkeypatch.setattr(gpu_engine, "BUCKETS", BUCKETS[:4])  # larger ones take long on a processor
    sidecar, own = shipped[1], TorchEngine(*shipped)
    network = TorchNetwork(load_model(*shipped), torch.device("cpu"), "paper", half=False)
    engine = GpuEngine(network, sidecar, SimpleNamespace(type="cuda"))  # type: ignore[arg-type]
    assert len(cuda.graphs) == 2 * 4
    side, n = sidecar.bag.size_px, sidecar.pieces
    for seed, count in enumerate((1, 3, 8, 5)):
        crops = np.random.default_rng(seed).integers(0, 256, (count, 1, side, side, 3)).astype(np.uint8)
        waits = cuda.waits
        logits, importance = engine.classify(np.repeat(engine.encode(crops)[:, None], n, axis=1))
        assert cuda.waits == waits + 1, "one wait a tick, for the result"
        expected = own.classify(np.repeat(own.encode(crops)[:, None], n, axis=1))
        assert np.abs(logits - expected[0]).max() < 1e-4
        assert np.abs(importance - expected[1]).max() < 1e-4
    assert [graph.replays for graph in cuda.graphs] == [1, 0, 1, 2] * 2
    assert len(cuda.uploads) == UPLOADS
    assert [event.recorded for event in cuda.uploads] == [2, 1, 1], "uploads take turns"
    engine.close()
    assert cuda.inside == 0


def test_the_doubles_promise_what_torch_has() -> None:
    for name in ("Stream", "stream", "Event", "CUDAGraph", "graph_pool_handle", "graph", "current_stream"):
        assert hasattr(torch.cuda, name)
    for kind, method in (
        (torch.cuda.Stream, "synchronize"),
        (torch.cuda.Event, "record"),
        (torch.cuda.CUDAGraph, "replay"),
    ):
        assert hasattr(kind, method)
    taken = inspect.signature(torch.cuda.graph.__init__).parameters
    assert {"pool", "stream", "capture_error_mode"} <= set(taken)
