"""The TensorRT engine from plan to logits, with a double that ONNX Runtime drives in the place of the bindings."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.cpu.torch_engine import TorchEngine
from realtime_micacl.inference.engine import CLASSIFY, ENCODE_HALF
from realtime_micacl.inference.gpu import card, plans
from realtime_micacl.inference.sidecar import Sidecar, sha256
from tests.integration.gpu import paper_tensorrt
from tests.integration.gpu.test_choice import PAPER

MODULES = ("tensorrt", "realtime_micacl.inference.gpu.tensorrt_build", "realtime_micacl.inference.gpu.tensorrt_engine")


@pytest.fixture(autouse=True)
def tensorrt(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The double in the place of the bindings."""
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "tensorrt", paper_tensorrt)
    paper_tensorrt.BUILT.clear()
    yield paper_tensorrt
    for name in MODULES[1:]:
        sys.modules.pop(name, None)


def opened(folder: Path, sidecar: Sidecar, cache: Path, said: list[str] | None = None) -> Any:
    module = import_module("realtime_micacl.inference.gpu.tensorrt_engine")
    report = (said if said is not None else []).append
    return module.open_tensorrt(folder, sidecar, PAPER, device=torch.device("cpu"), cache=cache, report=report)


def pieces(sidecar: Sidecar, n: int) -> np.ndarray:
    side = sidecar.bag.size_px
    return np.random.default_rng(0).integers(0, 256, (n, sidecar.piece, side, side, 3)).astype(np.uint8)


def test_it_says_what_torch_says(shipped: tuple[Path, Sidecar], tmp_path: Path) -> None:
    n, own = shipped[1].pieces, TorchEngine(*shipped)
    engine = opened(*shipped, tmp_path)
    assert engine.device == "NVIDIA Paper 9000 (TensorRT 10.15.1.29)"
    crops = pieces(shipped[1], n + 10)  # a batch for either profile of the encoder
    for count in (n + 10, n):
        windows = np.lib.stride_tricks.sliding_window_view(np.arange(count), n)
        logits, importance = engine.classify(engine.encode(crops[:count])[windows])
        expected = own.classify(own.encode(crops[:count])[windows])
        assert np.abs(logits - expected[0]).max() < 1e-2
        assert np.abs(importance - expected[1]).max() < 1e-2
    engine.close()


def test_plans_are_built_once_and_said(shipped: tuple[Path, Sidecar], tmp_path: Path) -> None:
    said: list[str] = []
    opened(*shipped, tmp_path, said).close()
    assert paper_tensorrt.BUILT == ["crops", "features"]
    assert [line.split(" for this")[0] for line in said if "minutes" in line] == [
        "TensorRT 10.15.1.29 builds the encoder",
        "TensorRT 10.15.1.29 builds the head",
    ]
    said.clear()
    opened(*shipped, tmp_path, said).close()
    assert paper_tensorrt.BUILT == ["crops", "features"]
    assert not said
    assert len(list(tmp_path.glob("*.plan"))) == 2
    assert [f.read_bytes() for f in tmp_path.glob("timing-*.cache")] == [b"timed timed "], "the second learns from it"


