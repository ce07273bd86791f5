"""Frames from webcams, by OpenCV (V4L2, AVFoundation, Media Foundation)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import cv2
import numpy as np

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.types import Frame

WIDTH_PX, HEIGHT_PX, RATE_HZ = 1280, 720, 30
MISSES = 10  # reads that give no picture before the camera counts as lost
BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_MSMF}


def list_cameras(devices: Path = Path("/sys/class/video4linux")) -> dict[int, str]:
    """Return index -> name of the cameras; outside Linux each index is tried, and the names are not known."""
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
    """Raise SourceError where Linux knows of no such camera; elsewhere only opening it tells."""
    if sys.platform == "linux" and not Path(f"/dev/video{index}").exists():
        raise SourceError(f"no camera {index}: {_known()}")


def read_camera(index: int, capture: Any = cv2.VideoCapture) -> Iterator[Frame]:
    """Yield a camera's frames with their capture times until it is lost: then raise SourceLost.

    `capture` stands for cv2.VideoCapture. Raise SourceError where there is no such camera or it gives no picture.
    """
    device = capture(index, BACKENDS.get(sys.platform, cv2.CAP_ANY))
    try:
        if not device.isOpened():
            raise SourceError(f"camera {index} cannot be opened; another program may hold it. {_known()}")
        device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))  # raw 720p does not fit through USB 2
        device.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH_PX)
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT_PX)
        device.set(cv2.CAP_PROP_FPS, RATE_HZ)
        device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        yield from _frames(device, index)
    finally:
        device.release()


def _frames(device: Any, camera: int) -> Iterator[Frame]:
    index = misses = 0
    while True:
        taken = device.grab()
        time_s = monotonic()
        ok, picture = device.retrieve() if taken else (False, None)
        if not ok or picture is None or picture.ndim != 3:
            misses += 1
            if misses >= MISSES:
                raise SourceLost(f"camera {camera} gives no picture{' any more' if index else ''}")
            sleep(0.02)
            continue
        misses = 0
        image = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
        image.flags.writeable = False
        yield Frame(image, time_s, index)
        index += 1


def _linux_cameras(devices: Path) -> dict[int, str]:
    """Read the names that the kernel gives; of the nodes of one camera the first takes pictures."""
    found: dict[int, str] = {}
    for node in sorted(devices.glob("video*"), key=lambda path: int(path.name[5:])):
        number = node / "index"
        if not number.is_file() or number.read_text().strip() == "0":
            found[int(node.name[5:])] = (node / "name").read_text().strip()
    return found


def _known() -> str:
    cameras = list_cameras()
    if not cameras:
        return "no camera was found on this machine; plug one in, or use --source with a file or an address"
    return "found: " + ", ".join(f"{index} ({name})" for index, name in cameras.items())
