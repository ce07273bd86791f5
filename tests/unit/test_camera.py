"""Webcam code against a stand-in for cv2.VideoCapture: no machine of ours has a camera."""

from __future__ import annotations

import shutil
import subprocess
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.live.sources import camera
from realtime_micacl.live.sources.camera import Webcam, check_camera, list_cameras, read_camera, why_closed

RED_IN_BGR = np.full((72, 128, 3), (0, 0, 200), np.uint8)


@pytest.fixture
def only_waiting_takes_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    monkeypatch.setattr(camera, "monotonic", lambda: now_s)
    monkeypatch.setattr(camera, "sleep", sleep)


class Device:
    """Behaves as cv2.VideoCapture does: `pictures` are handed out in turn, None is a failed read."""

    def __init__(self, pictures: list[Any], opens: bool = True) -> None:
        self.pictures, self.opens = pictures, opens
        self.released = 0
        self.asked: dict[int, float] = {}

    def __call__(self, index: int, backend: int) -> Device:
        return self

    def isOpened(self) -> bool:  # OpenCV's name
        return self.opens

    def set(self, key: int, value: float) -> bool:
        self.asked[key] = value
        return False  # a camera may lie or refuse

    def grab(self) -> bool:
        return bool(self.pictures)

    def retrieve(self) -> tuple[bool, Any]:
        picture = self.pictures.pop(0)
        if isinstance(picture, Exception):
            raise picture
        return picture is not None, picture

    def release(self) -> None:
        self.released += 1


def test_pictures_are_rgb_read_only_and_timed() -> None:
    device = Device([RED_IN_BGR] * 5)
    frames = list(islice(read_camera(0, device), 5))
    assert frames[0].image[0, 0].tolist() == [200, 0, 0]
    assert not frames[0].image.flags.writeable
    times = [f.time_s for f in frames]
    assert times == sorted(times)
    assert [f.index for f in frames] == list(range(5))


