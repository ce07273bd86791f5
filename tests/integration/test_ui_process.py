"""The window in a process of its own, as the command starts it."""

from __future__ import annotations

import subprocess
import sys

from realtime_micacl.errors import StageFailed

PROGRAM = """
import sys
from realtime_micacl.live.session import LiveSession
from realtime_micacl.testing import FakeCamera, FakeStages
from realtime_micacl.types import State
from realtime_micacl_ui.window import show

with LiveSession(FakeCamera(rate_hz=50), *FakeStages().openers) as session:
    show(session, source_name="x", on_tick=lambda w: w.view.state is State.LIVE and w.close())
print("done")
"""


def test_it_brings_its_own_application_and_leaves_in_good_order() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


FAULTY = """
from PyQt6.QtCore import QTimer
from PyQt6.QtWidgets import QApplication
from realtime_micacl_ui.qt import application

application("x")
QTimer.singleShot(0, lambda: 1 / 0)
QApplication.exec()
"""


def test_a_fault_of_its_own_is_not_said_to_be_a_missing_screen() -> None:
    done = subprocess.run([sys.executable, "-c", FAULTY], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == StageFailed.exit_code
    assert done.stderr.startswith("realtime-micacl: the window failed: Traceback") and "ZeroDivision" in done.stderr
