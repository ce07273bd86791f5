"""A GPU that is lost while the program runs: the analysis is started again, on what is left."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from realtime_micacl.devices import Device
from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.cpu.torch_engine import load_model
from realtime_micacl.inference.gpu import choice
from realtime_micacl.inference.gpu.card import Gpu
from realtime_micacl.inference.gpu.cuda_engine import TorchNetwork
from realtime_micacl.inference.gpu.gpu_engine import GpuEngine, Step
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.live.pipeline import Recognizer
from realtime_micacl.live.supervision import Failures, SupervisedStage
from realtime_micacl.types import Bag

CPU = torch.device("cpu")


class Failing(TorchNetwork):
    """Runs a few batches, then raises what torch does when a GPU falls off the bus."""

    left = 3

    def head(self, bags: Tensor, logits: Tensor, importance: Tensor) -> Step:
        step = super().head(bags, logits, importance)

        def until_lost() -> None:
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("CUDA error: unspecified launch failure")
            step()

        return until_lost


@pytest.fixture
def lost(driver: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that opens once."""
    driver()
    opened: list[GpuEngine] = []

    def open_once(kind: str, found: Gpu, folder: Path, sidecar: Sidecar) -> GpuEngine:
        if opened:
            raise EngineError(f"{kind} cannot run the engine: CUDA error: unspecified launch failure")
        network = Failing(load_model(folder, sidecar), CPU, "paper", half=False)
        opened.append(GpuEngine(network, sidecar, CPU))
        return opened[0]

    monkeypatch.setattr(choice, "_opened", open_once)


def run(device: Device, seconds: float) -> tuple[list[str], Failures]:
    """Read one still face for a while; return the engines that read it, each once."""
    folder, sidecar = read_sidecar(default_engine())
    spec, engines = sidecar.bag, []

    def opened() -> Recognizer:
        engine = open_engine(folder, sidecar, device)
        engines.append("processor" if isinstance(engine, OnnxEngine) else "GPU")
        return Recognizer(engine, sidecar, smoothing_s=0.0)

    assert sidecar.shape is not None
    shapes = np.tile(np.array(sidecar.shape.mean, np.float32), (spec.ticks, 1))
    failures, read = Failures("recognize"), []
    crops = np.zeros((spec.instances, spec.frames, spec.size_px, spec.size_px, 3), np.uint8)
    with SupervisedStage(opened, failures) as half:
        until_s, tick = time.monotonic() + seconds, 100
        while time.monotonic() < until_s and not failures.final and read.count("processor") < 5:
            bag = Bag(1, tick, crops, tick / 10 - 1, tick / 10, 1.0, 1.0, shapes)
            if half.attempt(lambda r, bag=bag: r.recognize([bag])):  # type: ignore[misc]
                read.append(engines[-1])
            tick += 1
    return read, failures


@pytest.mark.usefixtures("lost")
def test_the_processor_goes_on_aloud(caplog: pytest.LogCaptureFixture) -> None:
    read, failures = run("auto", 60.0)
    assert read == ["GPU"] * 3 + ["processor"] * 5
    assert failures.count == 1
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert any("trying the next engine" in line for line in said)


@pytest.mark.usefixtures("lost")
def test_a_gpu_asked_for_by_name_is_not_replaced() -> None:
    read, failures = run("cuda", 60.0)
    assert read == ["GPU"] * 3
    assert failures.final is not None
    assert "unspecified launch failure" in str(failures.final)
