"""A package that is not there, or does not work here, is named with the command that brings it; in a process each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from realtime_micacl.installed import not_loaded


def without(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.modules[{module!r}] = None; from realtime_micacl.__main__ import main; main()"
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("module", "words", "code"),
    [
        ("msgspec", ("demo", "--offline"), 2),
        ("av", ("demo", "--offline"), 2),
        ("onnxruntime", ("demo", "--offline"), 2),
        ("prometheus_client", ("synthetic", "--headless", "--metrics", "18917"), 2),
        ("PyQt6", ("demo", "--save-video", "{folder}/a.mp4"), 2),
        ("PyQt6.QtGui", ("process", "{folder}", "{folder}/out", "--video"), 2),
        ("cv2", ("doctor", "--headless"), 4),
    ],
)
def test_what_is_missing_is_named(module: str, words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    done = without(module, *(word.format(folder=tmp_path) for word in words))
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "is not installed: " in line]
    assert lines
    assert all(module in line and "pip install" in line for line in lines)
    assert not list(tmp_path.iterdir())


def test_what_does_not_work_here_says_why_and_our_own_faults_are_no_such_thing() -> None:
    broken = ImportError("libGL.so.1: cannot open shared object file", name="cv2")
    assert "cv2 cannot be loaded: libGL.so.1" in not_loaded(broken)
    assert "[train]" in not_loaded(ModuleNotFoundError("No module named 'torch'", name="torch"), "train")
    assert not not_loaded(ImportError("cannot import name 'x'", name="realtime_micacl.config"))
    assert not not_loaded(ValueError())
