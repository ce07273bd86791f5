"""What `doctor --tensorrt` and `export --tensorrt` do where there is a GPU, and where there is none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.cpu.torch_engine import load_model
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.gpu import self_check
from realtime_micacl.inference.gpu.cuda_engine import TorchNetwork
from realtime_micacl.inference.gpu.gpu_engine import GpuEngine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.installed import install_command
from tests.integration.gpu.conftest import UNUSABLE

CPU = torch.device("cpu")


@pytest.fixture
def on_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CUDA engine without CUDA; and in single precision, because a processor is slow in half."""

    def opened(kind: str, folder: Path, sidecar: Sidecar) -> Engine:
        return GpuEngine(TorchNetwork(load_model(folder, sidecar), CPU, f"{kind} on paper", half=False), sidecar, CPU)

    monkeypatch.setattr(self_check, "open_on_gpu", opened)


@pytest.mark.usefixtures("on_processor")
def test_an_engine_that_is_near_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert self_check.main("cuda", str(default_engine())) == 0
    said = capsys.readouterr().out
    assert said.startswith("cuda on paper, open in ")
    assert float(said.split()[-1]) < self_check.NEAR


@pytest.mark.usefixtures("on_processor")
def test_an_engine_that_is_far_off_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = GpuEngine.classify

    def wrong(self: GpuEngine, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, importance = real(self, features)
        return logits + 0.1, importance

    monkeypatch.setattr(GpuEngine, "classify", wrong)
    with pytest.raises(EngineError, match=r"cuda on paper is 0\.1.* from ONNX Runtime's logits"):
        self_check.checked("cuda", *read_sidecar(default_engine()))


def doctor() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "realtime_micacl", "doctor", "--tensorrt"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("faults", "line", "mark", "said"),
    [
        ({"DEVICES": 0}, "gpu", "-", "no NVIDIA GPU, or no driver for it"),
        ({"INIT": 999}, "gpu", "MISSING", "CUDA_ERROR_UNKNOWN"),
        ({}, "try cuda" if torch.version.cuda else "cuda", "MISSING", UNUSABLE),
        ({}, "tensorrt", "-", f"not installed; for --device tensorrt: {install_command('tensorrt')}"),
        ({}, "tensorrt-rtx", "-", "runs on GPUs of compute capability 8.6, 8.9 and from 12.0 on"),
    ],
)
def test_doctor_says_why_there_is_no_tensorrt(
    driver: Callable[..., None], faults: dict[str, int], line: str, mark: str, said: str
) -> None:
    driver(**faults)
    done = doctor()
    found = {text[8:20].strip(): (text[:8].strip(), text[21:]) for text in done.stdout.splitlines()}
    assert found[line][0] == mark
    assert said in found[line][1]
    assert "engine" not in found, "the rest of the machine was not asked about"
    assert done.returncode == 4
    assert (
        done.stderr
        == "realtime-micacl: neither TensorRT nor TensorRT for RTX can be used here; the lines above say why\n"
    )


def test_a_check_in_its_own_process_ends_in_words(driver: Callable[..., None], tmp_path: Path) -> None:
    driver(DEVICES=0)
    engine = shutil.copytree(default_engine(), tmp_path / "engine")
    command = [sys.executable, "-m", "realtime_micacl.inference.gpu.self_check", "cuda", str(engine)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (4, "")
    assert done.stdout.startswith("--device cuda: the driver shows no NVIDIA GPU here")
