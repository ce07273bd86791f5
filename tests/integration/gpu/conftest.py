"""A driver to ask where there is none, compiled by the tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent
UNUSABLE = "can use no GPU here" if torch.version.cuda else "torch is installed without CUDA"
"""What is said of a GPU that is made of paper, by which build of torch is installed."""


def compiled(source: Path, library: Path, *flags: str) -> Path:
    """Make a shared library of a C file; gcc is among what scripts/test installs."""
    library.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", *flags, str(source), "-o", str(library)], check=True, timeout=60)
    return library


@pytest.fixture(scope="session")
def driver_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("driver")
    compiled(HERE / "driver.c", folder / "libcuda.so.1")
    return folder


@pytest.fixture
def driver(driver_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put the driver where the next process finds it, with what is wrong with it."""

    def install(**faults: int) -> None:
        before = os.environ.get("LD_LIBRARY_PATH")
        monkeypatch.setenv("LD_LIBRARY_PATH", f"{driver_folder}:{before}" if before else str(driver_folder))
        for name, value in faults.items():
            monkeypatch.setenv(f"DRIVER_{name}", str(value))

    return install
