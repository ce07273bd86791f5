"""What the program loads, and what installs it, each in a process of its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from realtime_micacl.installed import install_command


def test_the_live_path_loads_neither_torch_nor_qt() -> None:
    code = (
        "import sys, realtime_micacl.programs.cli; "
        "heavy = {'torch', 'PyQt6', 'mediapipe', 'tensorrt', 'numba', 'prometheus_client', 'tritonclient'}; "
        "heavy |= {'pylsl', 'paho', 'pythonosc', 'websockets', 'onnxruntime_ep_nv_tensorrt_rtx'}; "
        "heavy &= set(sys.modules); "
        "import realtime_micacl_ui.window; "  # what a first picture does without is loaded after it
        "heavy |= {'cv2', 'onnxruntime', 'psutil', 'importlib.metadata', 'urllib.request'} & set(sys.modules); "
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_file_is_read_without_what_only_a_network_needs() -> None:
    code = (
        "import sys; from realtime_micacl.live.sources.source import DEMO, SourceSpec, open_source; "
        "frames = open_source(SourceSpec('file', str(DEMO))); next(frames).image; frames.close(); "
        "sys.exit(str({'ssl', 'http.client', 'urllib.request', 'PIL', 'cv2'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.strip() == ""


def test_numpy_s_products_leave_no_spinning_thread() -> None:
    code = (
        "import sys, realtime_micacl, numpy, psutil; x = numpy.ones((400, 400)); x @ x; "
        "sys.exit(len(psutil.Process().threads()) - 1)"
    )
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False, env=env)
    assert done.returncode == 0, f"{done.returncode} threads besides the main one"


def test_the_command_works_here() -> None:
    """Pip takes it and finds the project; nothing is installed."""
    command = shlex.split(install_command())
    options = ["--dry-run", "--no-deps", "--no-index", "--no-build-isolation", "--quiet"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
