"""Which engine runs: what the driver says, what is missing, and what is said of it.

The driver is a small library of our own; nothing here touches a GPU.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import open_engine
from realtime_micacl.inference.cpu.onnx_engine import OnnxEngine
from realtime_micacl.inference.engine import ENCODE_HALF, WEIGHTS
from realtime_micacl.inference.gpu import card
from realtime_micacl.inference.gpu.card import Gpu, check, probe
from realtime_micacl.inference.sidecar import Sidecar

Driver = Callable[..., None]
PAPER = Gpu(
    name="NVIDIA Paper 9000",
    capability=(9, 0),
    capabilities=((9, 0),),
    processors=132,
    memory_bytes=16 << 30,
    free_bytes=15000 << 20,
    cuda=(13, 0),
    driver="",
)


def test_the_driver_is_asked_in_a_process_of_its_own(driver: Driver) -> None:
    driver()
    found = probe()
    assert found is not None
    assert msgspec.structs.replace(found, driver="") == PAPER
    assert str(found).startswith("NVIDIA Paper 9000, 132 multiprocessors of 9.0, 14.6 of 16.0 GiB free, driver")
    loaded = Path("/proc/self/maps").read_text()
    assert "libcuda.so" not in loaded, "this process never loads the driver for a question"


@pytest.mark.parametrize("faults", [{"INIT": 100}, {"DEVICES": 0}])
def test_no_device_is_no_fault(driver: Driver, faults: dict[str, int]) -> None:
    driver(**faults)
    assert probe() is None


def test_without_a_driver_no_program_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr(subprocess, "run", refused)
    monkeypatch.setenv("LD_LIBRARY_PATH", f":{tmp_path}")
    monkeypatch.setattr(card, "SIGNS", ("/dev/no-such-device",))
    assert probe() is None
    monkeypatch.setattr(card, "SIGNS", ("/dev/null",))
    with pytest.raises(AssertionError, match="a program was started"):
        probe()


def test_no_driver_is_no_fault() -> None:
    code = "import sys; sys.platform = 'darwin'; import runpy; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    command = [sys.executable, "-c", code, card.__file__.replace("card.py", "ask_cuda.py"), "0"]
    asked = subprocess.run(command, capture_output=True, text=True)
    assert (asked.returncode, asked.stdout) == (0, "{}")


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"INIT": 999}, r"CUDA_ERROR_UNKNOWN \(999\)"),
        ({"INIT": 803}, r"\(803\)"),
        ({"TOTAL": 999}, r"the driver gives CUDA_ERROR_UNKNOWN"),
        ({"CRASHES": 1}, "signal 11"),
        ({"HANGS_S": 30}, "no answer within 1 s"),
    ],
)
def test_a_broken_driver_is_an_error_in_words(driver: Driver, faults: dict[str, int], said: str) -> None:
    driver(**faults)
    with pytest.raises(EngineError, match=said):
        probe(timeout_s=1.0 if "HANGS_S" in faults else 20.0)


def test_a_full_gpu_has_no_free_memory(driver: Driver) -> None:
    driver(CONTEXT=2)
    found = probe()
    assert found is not None
    assert found.free_bytes == 0


@pytest.mark.parametrize(
    ("change", "made_for", "said"),
    [
        ({"cuda": (12, 4)}, "13.0", r"needs a driver for CUDA 13 \(torch 13.0\); update it: found .* for CUDA 12.4"),
        ({"free_bytes": 300 << 20}, "13.0", "1 GiB of free memory are needed, found .* 0.3 of 16.0 GiB free"),
        ({}, None, "torch is installed without CUDA"),
    ],
)
def test_what_does_not_fit_is_said_with_what_mends_it(change: dict, made_for: str | None, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        check("cuda", msgspec.structs.replace(PAPER, **change), made_for)
    check("cuda", PAPER, "13.0")
    check("cuda", PAPER, "12.6")
    with pytest.raises(EngineError, match="needs a driver for CUDA 13"):
        check("tensorrt", msgspec.structs.replace(PAPER, cuda=(12, 8)), "12.6")


def test_without_a_gpu_auto_is_the_processor_and_silent(
    driver: Driver, shipped: tuple[Path, Sidecar], caplog: pytest.LogCaptureFixture
) -> None:
    driver(DEVICES=0)
    engine = open_engine(*shipped, "auto")
    assert isinstance(engine, OnnxEngine)
    assert not caplog.records
    engine.close()


@pytest.mark.parametrize("faults", [{"CRASHES": 1}, {"CUDA": 11040}, {"FREE_MIB": 100}, {}])
def test_a_gpu_that_cannot_be_used_is_said_and_the_processor_goes_on(
    driver: Driver,
    shipped: tuple[Path, Sidecar],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    faults: dict[str, int],
) -> None:
    """Without a fault, torch itself finds that this GPU is made of paper."""
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    driver(**faults)
    engine = open_engine(*shipped, "auto")
    assert isinstance(engine, OnnxEngine)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(said) == 1
    assert any(word in said[0] for word in ("signal 11", "CUDA 11.4", "0.1 of", "can use no GPU"))
    engine.close()


def test_a_device_asked_for_by_name_is_never_replaced(driver: Driver, shipped: tuple[Path, Sidecar]) -> None:
    folder, sidecar = shipped
    driver(DEVICES=0)
    with pytest.raises(EngineError, match="shows no NVIDIA GPU here; run `realtime-micacl doctor --tensorrt`"):
        open_engine(folder, sidecar, "cuda")
    bare = msgspec.structs.replace(sidecar, files={"encode.onnx": "0" * 64})
    for device, file in (("cuda", WEIGHTS), ("tensorrt", ENCODE_HALF), ("tensorrt-rtx", ENCODE_HALF)):
        with pytest.raises(EngineError, match=f"--device {device} needs {file}"):
            open_engine(folder, bare, device)  # type: ignore[arg-type]


def test_a_package_that_is_missing_is_named(
    driver: Driver, shipped: tuple[Path, Sidecar], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(card.PACKAGES, "tensorrt", ("no_such_package", "torch"))
    driver()
    with pytest.raises(EngineError, match=r"needs no_such_package: .*pip install .*\[tensorrt\]"):
        open_engine(*shipped, "tensorrt")


def test_the_command_ends_with_code_4_or_goes_on(driver: Driver) -> None:
    driver(CUDA=11040)
    command = [sys.executable, "-m", "realtime_micacl", "--source", "demo", "--offline", "--device", "cuda"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 4
    made_for = torch.version.cuda
    why = "needs a driver for CUDA " + made_for.split(".")[0] if made_for else "torch is installed without CUDA"
    assert done.stderr.startswith("realtime-micacl: cuda") and why in done.stderr
    assert len(done.stderr.splitlines()) == 1
