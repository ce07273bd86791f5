"""Bad lines to a network camera: what is lost, late, slow or damaged on the way."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from realtime_micacl.types import State
from tests.fault.conftest import RtspServer, Watched, until
from tests.fault.proxy import Proxy
from tests.fault.test_rtsp import LIMIT_S, newest_age_s, stream


@pytest.mark.fault("R5")
@pytest.mark.parametrize("loss", [0.01, 0.2])
def test_datagrams_that_are_lost_do_no_harm(
    rtsp: RtspServer, watch: Callable[..., Watched], measured: Callable[[str], None], loss: float
) -> None:
    with Proxy(rtsp.port) as line:
        watched = watch(stream(line.port, "rtspu"))
        with watched.session as running:
            watched.reads()
            line.loss = loss
            until(lambda: line.lost > 20)
            during_s = watched.reads(75)
            line.loss = 0.0
            watched.reads(10)
            assert newest_age_s(watched) < 2.0
            ages_s = [r.latency_s or 0.0 for r in watched.readings]
    assert max(ages_s) < 2.0
    lost = f"UDP, {loss:.0%} lost: {line.lost} datagrams, {running.look().damaged} damaged left out"
    measured(f"{lost}, 75 readings in {during_s:.1f} s")


@pytest.mark.fault("R2")
def test_a_line_that_loses_all_is_stalled_and_comes_back(rtsp: RtspServer, watch: Callable[..., Watched]) -> None:
    """The connection that steers the stream stays whole: silence alone tells."""
    with Proxy(rtsp.port) as line:
        watched = watch(stream(line.port, "rtspu"))
        with watched.session:
            watched.reads()
            line.loss = 1.0
            watched.reaches(State.STALLED, State.RECONNECTING, timeout_s=LIMIT_S)
            line.loss = 0.0
            watched.reads(timeout_s=20.0)


@pytest.mark.fault("R2", "R8")
def test_a_line_too_slow_never_shows_the_past(
    rtsp: RtspServer, watch: Callable[..., Watched], measured: Callable[[str], None]
) -> None:
    """What is late is left out, and a stream that has fallen behind is opened anew."""
    with Proxy(rtsp.port) as line:
        watched = watch(stream(line.port))
        with watched.session:
            watched.reads(10)
            line.bytes_per_s = 20_000
            watched.reaches(State.STALLED, State.RECONNECTING)
            oldest_s = max(r.latency_s or 0.0 for r in watched.readings)
            line.bytes_per_s = float("inf")
            watched.reaches(State.LIVE)
            watched.reads(10)
            assert newest_age_s(watched) < 2.0
    assert oldest_s < 2.0
    measured(f"oldest frame analysed on a throttled line {oldest_s:.2f} s")


@pytest.mark.fault("R2")
def test_a_delay_on_the_line_does_no_harm(rtsp: RtspServer, watch: Callable[..., Watched]) -> None:
    with Proxy(rtsp.port) as line:
        line.delay_s = 0.02
        watched = watch(stream(line.port))
        with watched.session:
            watched.reads(10)
        assert State.RECONNECTING not in watched.states


@pytest.mark.fault("R5")
@pytest.mark.parametrize("flips", [2e-5, 5e-4])
def test_turned_bits_are_survived(
    rtsp: RtspServer, watch: Callable[..., Watched], measured: Callable[[str], None], long: bool, flips: float
) -> None:
    with Proxy(rtsp.port) as line:
        watched = watch(stream(line.port))
        with watched.session as running:
            watched.reads()
            line.flips = flips
            until(lambda: line.flipped > 200 and (running.look().damaged or State.RECONNECTING in watched.states))
            time.sleep(60.0 if long else 0.0)
            line.flips = 0.0
            watched.reaches(State.LIVE)
            watched.reads(10)
    again = watched.states.count(State.RECONNECTING)
    measured(f"{line.flipped} bits at {flips:g}: {running.look().damaged} damaged left out, opened again {again} times")


class WithSound(Proxy):
    """A camera that lists a microphone, which it lets nobody open."""

    def _damaged(self, chunk: bytes) -> bytes:
        head, end, listed = chunk.partition(b"\r\n\r\n")
        if b"application/sdp" not in head:
            return chunk
        sound = b"m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:microphone\r\n"
        listed = listed.replace(b"m=video", sound + b"m=video", 1)
        return re.sub(rb"(?i)content-length: *\d+", b"Content-Length: %d" % len(listed), head) + end + listed


@pytest.mark.fault("R5")
@pytest.mark.parametrize("scheme", ["rtsp", "rtspu"])
def test_a_camera_whose_sound_cannot_be_had_is_read(
    rtsp: RtspServer, watch: Callable[..., Watched], scheme: str
) -> None:
    with WithSound(rtsp.port) as line:
        watched = watch(stream(line.port, scheme))
        with watched.session:
            watched.reads()
