"""A stand-in for a webcam that is unplugged, hangs, raises, and lies about size, time and rate."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources import camera as camera_module
from realtime_micacl.live.sources.camera import Webcam
from realtime_micacl.live.sources.source import reconnecting
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import EmotionDistribution, Event, State
from tests.fault.conftest import Watched, until

LIMIT_S = 10.0


class Plug:
    """A USB port: what cv2.VideoCapture finds there, and what the kernel says of it."""

    def __init__(self, devices: Path) -> None:
        self.devices = devices
        self.fault = ""
        self.hanging = threading.Event()
        self.picture = np.zeros((90, 160, 3), np.uint8)
        self.opened: list[int] = []
        self.plugged: dict[int, object] = {}

    def plug(self, number: int, name: str = "Desk") -> None:
        node = self.devices / f"video{number}"
        node.mkdir()
        (node / "name").write_text(name)
        self.plugged[number] = object()

    def unplug(self, number: int) -> None:
        shutil.rmtree(self.devices / f"video{number}")
        del self.plugged[number]

    def __call__(self, index: int, backend: int) -> Device:
        self.opened.append(index)
        return Device(self, index)


class Device:
    """Behaves as cv2.VideoCapture does, faults included; what it says of itself is wrong."""

    def __init__(self, plug: Plug, index: int) -> None:
        self._plug, self._index, self._own = plug, index, plug.plugged.get(index)

    def isOpened(self) -> bool:  # OpenCV's name
        return self._own is not None

    def set(self, key: int, value: float) -> bool:
        return True  # and does nothing of the kind

    def get(self, key: int) -> float:
        return float("nan") if key == cv2.CAP_PROP_FPS else -1.0

    def grab(self) -> bool:
        time.sleep(0.02)
        if self._plug.fault == "hangs":
            self._plug.hanging.wait(20)
        if self._plug.fault == "raises":
            raise cv2.error("VIDIOC_DQBUF: No such device")
        return self._plug.plugged.get(self._index) is self._own

    def retrieve(self) -> tuple[bool, Any]:
        if self._plug.fault == "empty":
            return True, np.zeros((0, 0, 3), np.uint8)
        return True, self._plug.picture.copy()

    def release(self) -> None:
        pass


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plug]:
    monkeypatch.setattr("sys.platform", "linux")
    made = Plug(tmp_path)
    made.plug(0)
    yield made
    made.hanging.set()


@pytest.fixture
def watched(port: Plug, watch: Callable[..., Watched]) -> Watched:
    webcam = Webcam(0, port, port.devices)
    return watch(reconnecting(webcam.frames, webcam.plugged))


@pytest.mark.fault("R6")
def test_unplugged_and_plugged_in_again_under_another_number(
    port: Plug, watched: Watched, measured: Callable[[str], None]
) -> None:
    with watched.session:
        watched.reads()
        port.unplug(0)
        port.plug(0, "Door")  # somebody else's camera takes its number
        gone_s = watched.reaches(State.RECONNECTING, timeout_s=LIMIT_S)
        until(lambda: watched.session.look().newest.attempt >= 3, LIMIT_S)  # type: ignore[union-attr]
        port.plug(3)
        back_s = watched.reads(1, timeout_s=LIMIT_S)
    assert set(port.opened) == {0, 3}
    assert port.opened[-1] == 3
    measured(f"unplugged: after {gone_s:.2f} s, back {back_s:.2f} s after it was plugged in under another number")


@pytest.mark.fault("R6")
@pytest.mark.parametrize("fault", ["raises", "empty"])
def test_a_driver_that_fails_is_opened_again(
    port: Plug, watched: Watched, fault: str, measured: Callable[[str], None]
) -> None:
    with watched.session:
        watched.reads()
        port.fault = fault
        watched.reaches(State.RECONNECTING, timeout_s=LIMIT_S)
        port.fault = ""
        back_s = watched.reads(1, timeout_s=LIMIT_S)
    measured(f"a read that {fault.replace('empty', 'gives an empty picture')}: back after {back_s:.2f} s")


@pytest.mark.fault("R6", "R24")
def test_a_read_that_hangs_is_stalled_and_cannot_hold_the_exit(
    port: Plug, watched: Watched, measured: Callable[[str], None]
) -> None:
    with watched.session:
        watched.reads()
        port.fault = "hangs"
        stalled_s = watched.reaches(State.STALLED, timeout_s=LIMIT_S)
        asked_s = time.monotonic()
    left_s = time.monotonic() - asked_s
    assert watched.session.stuck == ["capture"]
    port.hanging.set()
    until(lambda: not watched.session.running)
    measured(f"a read that hangs: stalled after {stalled_s:.1f} s, left {left_s:.1f} s after being asked to end")


@pytest.mark.fault("R6")
def test_a_read_that_hangs_for_a_while_comes_back(
    port: Plug, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_module, "LOST_S", 0.2)
    with watched.session:
        watched.reads()
        port.fault = "hangs"
        watched.reaches(State.STALLED, timeout_s=LIMIT_S)
        port.fault = ""
        port.hanging.set()
        watched.reads()
    assert watched.states[:4] == [State.STARTING, State.LIVE, State.STALLED, State.LIVE]


@pytest.mark.fault("R6")
def test_pictures_of_changing_size_reach_the_real_analysis(port: Plug, clips: Path) -> None:
    pictures = [frame.image[:, :, ::-1] for frame in islice(read_file(clips / "one_face_720p.mp4"), 60)]
    sizes = ((1280, 720), (640, 360), (960, 540), (1, 1))
    got: list[Event] = []

    def readings() -> int:
        return sum(isinstance(event, EmotionDistribution) for event in list(got))

    webcam = Webcam(0, port, port.devices)
    opens = openers(Settings(), *read_sidecar(default_engine()))
    with LiveSession(reconnecting(webcam.frames), *opens, [got.append]) as running:
        for size in (*sizes, sizes[0]):
            before, number = readings(), 0
            deadline_s = time.monotonic() + 30
            while readings() < before + 3 and not (size == (1, 1) and number > 30):
                port.picture = cv2.resize(pictures[number % 60], size)
                number += 1
                time.sleep(0.03)
                assert time.monotonic() < deadline_s, f"no reading at {size}"
        assert running.look().failures["perceive"] == 0
        assert running.fault is None
