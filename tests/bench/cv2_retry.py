"""Measures how `cv2.VideoCapture` with a retry loop handles the faults of docs/tables/reliability.md.

python -m tests.bench.cv2_retry

The loop is the usual one: read; when that fails, release, wait a second, open again. It takes about seven minutes.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from tests.e2e.conftest import CLIP, RtspServer, pictures
from tests.fault.proxy import Proxy

SLOW_S, WATCHED_S = 0.1, 20.0


class Loop:
    """Reads on a thread of its own and notes when frames came."""

    def __init__(self, address: str, work_s: float = 0.0, options: str = "rtsp_transport;tcp") -> None:
        self.address, self.work_s = address, work_s
        self.frames: list[tuple[float, float]] = []
        """When each frame was handed out, and its place in the stream in s."""
        self.failed_s: list[float] = []
        self.picture: Any = None
        self.stop = threading.Event()
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = options  # OpenCV's own default is TCP
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        capture: Any = cv2.VideoCapture(self.address, cv2.CAP_FFMPEG)
        while not self.stop.is_set():
            read, picture = capture.read()
            if not read:
                self.failed_s.append(time.monotonic())
                capture.release()
                time.sleep(1.0)
                capture = cv2.VideoCapture(self.address, cv2.CAP_FFMPEG)
                continue
            self.picture = picture
            self.frames.append((time.monotonic(), capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3))
            time.sleep(self.work_s)
        capture.release()

    def until(self, true: Callable[[], object], timeout_s: float) -> float:
        started_s = time.monotonic()
        while not true() and time.monotonic() - started_s < timeout_s:
            time.sleep(0.02)
        return time.monotonic() - started_s

    def more(self, timeout_s: float = 60.0) -> float:
        """Wait for another frame; return how long that took."""
        seen = len(self.frames)
        return self.until(lambda: len(self.frames) > seen, timeout_s)

    def age_s(self) -> float:
        """Return the age of the newest frame, if the freshest one had age 0."""
        offset_s = min(handed_s - place_s for handed_s, place_s in self.frames)
        handed_s, place_s = self.frames[-1]
        return handed_s - place_s - offset_s


@contextmanager
def reading(address: str, **how: Any) -> Iterator[Loop]:
    loop = Loop(address, **how)
    try:
        loop.until(lambda: len(loop.frames) > 25, 20.0)
        yield loop
    finally:
        loop.stop.set()
        loop.thread.join(120)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = RtspServer(pictures(Path(folder) / "frames", CLIP))
        server.start()
        try:
            for bar, measure in MEASURES:
                sys.stdout.write(f"| {bar} | {measure(server)} |\n")
                sys.stdout.flush()
        finally:
            server.kill()


def killed(server: RtspServer) -> str:
    noticed, back = [], []
    with reading(server.address) as loop:
        for _ in range(3):
            failed = len(loop.failed_s)
            server.kill()
            noticed.append(loop.until(lambda failed=failed: len(loop.failed_s) > failed, 60.0))  # type: ignore[misc]
            time.sleep(5.0)
            server.start()
            back.append(loop.more())
    return f"noticed within {max(noticed):.1f} s, first frame {max(back):.1f} s after its return; nothing is said"


def frozen(server: RtspServer) -> str:
    with reading(server.address) as loop:
        server.signal(signal.SIGSTOP)
        time.sleep(1.0)
        seen = len(loop.frames)
        noticed_s = 1.0 + loop.until(lambda: loop.failed_s, 100.0)
        stale = len(loop.frames) - seen
        server.signal(signal.SIGCONT)
    return f"TCP: the read failed after {noticed_s:.0f} s, {stale} stale frames were handed out as good"


def frozen_over_udp(server: RtspServer) -> str:
    with reading(server.address, options="rtsp_transport;udp") as loop:
        server.signal(signal.SIGSTOP)
        noticed_s = loop.until(lambda: loop.failed_s, 100.0)
        server.signal(signal.SIGCONT)
    return f"UDP: the read failed after {noticed_s:.0f} s"


def late(server: RtspServer) -> str:
    server.kill()
    loop = Loop(server.address)
    time.sleep(10.0)
    server.start()
    back_s = loop.more()
    loop.stop.set()
    loop.thread.join(60)
    return f"first frame {back_s:.1f} s after its start"


def left_behind(server: RtspServer) -> str:
    process, used = psutil.Process(), []
    with reading(server.address) as loop:
        for number in range(12):
            server.kill()
            server.start()
            loop.more()
            if number in (1, 11):
                used.append((process.num_threads(), process.num_fds(), process.memory_info().rss / 1e6))
    threads, descriptors, grown_mb = (after - before for before, after in zip(*used, strict=True))
    return f"10 restarts: threads {threads:+d}, descriptors {descriptors:+d}, {grown_mb:+.1f} MB"


def damaged(server: RtspServer) -> str:
    with Proxy(server.port) as line, reading(f"rtsp://127.0.0.1:{line.port}/live") as loop:
        before, failed = len(loop.frames), len(loop.failed_s)
        line.flips = 5e-4
        time.sleep(WATCHED_S)
        line.flips = 0.0
        handed, failed = len(loop.frames) - before, len(loop.failed_s) - failed
    return f"{line.flipped} bits at 5e-4: {handed} frames handed out as good, {failed} reads failed"


def slow(server: RtspServer) -> str:
    with reading(server.address, work_s=SLOW_S) as loop:
        time.sleep(WATCHED_S)
        age_s = loop.age_s()
    return f"{SLOW_S:g} s of work per frame: after {WATCHED_S:.0f} s frames are {age_s:.1f} s old"


def throttled(server: RtspServer) -> str:
    with Proxy(server.port) as line, reading(f"rtsp://127.0.0.1:{line.port}/live") as loop:
        line.bytes_per_s = 20_000
        time.sleep(WATCHED_S)
        age_s = loop.age_s()
    return f"line at 20 kB/s: after {WATCHED_S:.0f} s frames are {age_s:.1f} s old"


def repeated(server: RtspServer) -> str:
    whole = server.pictures
    server.kill()
    server.pictures = Path(tempfile.mkdtemp(dir=whole.parent))
    (server.pictures / "0000.jpg").symlink_to(whole / "0000.jpg")
    server.start()
    with reading(server.address) as loop:
        before, first = len(loop.frames), loop.picture.astype(np.int16)
        time.sleep(10.0)
        handed, differs = len(loop.frames) - before, int(np.abs(loop.picture - first).max())
    server.pictures = whole
    server.kill()
    server.start()
    return f"picture repeated for 10 s: {handed} frames handed out as new, {differs} of 255 apart at most"


def blocked(server: RtspServer) -> str:
    with reading(server.address) as loop:
        server.signal(signal.SIGSTOP)
        time.sleep(1.0)
        asked_s = time.monotonic()
        loop.stop.set()
        loop.thread.join(60)
        took_s = time.monotonic() - asked_s
        server.signal(signal.SIGCONT)
    return f"asked to end in a blocked read: it ended after {took_s:.0f} s"


MEASURES: tuple[tuple[str, Callable[[RtspServer], str]], ...] = (
    ("R1", killed),
    ("R2", frozen),
    ("R2", frozen_over_udp),
    ("R2", throttled),
    ("R2", repeated),
    ("R3", late),
    ("R4", left_behind),
    ("R5", damaged),
    ("R8", slow),
    ("R24", blocked),
)


if __name__ == "__main__":
    main()
