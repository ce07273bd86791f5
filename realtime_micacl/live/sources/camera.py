"""Frames from webcams, by OpenCV (V4L2, AVFoundation, Media Foundation)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import cv2
import numpy as np

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.live.sources.framing import Framing, log_camera
from realtime_micacl.types import Frame

SIZE_PX, RATE_HZ = (1280, 720), 30.0
START_S, LOST_S = 4.0, 0.5  # how long a camera may give no picture: at the start, and later
DEVICES = Path("/sys/class/video4linux")
MAYBE = "another program may be using it"
BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_MSMF}


def list_cameras(devices: Path = DEVICES) -> dict[int, str]:
    """Return index -> name of the cameras; outside Linux each index is opened, and no names are known."""
    if sys.platform == "linux":
        return _linux_cameras(devices)
    found = {}
    for index in range(6):
        capture = cv2.VideoCapture(index, BACKENDS.get(sys.platform, cv2.CAP_ANY))
        if capture.isOpened():
            found[index] = f"camera {index}"
        capture.release()
    return found


def check_camera(index: int) -> None:
    """Raise SourceError if Linux has no such camera; elsewhere only opening it shows that."""
    if sys.platform == "linux" and not node(index).exists():
        raise SourceError(f"no camera {index}: {_known()}")


def node(index: int) -> Path:
    """Return the device of a camera on Linux."""
    return Path(f"/dev/video{index}")


def why_closed(device: Path) -> str:
    """Return why a camera's device cannot be opened, as far as this user may know; "" where the reason is unknown."""
    if not device.exists():
        return ""
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{device} may not be opened by you; sudo usermod -aG video $USER, then log in again"
    import psutil

    with suppress(OSError):  # there is no /proc
        for program in psutil.process_iter():
            if program.pid == os.getpid():
                continue
            with suppress(OSError, psutil.Error):  # other users' programs cannot be inspected
                if any(os.readlink(file) == str(device) for file in Path(f"/proc/{program.pid}/fd").iterdir()):
                    return f"{program.name()} (process {program.pid}) is using it; end that first"
    return ""


class Webcam:
    """A webcam; on Linux it is found by its name when it comes back under another number.

    `capture` replaces cv2.VideoCapture in tests.
    """

    def __init__(
        self,
        index: int,
        capture: Any = cv2.VideoCapture,
        devices: Path = DEVICES,
        *,
        asked: Callable[[], Framing] = Framing,
    ) -> None:
        """Take a camera's number; `asked` returns, each time it is opened, the size and rate to ask for."""
        self._index, self._capture, self._devices, self._asked = index, capture, devices, asked
        self._node: tuple[str, str] | None = None

    def plugged(self) -> bool:
        """Say whether it seems to be plugged in."""
        return sys.platform != "linux" or self._number() in _nodes(self._devices)

    def frames(self) -> Iterator[Frame]:
        """Yield its frames until it is lost, as `read_camera` does."""
        number = self._number()
        if number is None:
            raise SourceLost(f"camera {self._index} ({self._node and self._node[0]}) is not plugged in")
        self._index = number
        yield from read_camera(number, self._capture, self._asked())

    def _number(self) -> int | None:
        """Return its present number; None if it is not there."""
        nodes = _nodes(self._devices)
        self._node = self._node or nodes.get(self._index)
        if self._node is None or nodes.get(self._index) == self._node:
            return self._index
        return next((number for number, node in nodes.items() if node == self._node), None)


def read_camera(index: int, capture: Any = cv2.VideoCapture, asked: Framing | None = None) -> Iterator[Frame]:
    """Yield a camera's frames with their capture times until it is lost: then raise SourceLost.

    `asked` has the size and rate to ask for; `capture` replaces cv2.VideoCapture in tests. Raise SourceError if there
    is no such camera or it gives no picture.
    """
    asked = asked or Framing()
    width_px, height_px = asked.size or SIZE_PX
    device = capture(index, BACKENDS.get(sys.platform, cv2.CAP_ANY))
    try:
        if not device.isOpened():
            check_camera(index)
            raise SourceError(f"camera {index} cannot be opened: {why_closed(node(index)) or MAYBE}; {_known()}")
        device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))  # raw 720p does not fit through USB 2
        device.set(cv2.CAP_PROP_FRAME_WIDTH, width_px)
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, height_px)
        device.set(cv2.CAP_PROP_FPS, asked.fps or RATE_HZ)
        device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        yield from _frames(device, index, asked)
    except cv2.error as cause:
        raise SourceLost(f"camera {index} failed: {cause.err or cause}") from cause
    finally:
        device.release()


def _frames(device: Any, camera: int, asked: Framing) -> Iterator[Frame]:
    index, patience_s, seen_s = 0, START_S, monotonic()
    while True:
        taken = device.grab()
        time_s = monotonic()
        ok, picture = device.retrieve() if taken else (False, None)
        if not ok or picture is None or picture.ndim != 3 or not picture.size:
            if monotonic() - seen_s > patience_s:
                raise SourceLost(f"camera {camera} delivers no picture{' any more' if index else ''}")
            sleep(0.02)
            continue
        seen_s, patience_s = monotonic(), LOST_S
        image = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
        image.flags.writeable = False
        if not index:
            fps = float(device.get(cv2.CAP_PROP_FPS)) if asked.fps else 0.0
            log_camera(camera, asked, (image.shape[1], image.shape[0]), fps)
        yield Frame(image, time_s, index)
        index += 1


def _nodes(devices: Path) -> dict[int, tuple[str, str]]:
    """Return number -> name, and index among the nodes of the same camera, as the kernel gives them."""
    found = {}
    for node in sorted(devices.glob("video*"), key=lambda path: int(path.name[5:])):
        try:
            number = node / "index"
            place = number.read_text().strip() if number.is_file() else "0"
            found[int(node.name[5:])] = ((node / "name").read_text().strip(), place)
        except OSError:  # it is being unplugged
            continue
    return found


def _linux_cameras(devices: Path) -> dict[int, str]:
    """Return number -> name of the nodes that take pictures: of each camera the first."""
    return {number: name for number, (name, place) in _nodes(devices).items() if place == "0"}


def _known() -> str:
    cameras = list_cameras()
    if not cameras:
        return "no camera was found on this machine; plug one in, or use --source with a file or an address"
    return "found: " + ", ".join(f"{index} ({name})" for index, name in cameras.items())