@pytest.mark.fault("R12")
@pytest.mark.parametrize("what", ["version", "gpu", "graph"])
def test_another_version_gpu_or_graph_has_a_plan_of_its_own(
    shipped: tuple[Path, Sidecar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    folder, sidecar = shipped
    opened(folder, sidecar, tmp_path / "cache").close()
    machine = PAPER
    if what == "version":
        monkeypatch.setattr(paper_tensorrt, "__version__", "11.4.0.106")
    elif what == "gpu":
        machine = msgspec.structs.replace(PAPER, processors=66)
    else:
        folder = Path(shutil.copytree(folder, tmp_path / "engine"))
        for file in (ENCODE_HALF, CLASSIFY):
            (folder / file).write_bytes((folder / file).read_bytes() + b"\x72\x00")  # an empty field more
    module = import_module("realtime_micacl.inference.gpu.tensorrt_engine")
    module.open_tensorrt(folder, sidecar, machine, device=torch.device("cpu"), cache=tmp_path / "cache").close()
    assert len(list((tmp_path / "cache").glob("*.plan"))) == 4
    assert len(paper_tensorrt.BUILT) == 4


@pytest.mark.fault("R12")
def test_a_plan_that_is_refused_is_built_again_once(shipped: tuple[Path, Sidecar], tmp_path: Path) -> None:
    """A whole plan with the right label that TensorRT will not load, as after a change that its key does not see."""
    opened(*shipped, tmp_path).close()
    for plan in tmp_path.glob("*.plan"):
        label = json.loads(plan.with_suffix(".json").read_text())
        plan.write_bytes(b"of another kind")
        plan.with_suffix(".json").write_text(json.dumps(label | {"sha256": sha256(plan)}))
    opened(*shipped, tmp_path).close()
    assert len(paper_tensorrt.BUILT) == 4
    opened(*shipped, tmp_path).close()
    assert len(paper_tensorrt.BUILT) == 4


def test_timings_of_another_gpu_are_not_used(shipped: tuple[Path, Sidecar], tmp_path: Path) -> None:
    opened(*shipped, tmp_path).close()
    (timings,) = tmp_path.glob("timing-*.cache")
    timings.write_bytes(b"of another GPU")
    for plan in tmp_path.glob("*.plan"):
        plan.unlink()
    opened(*shipped, tmp_path).close()
    assert timings.read_bytes() == b"timed timed "


@pytest.mark.parametrize(
    ("sidecar_says", "message"),
    [
        ({"feature_size": 128}, "the sidecar says"),
        ({"piece": 4}, "the sidecar says"),
    ],
)
def test_a_sidecar_that_contradicts_its_graph_is_refused(
    shipped: tuple[Path, Sidecar], tmp_path: Path, sidecar_says: dict[str, Any], message: str
) -> None:
    folder, sidecar = shipped
    with pytest.raises(EngineError, match=message):
        opened(folder, msgspec.structs.replace(sidecar, **sidecar_says), tmp_path)


@pytest.mark.parametrize(
    ("file", "put", "message"),
    [
        (ENCODE_HALF, CLASSIFY, "takes and gives"),
        (ENCODE_HALF, None, "cannot read the graph of the encoder: this is no ONNX"),
    ],
)
def test_a_graph_that_is_not_ours_is_refused(
    shipped: tuple[Path, Sidecar], tmp_path: Path, file: str, put: str | None, message: str
) -> None:
    folder = Path(shutil.copytree(shipped[0], tmp_path / "engine"))
    (folder / file).write_bytes((folder / put).read_bytes() if put else b"not a graph")
    with pytest.raises(EngineError, match=message):
        opened(folder, shipped[1], tmp_path / "cache")


def fails(*_: object) -> None:
    """Build or load nothing."""


@pytest.fixture
def gpu_is_there(driver: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as the choice of an engine can tell; torch has none, so the CUDA engine is refused."""
    driver()
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setitem(card.PACKAGES, "tensorrt", ("torch",))
    monkeypatch.setattr(plans, "default_folder", lambda: tmp_path)


@pytest.mark.parametrize(("double", "method", "reason"), [
    (paper_tensorrt.Builder, "build_serialized_network", "cannot build the encoder"),
    (paper_tensorrt.Runtime, "deserialize_cuda_engine", "cannot load the plan"),
])  # fmt: skip
@pytest.mark.usefixtures("gpu_is_there")
def test_where_it_fails_the_next_best_goes_on_aloud(
    shipped: tuple[Path, Sidecar],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    double: type,
    method: str,
    reason: str,
) -> None:
    monkeypatch.setattr(double, method, fails)
    engine = open_engine(*shipped, "auto")
    assert isinstance(engine, OnnxEngine)
    said = [
        r.getMessage() for r in caplog.records if r.levelno == logging.WARNING and "trying the next" in r.getMessage()
    ]
    assert len(said) == 2, "one line for TensorRT, one for CUDA"
    assert reason in said[0]
    with pytest.raises(EngineError):
        open_engine(*shipped, "tensorrt")
    engine.close()


def test_a_gpu_without_memory_for_a_batch_is_an_engine_error(
    shipped: tuple[Path, Sidecar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper_tensorrt.ICudaEngine, "create_execution_context", fails)
    with pytest.raises(EngineError, match="no memory for a batch of 1"):
        opened(*shipped, tmp_path)


def test_a_run_that_is_refused_is_an_engine_error(
    shipped: tuple[Path, Sidecar], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper_tensorrt.IExecutionContext, "execute_async_v3", lambda *_: False)
    engine = opened(*shipped, tmp_path)
    with pytest.raises(EngineError, match="could not run a batch of 2"):
        engine.encode(pieces(shipped[1], 2))
