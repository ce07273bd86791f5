"""What a stream's pictures are taken for: a recording or a camera, when each was taken, and when it was lost."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from realtime_micacl.live.sources import stream as module
from realtime_micacl.live.sources.stream import Stream
from realtime_micacl.types import Frame
from tests.unit.stream_double import Peer, read

HTTP, RTSP, TCP = "http://127.0.0.1:9/v", "rtsp://127.0.0.1:9/v", "tcp://127.0.0.1:9"
BROKEN = OSError("reset")


def at_once(seconds: float, first_s: float = 0.0, hz: int = 2) -> list[tuple[float, float]]:
    return [(first_s + n / hz, 100.0) for n in range(round(seconds * hz))]


def steady(seconds: float, hz: int = 10, late_s: tuple[float, ...] = (0.0,)) -> list[tuple[float, float]]:
    return [(n / hz, 100.0 + n / hz + late_s[n % len(late_s)]) for n in range(round(seconds * hz))]


def lasts_s(frames: list[Frame]) -> float:
    return frames[-1].time_s - frames[0].time_s


@pytest.mark.parametrize(
    ("value", "form", "sends_too_fast", "paced"),
    [
        (HTTP, "mpegts", False, False),
        (HTTP, "mpegts", True, True),
        (TCP, "mpegts", True, True),
        (RTSP, "rtsp", True, False),
        (HTTP, "mpjpeg", True, False),
        (HTTP, "hls", False, True),
    ],
)
def test_what_is_handed_out_faster_than_it_was_taken_is_played_at_its_rate(
    peer: Peer, value: str, form: str, sends_too_fast: bool, paced: bool
) -> None:
    peer.sends_too_fast, peer.rounds, peer.answers = sends_too_fast, [at_once(2.0)], partial(peer.connection, form)
    assert (lasts_s(read(Stream(value, "door"))[0]) > 1.4) is paced


def test_a_camera_that_empties_its_buffer_after_a_loss_is_no_file(peer: Peer) -> None:
    peer.answers, peer.rounds = peer.connection, [steady(1.0), at_once(2.0)]
    stream = Stream(HTTP, "door")
    read(stream)
    peer.sends_too_fast = True
    assert lasts_s(read(stream)[0]) < 0.5


@pytest.mark.parametrize(
    ("value", "stamped", "paced"), [(HTTP, True, True), (HTTP, False, False), (RTSP, True, False), ("-", True, True)]
)
def test_one_that_goes_on_too_fast_is_played_at_its_rate_from_then_on(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, value: str, stamped: bool, paced: bool
) -> None:
    monkeypatch.setattr(module.TooFast, "now", lambda _, pts_s, came_s: pts_s >= 1.0)
    peer.answers, peer.rounds = partial(peer.connection, stamped=stamped), [at_once(4.0)]
    assert (lasts_s(read(Stream(value, "door"))[0]) > 2.0) is paced


@pytest.mark.parametrize(("stamped", "even"), [(True, True), (False, False)])
def test_a_camera_that_stamps_its_pictures_is_believed_and_another_one_is_not(
    peer: Peer, stamped: bool, even: bool
) -> None:
    """Where FFmpeg made up the stamps, as of motion JPEG, what came late was taken late."""
    peer.answers, peer.rounds = partial(peer.connection, stamped=stamped), [steady(4.0, late_s=(0.0, 0.06))]
    steps_s = np.diff([frame.time_s for frame in read(Stream(RTSP, "door"))[0]])
    assert bool(np.ptp(steps_s) < 0.05) is even


def reading_slowly(peer: Peer, pauses_s: dict[int, float]) -> tuple[list[float], str]:
    """Read a camera with pauses after some of its pictures; return how old each picture was, and why it was lost."""
    ages_s = []
    try:
        for item in Stream(RTSP, "door").frames():
            if isinstance(item, Frame):
                ages_s.append(peer.now_s - item.time_s)
                peer.now_s += pauses_s.get(item.index, 0.0)
    except module.SourceLost as cause:
        return ages_s, str(cause)
    return ages_s, ""


def test_after_a_pause_what_is_stale_is_left_out_and_what_is_a_little_late_is_not(peer: Peer) -> None:
    peer.answers, peer.rounds = peer.connection, [steady(9.0)]
    ages_s, why = reading_slowly(peer, {10: 0.6, 30: 4.0})
    assert why == "door ended"
    assert max(ages_s[:30]) > 0.4, "half a second is shown"
    assert max(ages_s) < 2.0
    assert 40 < len(ages_s) < 75


def test_a_camera_that_cannot_be_kept_up_with_is_left_after_a_moment(peer: Peer) -> None:
    peer.answers, peer.rounds, peer.costs_s = peer.connection, [steady(60.0)], 0.2
    begun_s = peer.now_s
    ages_s, why = reading_slowly(peer, {})
    assert why.startswith("door fell ")
    assert why.endswith(" s behind")
    assert 2.0 < peer.now_s - begun_s < 8.0
    assert max(ages_s) < 2.0


@pytest.mark.parametrize(
    ("measured", "followed"),
    [([0.05, 0.05], 0.05), ([0.05, 0.09], 0.0), ([None, 0.05], 0.0), ([0.05, None], 0.0)],
)
def test_a_camera_whose_clock_seemed_slow_twice_has_a_slow_clock(
    peer: Peer,
    monkeypatch: pytest.MonkeyPatch,
    measured: list[float | None],
    followed: float,
    caplog: pytest.LogCaptureFixture,
) -> None:
    found, drifts = iter(measured), []

    class Clock(module.StreamClock):
        def __init__(self, drift: float) -> None:
            super().__init__(drift)
            drifts.append(drift)

        def measured(self) -> float | None:
            return next(found)

    monkeypatch.setattr(module, "StreamClock", Clock)
    peer.answers, peer.costs_s, stream = peer.connection, 0.2, Stream(RTSP, "door")
    for _ in measured:
        peer.now_s, peer.rounds = 100.0, [steady(60.0)]
        assert "behind" in read(stream)[1]
    peer.costs_s, peer.now_s = 0.0, 100.0
    read(stream)
    assert drifts == [0.0, 0.0, followed]
    assert ("its clock is 5.0 % slow" in caplog.text) is bool(followed)


@pytest.mark.parametrize(
    ("value", "cause", "said"),
    [
        (RTSP, None, "door ended"),
        (RTSP, BROKEN, "door was lost: OSError"),
        ("-", None, ""),
        ("/tmp/fifo", None, "door ended"),
    ],
)
def test_what_ends_was_lost_but_for_a_pipe_that_nobody_can_open_again(
    peer: Peer, value: str, cause: Exception | None, said: str
) -> None:
    peer.answers, peer.rounds = partial(peer.connection, cause=cause), [steady(1.0)]
    assert read(Stream(value, "door"))[1] == said


def test_a_camera_that_falls_silent_again_and_again_is_given_more_time(peer: Peer) -> None:
    """It may take a picture every few seconds; one that was steady is given up sooner again."""
    peer.answers = partial(peer.connection, "mpjpeg", stamped=False, codec="h264")
    few, many = ([(0.0, peer.now_s)] * count for count in (module.STEADY - 1, module.STEADY))
    peer.rounds = [few, few, few, few, many, few, few]
    stream = Stream(HTTP, "door")
    for _ in range(7):
        read(stream)
    assert peer.patience_s == [2.0, 4.0, 8.0, 15.0, 15.0, 2.0, 4.0]
