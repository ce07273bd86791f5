"""The window in a process of its own, as the command starts it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, time
import numpy as np
from realtime_micacl.live.session import LiveSession
from realtime_micacl.types import Frame, Scene, State
from realtime_micacl_ui.window import show

class Seer:
    def perceive(self, frame):
        return Scene(frame.time_s, frame, (), State.NO_FACE), ()
    def close(self):
        pass

def camera():
    while True:
        yield Frame(np.random.default_rng().integers(0, 255, (90, 160, 3), np.uint8), time.monotonic(), 0)
        time.sleep(0.02)

with LiveSession(camera(), Seer, Seer) as session:
    show(session, source_name="x", on_tick=lambda w: w.view.state is State.NO_FACE and w.close())
print("done")
"""


def test_it_brings_its_own_application_and_leaves_in_good_order() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
