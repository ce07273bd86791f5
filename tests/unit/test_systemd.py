"""Signs of life on a socket, as systemd hears them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from realtime_micacl import systemd
from realtime_micacl.errors import StageFailed
from realtime_micacl.systemd import Notifier
from realtime_micacl.types import Scene, State


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)
        yield heard


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [50.0]
    monkeypatch.setattr(systemd, "monotonic", lambda: now_s[0])
    return now_s


def heard(ear: socket.socket) -> list[str]:
    texts = []
    while True:
        try:
            texts.append(ear.recv(4096).decode())
        except BlockingIOError:
            return texts


def session(state: State, **more: Any) -> Any:
    scenes = SimpleNamespace(peek=lambda: Scene(0.0, None, (), state, more.get("detail", "")))
    return SimpleNamespace(scenes=scenes, running=more.get("running", True), fault=more.get("fault"))


def test_it_is_ready_once_says_its_state_and_is_alive_twice_per_period(ear: socket.socket, clock: list[float]) -> None:
    environ = {"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "4000000"}
    running = session(State.LIVE)
    with Notifier([running], environ) as notifier:
        for tenth in range(51):
            clock[0] = 50 + tenth / 10
            notifier.tick()
            if tenth == 30:
                running.scenes.peek = lambda: Scene(0.0, None, (), State.RECONNECTING, "attempt 1")
    texts = heard(ear)
    assert texts[0] == "STATUS=live\nREADY=1"
    assert texts.count("WATCHDOG=1") == 3
    assert [t for t in texts[1:] if t.startswith("STATUS")] == ["STATUS=reconnecting attempt 1"]
    assert texts[-1] == "STOPPING=1"


@pytest.mark.parametrize("how", [{"fault": StageFailed("x")}, {"running": False}])
def test_a_session_that_failed_is_not_called_alive(ear: socket.socket, clock: list[float], how: dict[str, Any]) -> None:
    environ = {"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "1"}
    with Notifier([session(State.FAILED, **how)], environ) as notifier:
        notifier.tick()
    assert "WATCHDOG=1" not in heard(ear)


def test_of_several_it_is_said_how_many_are_how_and_one_that_runs_is_life(ear: socket.socket) -> None:
    running = [session(State.LIVE), session(State.FAILED, fault=StageFailed("x")), session(State.LIVE)]
    with Notifier(running, {"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "1"}) as notifier:
        notifier.tick()
    texts = heard(ear)
    assert texts[0] == "STATUS=1 failed, 2 live\nREADY=1"
    assert "WATCHDOG=1" in texts


def test_nobody_is_told_where_nobody_asked_and_a_dead_socket_is_no_error(tmp_path: Path) -> None:
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        with Notifier([session(State.LIVE)], environ) as notifier:
            notifier.tick()
