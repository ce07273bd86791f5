"""Finds the GPU, and tells which kinds of engines can run on it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.inference.engine import CLASSIFY, ENCODE_HALF, WEIGHTS
from realtime_micacl.installed import own_python

log = logging.getLogger(__name__)

Kind = Literal["tensorrt", "tensorrt-rtx", "cuda"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The fastest first."""
PROBE_TIMEOUT_S = 20.0
PACKAGES_CUDA = 13  # the major version of CUDA that the packages of both TensorRT extras are made for
SIGNS = ("/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg", "/dev/nvmap")  # Linux, WSL, Jetson
NEEDS: dict[Kind, tuple[str, ...]] = {
    "tensorrt": (ENCODE_HALF, CLASSIFY),
    "tensorrt-rtx": (ENCODE_HALF, CLASSIFY),
    "cuda": (WEIGHTS,),
}
PACKAGES: dict[Kind, tuple[str, ...]] = {
    "tensorrt": ("tensorrt", "torch"),
    "tensorrt-rtx": ("onnxruntime_ep_nv_tensorrt_rtx",),
    "cuda": ("torch", "safetensors", "einops"),
}
MEMORY_BYTES: dict[Kind, int] = {  # libraries, context and, once, the builder
    "tensorrt": 2 << 30,
    "tensorrt-rtx": 1 << 30,
    "cuda": 1 << 30,
}
MEND = "run `realtime-micacl doctor --tensorrt`, or use --device cpu"


class Gpu(Struct, frozen=True, kw_only=True):
    """What the driver says of the first GPU."""

    name: str
    capability: tuple[int, int]
    capabilities: tuple[tuple[int, int], ...]
    """Of all GPUs, in the driver's order."""
    processors: int
    memory_bytes: int
    free_bytes: int
    cuda: tuple[int, int]
    """The newest CUDA that the driver supports."""
    driver: str
    """Its own version; empty if it is not known."""

    def __str__(self) -> str:
        """Return all of it, for people."""
        driver = f"driver {self.driver or 'of unknown version'} for CUDA {self.cuda[0]}.{self.cuda[1]}"
        free = f"{self.free_bytes / 2**30:.1f} of {self.memory_bytes / 2**30:.1f} GiB free"
        kind = f"{self.processors} multiprocessors of {self.capability[0]}.{self.capability[1]}"
        return f"{self.name}, {kind}, {free}, {driver}"


def probe(timeout_s: float = PROBE_TIMEOUT_S, number: int = 0) -> Gpu | None:
    """Ask the driver for GPU `number`, in a process of its own; None without a driver or a GPU.

    This comes before anything else of CUDA: without a GPU, TensorRT's objects end their process. Raise EngineError if
    the driver is broken.
    """
    if not _driver_is_there():
        return None
    try:
        command = [own_python(), "-I", "-S", str(Path(__file__).with_name("ask_cuda.py")), str(number)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    except ConfigError as cause:
        raise EngineError(f"the NVIDIA driver cannot be asked: {cause}; use --device cpu") from None
    except subprocess.TimeoutExpired:
        raise EngineError(f"the NVIDIA driver gave no answer within {timeout_s:g} s; restart the machine") from None
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or [f"signal {-done.returncode}"]
        raise EngineError(
            f"asking the NVIDIA driver ended in {reason[0]}; install the driver again, or use --device cpu"
        )
    facts = msgspec.json.decode(done.stdout)
    if not facts:
        return None
    if "fault" in facts:
        raise EngineError(f"the NVIDIA driver fails: {facts['fault']}; install it again, or use --device cpu")
    return msgspec.convert(facts, Gpu)


def _driver_is_there() -> bool:
    """Say whether there may be a driver; most machines have none, and need not start a process to find out."""
    folders = [folder for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    signs = [*SIGNS, *(f"{folder}/libcuda.so.1" for folder in folders)]
    return sys.platform == "win32" or any(Path(sign).exists() for sign in signs)


def missing(kind: Kind) -> str:
    """Return the names of the packages that are not installed, separated by commas."""
    return ", ".join(name for name in PACKAGES[kind] if find_spec(name) is None)


def suits(kind: Kind, gpu: Gpu) -> bool:
    """Say whether this kind of engine supports such GPUs at all."""
    return kind != "tensorrt-rtx" or any(_is_rtx(capability) for capability in gpu.capabilities)


def rtx(gpu: Gpu) -> Gpu:
    """Return the first GPU that TensorRT for RTX supports; raise EngineError if there is none."""
    for number, capability in enumerate(gpu.capabilities):
        if _is_rtx(capability):
            return (probe(number=number) if number else None) or gpu
    found = ", ".join(f"{major}.{minor}" for major, minor in gpu.capabilities)
    raise EngineError(
        "tensorrt-rtx runs on GPUs of compute capability 8.6, 8.9 and from 12.0 on (RTX 30, 40, 50), here there is "
        f"{found}; use --device tensorrt, cuda or cpu"
    )


def _is_rtx(capability: tuple[int, int]) -> bool:
    return capability in ((8, 6), (8, 9)) or capability >= (12, 0)


def check(kind: Kind, gpu: Gpu, made_for: str | None) -> None:
    """Raise EngineError if the GPU is too full, or the driver too old for the CUDA that torch is `made_for`.

    TensorRT for RTX needs no torch.
    """
    needed, why = PACKAGES_CUDA, ""
    if kind != "tensorrt-rtx":
        if made_for is None:
            mend = f"pip install --force-reinstall torch, or {MEND}"
            raise EngineError(f"{kind}: torch is installed without CUDA; {mend}")
        own, why = int(made_for.split(".")[0]), f" (torch {made_for})"
        needed = max(own, PACKAGES_CUDA) if kind == "tensorrt" else own
    if gpu.cuda[0] < needed:
        raise EngineError(f"{kind} needs a driver for CUDA {needed}{why}; update it: found {gpu}")
    if gpu.free_bytes < MEMORY_BYTES[kind]:
        room = f"{MEMORY_BYTES[kind] / 2**30:.0f} GiB of free memory are needed"
        raise EngineError(f"{kind}: {room}, found {gpu}; close what uses the GPU, or use --device cpu")
