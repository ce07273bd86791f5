"""All graphs on the processor share one memory."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import psutil
from concurrent.futures import ThreadPoolExecutor
from realtime_micacl.live.seeing.models import _open

FILES = ("face_detection_full_range.onnx", "face_landmark_468.onnx") * 4
with ThreadPoolExecutor(8) as pool:
    sessions = list(pool.map(lambda file: _open(file, 1), FILES))
import numpy as np

def run(session):
    one = session.get_inputs()[0]
    session.run(None, {one.name: np.zeros([n if isinstance(n, int) else 1 for n in one.shape], np.float32)})

for session in sessions[:2]:
    run(session)
before = psutil.Process().memory_info().rss
for session in sessions[2:]:
    run(session)
print((psutil.Process().memory_info().rss - before) / 1e6)
"""


def test_graphs_are_opened_beside_each_other_and_leave_their_memory_to_the_next() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 3, "MB for six more graphs at work"
