"""Checks the GPU, and which engines can run on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version

from realtime_micacl.doctor.finding import Finding, run
from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.gpu.card import KINDS, Gpu, Kind, check, missing, probe, rtx, suits
from realtime_micacl.installed import install_command

MODULES: dict[Kind, tuple[str, ...]] = {
    "tensorrt": ("torch", "tensorrt"),
    "tensorrt-rtx": ("onnxruntime", "onnxruntime_ep_nv_tensorrt_rtx"),
    "cuda": ("torch",),
}
CHECK_TIMEOUT_S = 3600  # TensorRT may take long to build an engine


def gpu() -> Iterator[Finding]:
    """Find an NVIDIA GPU and the engines that it can run."""
    try:
        found = probe()
    except EngineError as error:
        yield Finding("gpu", False, str(error))
        return
    if found is None:
        yield Finding("gpu", None, "no NVIDIA GPU, or no driver for it; the engine runs on the processor")
        return
    yield Finding("gpu", True, str(found))
    for kind in KINDS:
        absent = missing(kind)
        yield (
            Finding(kind, None, f"{absent} is not installed; for --device {kind}: {install_command(kind)}")
            if absent
            else _fits(kind, found)
        )


def tensorrt() -> Iterator[Finding]:
    """Check the GPU, then run the default engine with each kind that fits and compare, in a process of its own."""
    findings = list(gpu())
    yield from findings
    for kind in [f.subject for f in findings if f.subject in KINDS and f.good]:
        command = [sys.executable, "-m", "realtime_micacl.inference.gpu.self_check", kind, str(default_engine())]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=CHECK_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            yield Finding(f"try {kind}", False, f"no answer within {CHECK_TIMEOUT_S} s")
            continue
        text = done.stdout.strip() or f"the process ended with exit code {done.returncode}"
        yield Finding(f"try {kind}", not done.returncode, text)


def _fits(kind: Kind, found: Gpu) -> Finding:
    """Check whether GPU, driver, memory and installed packages fit together."""
    made_for = ""
    try:
        if kind == "tensorrt-rtx":
            found = rtx(found)
        else:
            made_for = run([sys.executable, "-c", "import torch; print(torch.version.cuda or '')"]).stdout.strip()
        check(kind, found, made_for or None)
    except EngineError as error:
        return Finding(kind, False if suits(kind, found) else None, str(error))
    names = dict.fromkeys(name for module in MODULES[kind] for name in packages_distributions()[module])
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return Finding(kind, True, f"--device {kind} fits: {versions}" + (f", CUDA {made_for}" if made_for else ""))
