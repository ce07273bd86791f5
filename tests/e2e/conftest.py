"""The installed command, as a person starts it, and the servers and screens around it."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

COMMAND = str(Path(sys.executable).with_name("realtime-micacl"))
CLIP = Path(__file__).parents[1] / "data" / "one_face_720p.mp4"
SERVER = Path(__file__).parents[1] / "integration" / "rtsp_server.py"


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str
    took_s: float

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def readings(self) -> list[dict[str, Any]]:
        return [record for record in self.records if "probabilities" in record]

    @property
    def states(self) -> list[str]:
        """The states of the whole scene, in order."""
        return [r["state"] for r in self.records if r["track"] is None]


class Running:
    """A command that runs; what it writes goes to files, so that it never waits for a reader."""

    def __init__(self, arguments: tuple[str, ...], folder: Path, env: dict[str, str]) -> None:
        self._out, self._err = folder / "out.txt", folder / "err.txt"
        self.started_s = time.monotonic()
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen([COMMAND, *arguments], stdout=out, stderr=err, env=os.environ | env)

    def so_far(self) -> Ended:
        code = self.process.poll()
        took_s = time.monotonic() - self.started_s
        whole, newline, _ = self._out.read_text().rpartition("\n")
        return Ended(-999 if code is None else code, whole + newline, self._err.read_text(), took_s)

    def until(self, true: Callable[[Ended], bool], timeout_s: float = 20.0) -> Ended:
        """Wait until what it wrote is so; fail when it ends or takes too long before."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            now = self.so_far()
            if true(now):
                return now
            assert self.process.poll() is None, f"it ended before: {now}"
            assert time.monotonic() < deadline_s, f"it did not happen within {timeout_s} s: {now}"
            time.sleep(0.02)

    def ended(self, timeout_s: float = 30.0) -> Ended:
        self.process.wait(timeout_s)
        return self.so_far()

    def stop(self, number: int = signal.SIGTERM) -> tuple[Ended, float]:
        """Send a signal; return how it ended and after how many seconds."""
        asked_s = time.monotonic()
        self.process.send_signal(number)
        ended = self.ended(10.0)
        return ended, time.monotonic() - asked_s


@pytest.fixture
def executable() -> str:
    return COMMAND


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start the command; it is killed when the test ends."""
    started: list[Running] = []

    def run(*arguments: object, **env: str) -> Running:
        folder = tmp_path / f"run{len(started)}"
        folder.mkdir()
        started.append(Running(tuple(map(str, arguments)), folder, env))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()


@pytest.fixture
def command(start: Callable[..., Running]) -> Callable[..., Ended]:
    """Run the command to its end."""

    def run(*arguments: object, timeout_s: float = 60.0, **env: str) -> Ended:
        return start(*arguments, **env).ended(timeout_s)

    return run


def pictures(folder: Path, clip: Path, scale: float = 1.0) -> Path:
    """Write the frames of a clip into a new folder, for a server to show."""
    folder.mkdir()
    video = cv2.VideoCapture(str(clip))
    number = 0
    while (frame := video.read()[1]) is not None:
        cv2.imwrite(str(folder / f"{number:04d}.jpg"), cv2.resize(frame, None, fx=scale, fy=scale))
        number += 1
    video.release()
    return folder


class RtspServer:
    """A real server process that can be killed, frozen and started again on the same port, with other `pictures`."""

    def __init__(self, shown: Path, rate_hz: int = 25) -> None:
        self.pictures, self._rate_hz = shown, rate_hz
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"rtsp://127.0.0.1:{self.port}/live"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = ["/usr/bin/python3", str(SERVER), str(self.port), str(self.pictures / "%04d.jpg"), str(self._rate_hz)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture(scope="session")
def one_face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pictures(tmp_path_factory.mktemp("frames") / "one", CLIP)


@pytest.fixture
def rtsp(one_face: Path) -> Iterator[RtspServer]:
    server = RtspServer(one_face)
    server.start()
    yield server
    server.kill()


class Screen:
    """A screen in memory whose pixels can be read."""

    def __init__(self, folder: Path, size: str) -> None:
        reader, writer = os.pipe()
        self._file = folder / "Xvfb_screen0"
        options = ["-screen", "0", f"{size}x24", "-fbdir", str(folder), "-nolisten", "tcp", "-displayfd", str(writer)]
        self._process = subprocess.Popen(["Xvfb", *options], pass_fds=[writer], stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as number:
            self.display = f":{number.readline().strip()}"

    def picture(self) -> np.ndarray:
        """Return what the screen shows, RGB [H,W,3]; the file is in the format of xwd."""
        content = self._file.read_bytes()
        header = struct.unpack(">25I", content[:100])
        header_size, width, height, line_bytes, colours = header[0], header[4], header[5], header[12], header[19]
        pixels = np.frombuffer(content, np.uint8, height * line_bytes, header_size + colours * 12)
        return pixels.reshape(height, line_bytes)[:, : width * 4].reshape(height, width, 4)[:, :, 2::-1]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    folder = tmp_path / "screen"
    folder.mkdir()
    shown = Screen(folder, "1280x800")
    yield shown
    shown.close()