def test_720p_at_30_as_mjpeg_with_the_shortest_queue_is_asked_for() -> None:
    device = Device([RED_IN_BGR])
    next(read_camera(0, device))
    assert device.asked[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    assert device.asked[cv2.CAP_PROP_FRAME_HEIGHT] == 720
    assert device.asked[cv2.CAP_PROP_FPS] == 30
    assert device.asked[cv2.CAP_PROP_BUFFERSIZE] == 1


@pytest.mark.parametrize(
    ("there", "said"), [(True, "camera 3 cannot be opened: .*; no camera"), (False, "no camera 3: ")]
)
def test_a_camera_that_cannot_be_opened_is_a_source_error_and_released(
    there: bool, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "video3").touch()
    monkeypatch.setattr(camera, "node", lambda index: tmp_path / (f"video{index}" if there else "none"))
    monkeypatch.setattr(camera, "list_cameras", dict)
    device = Device([], opens=False)
    with pytest.raises(SourceError, match=said):
        next(read_camera(3, device))
    assert device.released == 1


def test_why_a_camera_is_shut_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = tmp_path / "video0"
    assert why_closed(node) == ""
    node.touch()
    assert why_closed(node) == ""
    with node.open() as file, subprocess.Popen(["sleep", "60"], stdin=file) as other:
        assert why_closed(node) == f"sleep (process {other.pid}) is using it; end that first"
        other.kill()
    with monkeypatch.context() as without_proc:
        without_proc.setattr("psutil.PROCFS_PATH", str(tmp_path / "proc"))
        assert why_closed(node) == ""
    monkeypatch.setattr("os.access", lambda *_: False)
    assert why_closed(node).endswith("sudo usermod -aG video $USER, then log in again")


@pytest.mark.usefixtures("only_waiting_takes_time")
def test_a_camera_without_pictures_and_one_that_is_unplugged() -> None:
    with pytest.raises(SourceLost, match=r"camera 0 delivers no picture$"):
        next(read_camera(0, Device([])))
    device = Device([RED_IN_BGR] * 3)
    with pytest.raises(SourceLost, match="any more"):
        list(read_camera(0, device))
    assert device.released == 1


@pytest.mark.usefixtures("only_waiting_takes_time")
def test_a_few_failed_reads_and_a_change_of_size_do_no_harm() -> None:
    small = np.zeros((48, 64, 3), np.uint8)
    device = Device([RED_IN_BGR, *[None] * 9, small, np.zeros((48, 64), np.uint8), RED_IN_BGR])
    sizes = [f.image.shape for f in islice(read_camera(0, device), 3)]
    assert sizes == [(72, 128, 3), (48, 64, 3), (72, 128, 3)]


def test_a_driver_that_raises_counts_as_lost() -> None:
    device = Device([RED_IN_BGR, cv2.error("unplugged")])
    with pytest.raises(SourceLost, match="camera 0 failed"):
        list(read_camera(0, device))
    assert device.released == 1


def test_closing_releases_the_camera() -> None:
    device = Device([RED_IN_BGR] * 9)
    frames = read_camera(0, device)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert device.released == 1


def plug(devices: Path, node: str, name: str, index: str = "0") -> None:
    (devices / node).mkdir()
    (devices / node / "name").write_text(name + "\n")
    (devices / node / "index").write_text(index + "\n")


@pytest.mark.usefixtures("only_waiting_takes_time")
def test_a_webcam_is_found_again_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    opened: list[int] = []

    def capture(index: int, backend: int) -> Device:
        opened.append(index)
        return Device([RED_IN_BGR] * 3)

    plug(tmp_path, "video0", "Desk")
    plug(tmp_path, "video1", "Desk", "1")
    webcam = Webcam(0, capture, tmp_path)
    assert webcam.plugged()
    with pytest.raises(SourceLost):
        list(webcam.frames())
    shutil.rmtree(tmp_path / "video0")
    shutil.rmtree(tmp_path / "video1")
    assert not webcam.plugged()
    plug(tmp_path, "video0", "Door")  # another camera takes its number
    assert not webcam.plugged()
    with pytest.raises(SourceLost, match=r"camera 0 \(Desk\) is not plugged in"):
        next(webcam.frames())
    plug(tmp_path, "video5", "Desk", "1")
    plug(tmp_path, "video4", "Desk")
    assert webcam.plugged()
    assert len(list(islice(webcam.frames(), 3))) == 3
    assert opened == [0, 4]


def test_linux_names_are_read_and_metadata_nodes_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for node, name, index in (("video0", "Integrated", "0"), ("video1", "Integrated", "1"), ("video10", "USB", "0")):
        plug(tmp_path, node, name, index)
    assert list_cameras(tmp_path) == {0: "Integrated", 10: "USB"}
    assert list_cameras(tmp_path / "none") == {}


def test_a_camera_linux_does_not_know_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(SourceError, match="no camera 98"):
        check_camera(98)


@pytest.mark.parametrize(
    ("begins_s", "silent_s", "lost"), [(0.0, 2.0, False), (0.0, 15.0, True), (1.0, 0.3, False), (1.0, 2.0, True)]
)
def test_a_camera_may_take_seconds_to_begin_but_not_later_on(
    begins_s: float, silent_s: float, lost: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now_s = 0.0

    class Silent(Device):
        def grab(self) -> bool:
            nonlocal now_s
            now_s += 0.1
            return not begins_s <= now_s < begins_s + silent_s

    monkeypatch.setattr(camera, "monotonic", lambda: now_s)
    monkeypatch.setattr(camera, "sleep", lambda _: None)
    caplog.set_level("INFO")
    frames = read_camera(0, Silent([RED_IN_BGR] * 99))
    if lost:
        with pytest.raises(SourceLost):
            list(islice(frames, 40))
    else:
        assert len(list(islice(frames, 40))) == 40
        assert [record.levelname for record in caplog.records] == ["INFO"], "what it gives is said once"
    frames.close()  # type: ignore[attr-defined]


def test_outside_linux_the_first_numbers_are_tried_and_none_is_refused_unopened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[int] = []

    class Two(Device):
        def __init__(self, index: int, _: int) -> None:
            tried.append(index)
            super().__init__([], opens=index in (0, 4))

    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr(cv2, "VideoCapture", Two)
    assert list_cameras() == {0: "camera 0", 4: "camera 4"}
    assert len(tried) < 20, "each takes its time"
    check_camera(77)
    with pytest.raises(SourceError, match=r"found: 0 \(camera 0\), 4"):
        next(read_camera(7, Device([], opens=False)))
    monkeypatch.setattr(cv2, "VideoCapture", lambda *_: Device([], opens=False))
    with pytest.raises(SourceError, match="no camera was found"):
        next(read_camera(7, Device([], opens=False)))


def test_where_the_system_names_no_camera_a_number_is_enough(tmp_path: Path) -> None:
    webcam = Webcam(3, Device([RED_IN_BGR] * 3), tmp_path)
    assert len(list(islice(webcam.frames(), 2))) == 2
