"""`realtime-micacl doctor`: say what this machine has, what is missing, and what to do about it."""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from time import perf_counter

import numpy as np
import psutil

from realtime_micacl import __version__
from realtime_micacl.errors import EngineError, MicaclError
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.gpu.card import KINDS, Gpu, Kind, check, missing, probe, rtx, suits
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.installed import install_command
from realtime_micacl.types import State

HEADLESS = ("opencv-python", "av", "onnxruntime", "numpy", "protobuf")
REPORTED = (*HEADLESS, "opencv-contrib-python", "PyQt6")
RUNS_ON: dict[Kind, tuple[str, ...]] = {
    "tensorrt": ("torch", "tensorrt"),
    "tensorrt-rtx": ("onnxruntime", "onnxruntime_ep_nv_tensorrt_rtx"),
    "cuda": ("torch",),
}
NEEDED = ("system", "packages", "display", "detector", "engine")  # by the main job
ANSWER_TIMEOUT_S = 30
CHECK_TIMEOUT_S = 3600  # TensorRT may build for a long time


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    good: bool | None
    """None: absent, and nothing needs it."""
    said: str


def main(argv: Sequence[str]) -> None:
    """Run the verb; raise EngineError where the main job cannot run."""
    p = argparse.ArgumentParser(prog="realtime-micacl doctor", description="Report what this machine lacks.")
    p.add_argument("--metrics", metavar="[HOST:]PORT", help="check the session whose metrics are served there")
    p.add_argument("--headless", action="store_true", help="leave out what only a window needs")
    p.add_argument("--tensorrt", action="store_true", help="try the GPU: open the engine on it and compare")
    arguments = p.parse_args(argv)
    marks = {True: "ok     ", False: "MISSING", None: "-      "}
    looks: list[Callable[[], Iterator[Finding]]] = [system, packages, display, cameras, detector, engine, gpu, outlets]
    if arguments.headless:
        looks[1:3] = [lambda: packages(HEADLESS)]
    if arguments.tensorrt:
        looks = [system, tensorrt]
    findings = session(arguments.metrics) if arguments.metrics else (finding for look in looks for finding in look())
    found: dict[str, bool | None] = {}
    for f in findings:
        found[f.subject] = f.good and found.get(f.subject, True)
        sys.stdout.write(f"{marks[f.good]} {f.subject:<12} {f.said}\n")
        sys.stdout.flush()
    if absent := [subject for subject in NEEDED if found.get(subject) is False]:
        hint = "; to check for use without a window: doctor --headless" if absent == ["display"] else ""
        raise EngineError(f"the program cannot run here: no {' and no '.join(absent)}, see MISSING above{hint}")
    if arguments.tensorrt and not (found.get("try tensorrt") or found.get("try tensorrt-rtx")):
        raise EngineError("neither TensorRT nor TensorRT for RTX can be used here; the lines above say why")


def session(where: str) -> Iterator[Finding]:
    """Look at what runs: a session, or several."""
    from realtime_micacl.programs.monitor import asked

    for source, found in asked(where).items():
        if source:
            yield Finding("source", True, source)
        if "faces" in found:
            yield from _figures(found)
        for outlet in (name.partition(" ")[2] for name in found if name.startswith("outlet_away ")):
            away, dropped = found[f"outlet_away {outlet}"], found[f"outlet_dropped_total {outlet}"]
            yield Finding("outlet", not away, f"{outlet}{' reaches nobody' if away else ''}, {dropped:.0f} dropped")


def _figures(found: dict[str, float]) -> Iterator[Finding]:
    """Look at the figures of a session."""
    state = next(name for name in State if found[f"state {name}"])
    tries = f", attempt {found['attempt']:.0f}" if found["attempt"] else ""
    yield Finding("state", state in (State.LIVE, State.NO_FACE), f"{state}{tries}, {found['faces']:.0f} faces")
    counts = ("captured", "analysed", "dropped", "damaged")
    said = ", ".join(f"{found[f'frames_{name}_total']:.0f} {name}" for name in counts)
    yield Finding("frames", True, f"{said}; {found['readings_total']:.0f} readings")
    again = {name: found[f"changes_total {name}"] for name in (State.RECONNECTING, State.STALLED)}
    failures = sum(found[f"failures_total {stage}"] for stage in ("perceive", "recognize"))
    said = ", ".join(f"{count:.0f} times {name}" for name, count in again.items())
    yield Finding("faults", not failures, f"{said}; analysis started again {failures:.0f} times")


