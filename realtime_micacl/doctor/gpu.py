"""Looks at the GPU, and at the engines that could run on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version

from realtime_micacl.doctor.finding import Finding, answer
from realtime_micacl.errors import EngineError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.gpu.card import KINDS, Gpu, Kind, check, missing, probe, rtx, suits
from realtime_micacl.installed import install_command

RUNS_ON: dict[Kind, tuple[str, ...]] = {
    "tensorrt": ("torch", "tensorrt"),
    "tensorrt-rtx": ("onnxruntime", "onnxruntime_ep_nv_tensorrt_rtx"),
    "cuda": ("torch",),
}
CHECK_TIMEOUT_S = 3600  # TensorRT may build for a long time


def gpu() -> Iterator[Finding]:
    """Look for an NVIDIA GPU and which engine it could run."""
    try:
        found = probe()
    except EngineError as error:
        yield Finding("gpu", False, str(error))
        return
    if found is None:
        yield Finding("gpu", None, "no NVIDIA driver, or no GPU; the engine runs on the processor")
        return
    yield Finding("gpu", True, str(found))
    for kind in KINDS:
        absent = missing(kind)
        mend = f"{absent} not installed; for --device {kind}: {install_command(kind)}"
        yield Finding(kind, None, mend) if absent else _fits(kind, found)


def tensorrt() -> Iterator[Finding]:
    """Look at the GPU, then open the default engine on it and compare, each in a process of its own."""
    findings = list(gpu())
    yield from findings
    for kind in [f.subject for f in findings if f.subject in KINDS and f.good]:
        command = [sys.executable, "-m", "realtime_micacl.inference.gpu.self_check", kind, str(default_engine())]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=CHECK_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            yield Finding(f"try {kind}", False, f"no answer within {CHECK_TIMEOUT_S} s")
            continue
        said = done.stdout.strip() or f"the process ended with {done.returncode}"
        yield Finding(f"try {kind}", not done.returncode, said)


def _fits(kind: Kind, found: Gpu) -> Finding:
    """Say whether the GPU, the driver, the memory and what is installed go together."""
    made_for = ""
    try:
        if kind == "tensorrt-rtx":
            found = rtx(found)
        else:
            made_for = answer([sys.executable, "-c", "import torch; print(torch.version.cuda or '')"]).stdout.strip()
        check(kind, found, made_for or None)
    except EngineError as error:
        return Finding(kind, False if suits(kind, found) else None, str(error))
    names = dict.fromkeys(name for module in RUNS_ON[kind] for name in packages_distributions()[module])
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return Finding(kind, True, f"--device {kind} fits: {versions}" + (f", CUDA {made_for}" if made_for else ""))
