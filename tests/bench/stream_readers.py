"""Readers of a stream, each a process of its own that reports its outcome: the package's, and a loop around cv2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WATCHED_S = 8.0
OURS = """
import sys, time
from realtime_micacl.errors import MicaclError
from realtime_micacl.live.sources.source import open_source, parse_source
from realtime_micacl.types import Frame
frames, lost, first, end, began = 0, 0, 0.0, "", time.monotonic()
try:
    for item in open_source(parse_source(sys.argv[1])):
        now = time.monotonic() - began
        if isinstance(item, Frame):
            frames, first = frames + 1, first or now
        elif hasattr(item, "attempt"):
            lost = max(lost, item.attempt)
        if now > float(sys.argv[2]):
            break
    else:
        end = ", ended"
except MicaclError as error:
    end = f", {error}"
except Exception as error:
    end = f", {type(error).__name__}"
took = time.monotonic() - began
lost = ", lost" if lost else ""
print(f"{frames} in {took:.0f} s{lost}{end}".replace(sys.argv[1].strip(), "it"), flush=True)
import os; os._exit(0)
"""
CV2 = """
import sys, time, cv2
began, frames, failed = time.monotonic(), 0, 0
video = cv2.VideoCapture(int(sys.argv[1]) if sys.argv[1].isdigit() else sys.argv[1], cv2.CAP_FFMPEG)
while time.monotonic() - began < float(sys.argv[2]):
    if video.read()[0]:
        frames += 1
    else:
        failed += 1
        video.release()
        time.sleep(1.0)
        video = cv2.VideoCapture(sys.argv[1], cv2.CAP_FFMPEG)
print(f"{frames} in {time.monotonic() - began:.0f} s" + (f", {failed} failures" if failed else ""), flush=True)
import os; os._exit(0)
"""


def read(code: str, address: str, folder: Path | None, watched_s: float = WATCHED_S) -> str:
    """Return the outcome of a reader."""
    env = os.environ | ({"PYTHONPATH": str(folder)} if folder else {}) | {"OPENCV_LOG_LEVEL": "OFF"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, address, str(watched_s)],
            capture_output=True,
            text=True,
            timeout=watched_s + 25,
            check=False,
            env=env,
            cwd=folder,  # where Python looks first
        )
    except subprocess.TimeoutExpired:
        return f"nothing within {watched_s + 25:.0f} s"
    lines = done.stdout.strip().splitlines()
    return (lines[-1] if lines else f"died ({done.returncode})").replace("|", "/")