def system() -> Iterator[Finding]:
    """Look at the machine and the Python."""
    good = (3, 11) <= sys.version_info[:2] <= (3, 14)
    memory_gb = psutil.virtual_memory().total / 1e9
    said = f"realtime-micacl {__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield Finding("system", good, said + ("" if good else "; Python 3.11 to 3.14 is needed"))
    yield Finding("processor", True, f"{os.cpu_count()} cores, {memory_gb:.0f} GB memory, {platform.machine()}")


def packages(needed: Sequence[str] = REPORTED) -> Iterator[Finding]:
    """Look at what the program is built on, and whether what is needed is there."""
    found: dict[str, str] = {}
    for name in REPORTED:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    yield Finding("packages", True, ", ".join(map(" ".join, found.items())))
    if missing := [name for name in needed if name not in found]:
        yield Finding("packages", False, f"{', '.join(missing)}: {install_command()}")
    one, two = found.get("opencv-python"), found.get("opencv-contrib-python")
    if one and two and one != two:
        mend = f"{sys.executable} -m pip install opencv-python=={two} opencv-contrib-python=={two}"
        yield Finding("packages", False, f"both OpenCV packages share one folder and must be equal: {mend}")


def display() -> Iterator[Finding]:
    """Look for a screen, in a process of its own: without one Qt ends its process."""
    code = "from realtime_micacl.programs.screen import open_screen; open_screen()"
    code += "; from PyQt6.QtGui import QGuiApplication as a; s = a.primaryScreen().size()"
    code += "; print(a.platformName(), s.width(), 'x', s.height())"
    done = _said([sys.executable, "-c", code])
    if done.returncode == 0:
        yield Finding("display", True, done.stdout.strip())
    else:
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        yield Finding("display", False, re.sub(r"^(realtime-micacl|realtime_micacl\.errors\.\w+): ", "", reason))


def cameras() -> Iterator[Finding]:
    """Look for webcams."""
    from realtime_micacl.live.sources.camera import list_cameras, node, shut

    found = list_cameras()
    for index, name in found.items():
        why = shut(node(index))
        yield Finding("camera", not why, f"--camera {index}: {name}{why and f'; {why}'}")
    if not found:
        yield Finding("camera", None, "none; --source plays an address, a file, demo or synthetic")


def detector() -> Iterator[Finding]:
    """Look for a face with what the live program would use."""
    from realtime_micacl.measuring.looking import looked

    try:
        yield Finding("detector", True, looked())
    except Exception as cause:  # whatever a runtime of machine code raises where it does not fit the machine
        yield Finding("detector", False, f"faces cannot be detected: {cause}")


def engine() -> Iterator[Finding]:
    """Load the default engine and run it, also to see how many faces it keeps up with."""
    from realtime_micacl.measuring.keeping import kept

    try:
        folder, sidecar = read_sidecar(default_engine())
        loaded = open_engine(folder, sidecar)
    except MicaclError as error:
        yield Finding("engine", False, str(error))
        return
    spec = sidecar.bag
    crops = np.zeros((1, sidecar.piece, spec.size_px, spec.size_px, 3), np.uint8)
    started_s = perf_counter()
    for _ in range(10):
        loaded.encode(crops)
    took_ms = (perf_counter() - started_s) * 100
    keeps = kept(loaded, sidecar)
    loaded.close()
    shape = f"{spec.instances} x {spec.frames} frames of {spec.size_px} px in {spec.span_s:g} s"
    said = f"{sidecar.name} on {loaded.device}, {shape}, {took_ms:.1f} ms per tick and face"
    yield Finding("engine", True, said)
    yield Finding("speed", True if keeps.faces else None, f"this machine {keeps}")


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


def outlets() -> Iterator[Finding]:
    """Look at what ways out there are besides standard output and files."""
    for extra, package in {"lsl": "pylsl", "web": "websockets", "osc": "python-osc", "mqtt": "paho-mqtt"}.items():
        try:
            yield Finding("live data", True, f"--{extra}: {package} {version(package)}")
        except PackageNotFoundError:
            yield Finding("live data", None, f"--{extra} needs {package}: {install_command(extra)}")


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
            made_for = _said([sys.executable, "-c", "import torch; print(torch.version.cuda or '')"]).stdout.strip()
        check(kind, found, made_for or None)
    except EngineError as error:
        return Finding(kind, False if suits(kind, found) else None, str(error))
    names = dict.fromkeys(name for module in RUNS_ON[kind] for name in packages_distributions()[module])
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return Finding(kind, True, f"--device {kind} fits: {versions}" + (f", CUDA {made_for}" if made_for else ""))


def _said(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no answer within {ANSWER_TIMEOUT_S} s")
