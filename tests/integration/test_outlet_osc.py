"""OSC as it arrives, read by a parser of our own: another implementation than the one that writes."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from realtime_micacl.outlets.address import Peer
from realtime_micacl.outlets.osc import BEAT_S, Osc, Style
from realtime_micacl.outlets.thread import OutletThread
from realtime_micacl.types import EMOTIONS, State, StateChange
from tests.e2e.ears import parsed
from tests.unit.test_slots import about, reading

Found = dict[str, tuple[float, ...]]


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5.0)
        yield receiver


@pytest.fixture
def posted() -> Iterator[Callable[..., OutletThread]]:
    made: list[OutletThread] = []

    def make(host: str, port: int, style: Style = "plain", **changes: Any) -> OutletThread:
        made.append(OutletThread(Osc(Peer(host, port), style, about(slots=2, **changes))))
        return made[-1]

    yield make
    for sink in made:
        sink.close()
        assert sink.wait(2.0)


def until(ear: socket.socket, true: Callable[[Found], bool]) -> Found:
    """Read until what was said last of each address is so."""
    now, deadline_s = Found(), time.monotonic() + 5.0
    while not true(now):
        assert time.monotonic() < deadline_s, now
        now |= parsed(ear.recv(1 << 16))
    return now


def test_all_addresses_are_there_from_the_start_and_zero_while_nobody_is(
    ear: socket.socket, posted: Callable[..., OutletThread]
) -> None:
    posted("127.0.0.1", ear.getsockname()[1])
    face = ("found", *EMOTIONS, "leading", "quality", "track")
    names = {f"/face/{slot}/{name}" for slot in (1, 2) for name in face} | {"/live", "/faces"}
    now = until(ear, lambda now: len(now) >= len(names))
    assert set(now) == names
    assert set(now.values()) == {(0.0,)}


def test_a_reading_is_sent_at_once_and_what_is_over_is_zero_at_once(
    ear: socket.socket, posted: Callable[..., OutletThread]
) -> None:
    sink = posted("127.0.0.1", ear.getsockname()[1])
    until(ear, lambda now: "/faces" in now)
    sent_s = time.monotonic()
    sink(StateChange(sent_s, None, State.LIVE))
    sink(reading(7, sent_s, slot=2))
    now = until(ear, lambda now: now.get("/face/2/found") == (1.0,))
    assert time.monotonic() - sent_s < BEAT_S
    assert (now["/face/2/track"], now["/face/2/leading"]) == ((7.0,), (float(EMOTIONS.index("sad") + 1),))
    assert now["/face/2/fear"] == (pytest.approx(1 / 7),)
    now = until(ear, lambda now: now.get("/faces") == (1.0,))
    assert now["/live"] == (1.0,)
    sink(StateChange(time.monotonic(), 7, State.LOW_QUALITY, "dark", slot=2))
    now = until(ear, lambda now: now.get("/face/2/found") == (0.0,))
    assert now["/face/2/fear"] == (0.0,)
    sink(reading(7, time.monotonic(), slot=2))
    until(ear, lambda now: now.get("/face/2/found") == (1.0,))
    sink(StateChange(time.monotonic(), None, State.STALLED))
    now = until(ear, lambda now: now.get("/face/2/found") == (0.0,) and now.get("/live") == (0.0,))


def test_a_reading_that_nothing_follows_is_zero_after_two_seconds(
    ear: socket.socket, posted: Callable[..., OutletThread]
) -> None:
    sink = posted("127.0.0.1", ear.getsockname()[1], stale_s=0.5)
    sink(reading(7, time.monotonic(), slot=1))
    until(ear, lambda now: now.get("/face/1/found") == (1.0,))
    until(ear, lambda now: now.get("/face/1/found") == (0.0,))


def test_wekinator_gets_one_message_of_seven_floats_of_the_first_slot(
    ear: socket.socket, posted: Callable[..., OutletThread]
) -> None:
    sink = posted("127.0.0.1", ear.getsockname()[1], "wekinator")
    assert parsed(ear.recv(1 << 16)) == {"/wek/inputs": (0.0,) * 7}
    sink(reading(1, time.monotonic(), slot=2))
    sink(reading(1, time.monotonic(), slot=1))
    until(ear, lambda now: now.get("/wek/inputs", (0.0,))[0] == pytest.approx(1 / 7))


def test_vrchat_gets_parameters_of_an_avatar(ear: socket.socket, posted: Callable[..., OutletThread]) -> None:
    sink = posted("127.0.0.1", ear.getsockname()[1], "vrchat")
    sink(reading(1, time.monotonic(), slot=1))
    root = "/avatar/parameters/Micacl/"
    now = until(ear, lambda now: now.get(f"{root}Found") == (1.0,) and len(now) == 8)
    assert set(now) == {root + name for name in ("Found", *(emotion.title() for emotion in EMOTIONS))}


@pytest.mark.fault("R19")
def test_nobody_need_listen_and_a_host_that_is_not_there_is_told_and_tried_again(
    ear: socket.socket, posted: Callable[..., OutletThread], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = ear.getsockname()[1]
    deaf = posted("127.0.0.1", 9)
    away, found = [True], socket.getaddrinfo

    def looked_up(host: str, *rest: Any, **more: Any) -> Any:
        if host == "td.local" and away[0]:
            raise socket.gaierror(-2, "Name or service not known")
        return found("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    sink = posted("td.local", port)
    deadline_s = time.monotonic() + 5.0
    while not sink.notice:
        deaf(reading(1, time.monotonic(), slot=1))
        sink(reading(1, time.monotonic(), slot=1))
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert sink.notice == f"OSC cannot reach td.local:{port}: Name or service not known"
    away[0] = False
    until(ear, lambda now: "/faces" in now)
    while sink.notice:
        assert time.monotonic() < deadline_s + 5.0
        time.sleep(0.01)
    assert sink.dropped > 0
    assert (deaf.notice, deaf.dropped) == ("", 0)
