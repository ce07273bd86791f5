"""Looks at the machine: Python, packages, screen, webcams, detector, engine, and the ways out.

What needs a package that may be missing is imported where it is used.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

import numpy as np
import psutil

from realtime_micacl import __version__
from realtime_micacl.doctor.finding import Finding, answer
from realtime_micacl.errors import MicaclError
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.installed import install_command
from realtime_micacl.wording import counted

HEADLESS = ("opencv-python", "av", "onnxruntime", "numpy", "protobuf")
REPORTED = (*HEADLESS, "opencv-contrib-python", "PyQt6")


def system() -> Iterator[Finding]:
    """Look at the machine and the Python."""
    good = (3, 11) <= sys.version_info[:2] <= (3, 14)
    memory_gb = psutil.virtual_memory().total / 1e9
    said = f"realtime-micacl {__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield Finding("system", good, said + ("" if good else "; Python 3.11 to 3.14 is needed"))
    yield Finding(
        "processor", True, f"{counted(os.cpu_count() or 1, 'core')}, {memory_gb:.0f} GB memory, {platform.machine()}"
    )


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
    done = answer([sys.executable, "-c", code])
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
    from realtime_micacl.measuring.detectors import looked

    try:
        yield Finding("detector", True, looked())
    except Exception as cause:  # whatever a runtime of machine code raises where it does not fit the machine
        yield Finding("detector", False, f"faces cannot be detected: {cause}")


def engine() -> Iterator[Finding]:
    """Load the default engine and run it, also to see how many faces it keeps up with."""
    from realtime_micacl.measuring.capacity import kept

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


def outlets() -> Iterator[Finding]:
    """Look at what ways out there are besides standard output and files."""
    for extra, package in {"lsl": "pylsl", "web": "websockets", "osc": "python-osc", "mqtt": "paho-mqtt"}.items():
        try:
            yield Finding("live data", True, f"--{extra}: {package} {version(package)}")
        except PackageNotFoundError:
            yield Finding("live data", None, f"--{extra} needs {package}: {install_command(extra)}")
