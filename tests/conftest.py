"""What all tests share: an offscreen Qt, a watch on threads, and where clips are found."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tqdm import tqdm

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads fight over the tiny matrices of tests: five times slower
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # without a display PyQt6 ends the interpreter

tqdm.monitor_interval = 0  # no thread of its own
settings.register_profile("steady", deadline=None, derandomize=True)  # the same examples on every machine
settings.load_profile("steady")

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
REAL = ROOT.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline_s = time.monotonic() + 2.0
    while time.monotonic() < deadline_s and set(threading.enumerate()) - before:
        time.sleep(0.01)
    left = [t.name for t in set(threading.enumerate()) - before]
    assert not left, f"threads left running: {left}"


@pytest.fixture
def clips() -> Path:
    """The rendered clips that travel with the project."""
    return DATA


@pytest.fixture
def real() -> Path:
    """Real clips, kept beside the checkout and not in it; the tests that need them are left out elsewhere."""
    if not REAL.is_dir():
        pytest.skip("the real clips are not beside this checkout")
    return REAL
