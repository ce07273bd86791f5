"""What `cv2.VideoCapture` with a retry loop does on the faults of docs/reliability.md.

python -m tests.bench.cv2_retry

The loop is the usual one: read; when that fails, release, wait a second, open again.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import cv2

from tests.e2e.conftest import CLIP, RtspServer, pictures

SLOW_S, WATCHED_S = 0.1, 20.0


class Loop:
    """Reads on a thread of its own and notes when frames came."""

    def __init__(self, address: str, work_s: float = 0.0) -> None:
        self.address, self.work_s = address, work_s
        self.frames: list[tuple[float, float]] = []
        """When each frame was handed out, and its place in the stream in s."""
        self.failed_s: list[float] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        capture: Any = cv2.VideoCapture(self.address, cv2.CAP_FFMPEG)
        while not self.stop.is_set():
            if not capture.read()[0]:
                self.failed_s.append(time.monotonic())
                capture.release()
                time.sleep(1.0)
                capture = cv2.VideoCapture(self.address, cv2.CAP_FFMPEG)
                continue
            self.frames.append((time.monotonic(), capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3))
            time.sleep(self.work_s)
        capture.release()

    def until(self, true: Any, timeout_s: float) -> float:
        started_s = time.monotonic()
        while not true() and time.monotonic() - started_s < timeout_s:
            time.sleep(0.02)
        return time.monotonic() - started_s

    def settle(self) -> None:
        self.until(lambda: len(self.frames) > 25, 20.0)

    def close(self) -> None:
        self.stop.set()
        self.thread.join(120)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = RtspServer(pictures(Path(folder) / "frames", CLIP))
        server.start()
        try:
            for measure in (killed, slow, frozen):
                sys.stdout.write(measure(server) + "\n")
                sys.stdout.flush()
        finally:
            server.kill()


def killed(server: RtspServer) -> str:
    loop = Loop(server.address)
    loop.settle()
    server.kill()
    noticed_s = loop.until(lambda: loop.failed_s, 60.0)
    time.sleep(5.0)
    server.start()
    seen = len(loop.frames)
    back_s = loop.until(lambda: len(loop.frames) > seen, 60.0)
    loop.close()
    return f"server killed: noticed after {noticed_s:.1f} s, first frame {back_s:.1f} s after its return"


def slow(server: RtspServer) -> str:
    loop = Loop(server.address, SLOW_S)
    time.sleep(WATCHED_S)
    loop.close()
    offset_s = min(handed_s - place_s for handed_s, place_s in loop.frames)
    handed_s, place_s = loop.frames[-1]
    age_s = handed_s - place_s - offset_s
    return f"reader at {SLOW_S:g} s per frame: after {WATCHED_S:.0f} s frames are {age_s:.1f} s old"


def frozen(server: RtspServer) -> str:
    loop = Loop(server.address)
    loop.settle()
    server.signal(signal.SIGSTOP)
    time.sleep(1.0)
    seen = len(loop.frames)
    noticed_s = 1.0 + loop.until(lambda: loop.failed_s, 100.0)
    stale = len(loop.frames) - seen
    server.signal(signal.SIGCONT)
    loop.close()
    return f"server frozen: the read failed after {noticed_s:.0f} s; {stale} stale frames were handed out meanwhile"


if __name__ == "__main__":
    main()
