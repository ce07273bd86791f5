"""Checks the machine: Python, packages, screen, webcams, face detector, engine, and what outlets need.

Modules that need a package which may be missing are imported inside the functions.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from time import perf_counter

import numpy as np

from realtime_micacl import __version__
from realtime_micacl.devices import cores, size_of_memory
from realtime_micacl.doctor.finding import Finding, run
from realtime_micacl.errors import ConfigError, MicaclError
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.installed import adding, install_command, other_versions, own_python
from realtime_micacl.wording import counted

HEADLESS = ("opencv-python", "av", "onnxruntime", "numpy", "protobuf")
NEEDED = (*HEADLESS, "PyQt6")
CONTRIB = "opencv-contrib-python"
MODULES = {"opencv-python": "cv2", "protobuf": "google.protobuf", "python-osc": "pythonosc", "paho-mqtt": "paho.mqtt"}
ROUNDS = 10  # over which times are averaged


def system() -> Iterator[Finding]:
    """Report the machine, and whether this Python is supported."""
    good = (3, 11) <= sys.version_info[:2] <= (3, 14)
    text = f"realtime-micacl {__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield Finding("system", good, text + ("" if good else "; Python 3.11 to 3.14 is needed"))
    yield Finding("processor", True, f"{counted(cores(), 'core')}, {size_of_memory()}, {platform.machine()}")


def packages(needed: Sequence[str] = NEEDED) -> Iterator[Finding]:
    """Report the versions of the main packages, and which of the `needed` ones are missing."""
    found = {name: _found(name) for name in (*NEEDED, CONTRIB)}
    yield Finding("packages", True, ", ".join(filter(None, found.values())))
    if missing := [name for name in needed if not found[name]]:
        yield Finding("packages", False, f"{', '.join(missing)}: {install_command()}")
    if others := other_versions():
        yield Finding("packages", None, f"not tried with these: {', '.join(others)}: {install_command()}")
    one, two = (found[name].partition(" ")[2] for name in ("opencv-python", CONTRIB))
    if one and two and one != two:
        mend = adding(f"opencv-python=={two} opencv-contrib-python=={two}")
        yield Finding("packages", False, f"the OpenCV packages share a folder and must have the same version: {mend}")


def _found(package: str) -> str:
    """Return the name and version of a package; without the latter where only its module is there, as if frozen."""
    with suppress(PackageNotFoundError):
        return f"{package} {version(package)}"
    module = MODULES.get(package, package)
    with suppress(ModuleNotFoundError):
        return module if find_spec(module) else ""
    return ""


def display() -> Iterator[Finding]:
    """Look for a screen, in a process of its own: Qt aborts the process if there is none."""
    code = "from realtime_micacl.programs.screen import open_screen; open_screen()"
    code += "; from PyQt6.QtGui import QGuiApplication as a; s = a.primaryScreen().size()"
    code += "; print(a.platformName(), s.width(), 'x', s.height())"
    try:
        done = run([own_python(), "-c", code])
    except ConfigError as cause:
        yield Finding("display", None, f"not looked for: {cause}")
        return
    if done.returncode == 0:
        yield Finding("display", True, done.stdout.strip())
    else:
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        yield Finding("display", False, re.sub(r"^(realtime-micacl|realtime_micacl\.errors\.\w+): ", "", reason))


def cameras() -> Iterator[Finding]:
    """List the webcams, and which of them cannot be opened."""
    from realtime_micacl.live.sources.camera import list_cameras, node, why_closed

    found = list_cameras()
    for index, name in found.items():
        why = why_closed(node(index))
        yield Finding("camera", not why, f"--camera {index}: {name}{why and f'; {why}'}")
    if not found:
        yield Finding("camera", None, "none; --source plays an address, a file, demo or synthetic")


def detector() -> Iterator[Finding]:
    """Run the face detector of the live program on an empty picture of 720p."""
    from realtime_micacl.live.seeing.detector import FaceDetector

    picture = np.zeros((720, 1280, 3), np.uint8)
    try:
        with closing(FaceDetector()) as detector:
            started_s = perf_counter()
            for _ in range(ROUNDS):
                detector.detect(picture)
            took_ms = (perf_counter() - started_s) / ROUNDS * 1e3
    except Exception as cause:  # ONNX Runtime raises types of its own if it does not fit the processor
        yield Finding("detector", False, f"faces cannot be detected: {cause}")
        return
    from onnxruntime import __version__ as runtime

    yield Finding("detector", True, f"ONNX Runtime {runtime} finds faces, {took_ms:.1f} ms per 720p picture")


def engine() -> Iterator[Finding]:
    """Run the default engine, and measure how many faces this machine keeps up with."""
    from realtime_micacl.measuring.capacity import measure

    try:
        folder, sidecar = read_sidecar(default_engine())
        loaded = open_engine(folder, sidecar)
    except MicaclError as error:
        yield Finding("engine", False, str(error))
        return
    spec = sidecar.bag
    crops = np.zeros((1, sidecar.piece, spec.size_px, spec.size_px, 3), np.uint8)
    started_s = perf_counter()
    for _ in range(ROUNDS):
        loaded.encode(crops)
    took_ms = (perf_counter() - started_s) / ROUNDS * 1e3
    capacity = measure(loaded, sidecar)
    loaded.close()
    shape = f"{spec.instances} x {spec.frames} frames of {spec.size_px} px in {spec.span_s:g} s"
    text = f"{sidecar.name} on {loaded.device}, {shape}, {took_ms:.1f} ms per tick and face"
    yield Finding("engine", True, text)
    yield Finding("speed", True if capacity.faces else None, f"this machine {capacity}")


def outlets() -> Iterator[Finding]:
    """Report which outlets can be used: live data that goes to other programs."""
    for extra, package in {"lsl": "pylsl", "web": "websockets", "osc": "python-osc", "mqtt": "paho-mqtt"}.items():
        if found := _found(package):
            yield Finding("live data", True, f"--{extra}: {found}")
        else:
            yield Finding("live data", None, f"--{extra} needs {package}: {install_command(extra)}")
