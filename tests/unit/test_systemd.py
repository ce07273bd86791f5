"""Signs of life on a socket, as systemd hears them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from realtime_micacl.errors import StageFailed
from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.programs import systemd
from realtime_micacl.programs.systemd import Notifier, well
from realtime_micacl.types import Frame, Retry, Scene, State

NOW_S = 1000.0


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)
        yield heard


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [NOW_S]
    monkeypatch.setattr(systemd, "monotonic", lambda: now_s[0])
    return now_s


def heard(ear: socket.socket) -> list[str]:
    texts = []
    while True:
        try:
            texts.append(ear.recv(4096).decode())
        except BlockingIOError:
            return texts


def session(state: State | None = State.LIVE, *, scene_age_s: float = 0.0, newest: Any = None, **more: Any) -> Any:
    scene = Scene(NOW_S - scene_age_s, None, (), state) if state else None
    now = Snapshot(now_s=NOW_S, newest=newest, scene=scene, **more)
    return SimpleNamespace(look=lambda: now)


def frame(age_s: float) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), NOW_S - age_s, 0)


def test_it_is_ready_once_says_its_state_and_is_alive_twice_per_period(ear: socket.socket, clock: list[float]) -> None:
    environ = {"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "4000000"}
    running = session()
    with Notifier(environ) as notifier:
        for tenth in range(51):
            clock[0] = NOW_S + tenth / 10
            notifier.tick(running)
            if tenth == 30:
                scene = Scene(0.0, None, (), State.RECONNECTING, "attempt 1")
                running.look = lambda scene=scene: Snapshot(now_s=clock[0], scene=scene)
    texts = heard(ear)
    assert texts[0] == "STATUS=live\nREADY=1"
    assert texts.count("WATCHDOG=1") == 3
    assert [t for t in texts[1:] if t.startswith("STATUS")] == ["STATUS=reconnecting attempt 1"]
    assert texts[-1] == "STOPPING=1"


def test_another_session_is_no_new_start(ear: socket.socket, clock: list[float]) -> None:
    with Notifier({"NOTIFY_SOCKET": ear.getsockname()}) as notifier:
        for state in (State.LIVE, State.STARTING):
            clock[0] += 2.0
            notifier.tick(session(state))
        assert heard(ear) == ["STATUS=live\nREADY=1", "STATUS=starting"]


@pytest.mark.parametrize("how", [{"fault": StageFailed("x")}, {"running": False}])
def test_a_session_that_failed_is_not_called_alive(ear: socket.socket, clock: list[float], how: dict[str, Any]) -> None:
    with Notifier({"NOTIFY_SOCKET": ear.getsockname(), "WATCHDOG_USEC": "1"}) as notifier:
        notifier.tick(session(), session(State.FAILED, **how))
        assert "WATCHDOG=1" not in heard(ear)
        notifier.tick(session(), session(State.FAILED, stopping=True, **how))
        assert "WATCHDOG=1" in heard(ear), "a visit that ends is not ill"


def test_of_several_it_is_said_how_many_are_how(ear: socket.socket) -> None:
    with Notifier({"NOTIFY_SOCKET": ear.getsockname()}) as notifier:
        notifier.tick(session(State.LIVE), session(State.RECONNECTING), session(State.LIVE))
    assert heard(ear)[0] == "STATUS=2 live, 1 reconnecting\nREADY=1"


def test_nobody_is_told_where_nobody_asked_and_a_dead_socket_is_no_error(tmp_path: Path) -> None:
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        with Notifier(environ) as notifier:
            notifier.tick(session())


@pytest.mark.parametrize(
    ("one", "is_well"),
    [
        (session(None, newest=frame(0.0)), True),
        (session(scene_age_s=0.1, newest=frame(0.0)), True),
        (session(scene_age_s=4.0, newest=frame(0.0)), True),  # it is opened again
        (session(scene_age_s=40.0, newest=frame(0.0)), False),
        (session(scene_age_s=90.0, newest=frame(40.0)), True),  # no camera: no restart mends that
        (session(scene_age_s=40.0, newest=Retry(1, 0.0, "lost")), True),
        (session(State.PAUSED, scene_age_s=40.0, newest=frame(0.0)), True),
    ],
)
def test_an_analysis_that_hangs_is_noticed(clock: list[float], one: Any, is_well: bool) -> None:
    assert well(one.look()) is is_well


def test_a_state_that_flickers_is_said_a_few_times_a_second_at_most(ear: socket.socket, clock: list[float]) -> None:
    with Notifier({"NOTIFY_SOCKET": ear.getsockname()}) as notifier:
        for tenth in range(60):
            clock[0] = NOW_S + tenth / 10
            notifier.tick(session(State.LIVE if tenth % 2 else State.NO_FACE))
    assert 3 <= len([text for text in heard(ear) if text.startswith("STATUS")]) <= 20
