"""An address that gives one picture at a time, on a clock of the test's own."""

from __future__ import annotations

import errno
import io
from collections.abc import Callable, Iterator
from threading import Event
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.live.sources import polled as module
from realtime_micacl.live.sources.connection import Connection, Way
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.polled import RATE_HZ, is_picture, polled
from realtime_micacl.types import Frame

Answer = bytes | Exception


class Camera:
    """Answers each time with what is due by then; it knows when it was asked, and it may be slow."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Callable[[float], Answer], takes_s: float = 0.0):
        self.now_s, self.asked_s, self._answer, self._takes_s = 0.0, list[float](), answer, takes_s
        monkeypatch.setattr(module, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(module, "sleep", self._passes)

    def _passes(self, seconds: float) -> None:
        self.now_s += seconds

    def __call__(self) -> Connection:
        self.asked_s.append(self.now_s)
        self._passes(self._takes_s)
        answer = self._answer(self.now_s)

        def pipe() -> io.BytesIO:
            if isinstance(answer, Exception):
                raise answer
            return io.BytesIO(answer)

        return Connection(Way("snap", "snap", {}, 0, 0, form="jpeg_pipe", pipe=pipe))

    def frames(self, until_s: float, rate_hz: float = RATE_HZ) -> Iterator[tuple[float, Frame | None]]:
        """Yield when each item came, and its picture, where it has one."""
        for item in polled(self, rate_hz, "snap"):
            yield self.now_s, None if isinstance(item, Pending) else item
            if self.now_s > until_s:
                return


def jpeg(shade: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((16, 16, 3), shade, np.uint8))[1])


PICTURES = [jpeg(shade) for shade in range(0, 250, 5)]
LOST = av.error.ConnectionRefusedError(errno.ECONNREFUSED, "refused")


@pytest.mark.parametrize("rate_hz", [0.5, 2.0, RATE_HZ])
def test_it_is_asked_so_many_times_a_second_and_who_reads_may_stop_in_between(
    monkeypatch: pytest.MonkeyPatch, rate_hz: float
) -> None:
    camera = Camera(monkeypatch, lambda now_s: PICTURES[int(now_s) % 2])
    came_s = [at_s for at_s, _ in camera.frames(4.0, rate_hz)]
    assert np.diff(camera.asked_s) == pytest.approx(1 / rate_hz)
    assert max(np.diff(came_s)) < 0.5


def test_of_a_camera_that_has_a_new_picture_five_times_a_second_none_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(monkeypatch, lambda now_s: PICTURES[int(now_s * 5 + 0.5)])
    assert sum(frame is not None for _, frame in camera.frames(4.0)) >= 20
    assert len(camera.asked_s) < 200, "which is no attack on it either"


def test_after_a_slow_answer_nothing_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(monkeypatch, lambda now_s: PICTURES[int(now_s)], takes_s=1.5)
    list(camera.frames(12.0))
    assert min(np.diff(camera.asked_s)) >= 1.5, "never while the one before is on its way"


def test_who_reads_may_stop_while_a_slow_camera_gives_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(monkeypatch, lambda now_s: PICTURES[0] if now_s < 6.0 else LOST, takes_s=0.15)
    assert max(np.diff([at_s for at_s, _ in camera.frames(4.0)])) < 0.5


def test_the_same_picture_is_given_once_and_after_a_second_as_a_photograph(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(monkeypatch, lambda _: PICTURES[0])
    frames = [frame for _, frame in camera.frames(4.0) if frame]
    assert [(frame.index, frame.still) for frame in frames] == [(0, False), (1, True)]
    assert 0.5 < frames[1].time_s - frames[0].time_s < 3.0


def test_what_has_changed_once_is_no_photograph(monkeypatch: pytest.MonkeyPatch) -> None:
    camera = Camera(monkeypatch, lambda now_s: PICTURES[0 if now_s < 0.5 else 1])
    assert [frame.still for _, frame in camera.frames(4.0) if frame] == [False, False]


def test_it_is_lost_after_some_silence_and_not_after_one_answer_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    away = [(1.0, 2.0), (3.0, 99.0)]

    def answer(now_s: float) -> Answer:
        return LOST if any(start <= now_s < end for start, end in away) else PICTURES[int(now_s * 5)]

    camera = Camera(monkeypatch, answer)
    frames = []
    with pytest.raises(SourceLost, match="snap was lost: "):
        frames += [frame for _, frame in camera.frames(60.0) if frame]
    assert 4.0 < camera.now_s < 8.0


def test_while_a_picture_is_on_its_way_who_reads_may_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAKE_S", 0.01)
    comes = Event()
    Camera(monkeypatch, lambda _: PICTURES[0])  # its clock

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            comes.wait()
            return super().read(size)

    way = Way("snap", "snap", {}, 0, 0, form="jpeg_pipe", pipe=lambda: Slow(PICTURES[0]))
    items = polled(lambda: Connection(way), RATE_HZ, "snap")
    assert isinstance(next(items), Pending)
    comes.set()
    assert isinstance(next(item for item in items if not isinstance(item, Pending)), Frame)


def test_a_picture_that_is_too_large_to_be_asked_for_all_the_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", len(PICTURES[0]) - 1)
    camera = Camera(monkeypatch, lambda _: PICTURES[0])
    with pytest.raises(SourceError, match="smaller"):
        list(camera.frames(4.0))
    assert len(camera.asked_s) == 1


@pytest.mark.parametrize(
    ("form", "codec", "came", "over", "one"),
    [
        ("image2", "mjpeg", 1, True, True),
        ("png_pipe", "png", 1, False, True),
        ("jpeg_pipe", "mjpeg", 2, True, True),  # one with a second one behind it, as some cameras make
        ("jpeg_pipe", "mjpeg", 2, False, False),
        ("mpjpeg", "mjpeg", 1, False, False),
        ("image2", "h264", 1, False, False),
    ],
)
def test_a_single_picture_is_told_from_a_stream_of_them(
    form: str, codec: str, came: int, over: bool, one: bool
) -> None:
    video = SimpleNamespace(codec_context=SimpleNamespace(name=codec))
    container = SimpleNamespace(format=SimpleNamespace(name=form), streams=SimpleNamespace(video=[video]))
    packets = [object()] * came
    connection: Any = SimpleNamespace(
        container=container, over=over, wait=lambda *_, **__: True, waiting=lambda: packets
    )
    assert is_picture(connection) is one
