"""Keys of the kiosk, and its signs of life."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt

from realtime_micacl.live.session import LiveSession
from realtime_micacl.types import Frame, Scene, State
from realtime_micacl_ui.kiosk.keys import HOLD_S, REPEAT_S, Keys
from realtime_micacl_ui.kiosk.watchdog import HANGS_S, Watchdog, answers

NONE, CONTROL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
ALL = CONTROL | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
RETURN, Q = Qt.Key.Key_Return, Qt.Key.Key_Q


def test_a_key_that_is_held_counts_once() -> None:
    keys = Keys()
    assert keys.press(RETURN, NONE, 10.0) == RETURN
    for i in range(50):  # as X sends it
        keys.release(RETURN, 10.5 + 0.04 * i)
        assert keys.press(RETURN, NONE, 10.51 + 0.04 * i) is None
    keys.release(RETURN, 13.0)
    assert keys.press(RETURN, NONE, 13.0 + REPEAT_S) == RETURN


@pytest.mark.parametrize("modifiers", [NONE, CONTROL, ALL & ~Qt.KeyboardModifier.ShiftModifier])
def test_less_than_the_whole_chord_leads_nowhere(modifiers: Qt.KeyboardModifier) -> None:
    keys = Keys()
    keys.press(Q, modifiers, 10.0)
    assert not keys.operator_leaves(20.0)


def test_the_chord_must_be_held() -> None:
    keys = Keys()
    assert keys.press(Q, ALL, 10.0) is None
    assert not keys.operator_leaves(10.0 + HOLD_S - 0.1)
    keys.release(Q, 10.5)
    keys.press(Q, ALL, 10.51)
    assert keys.operator_leaves(10.0 + HOLD_S)


@pytest.mark.parametrize("key", [Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Shift])
def test_the_chord_ends_with_the_first_release(key: Qt.Key) -> None:
    keys = Keys()
    keys.press(Q, ALL, 10.0)
    keys.release(key, 10.5)
    assert not keys.operator_leaves(20.0)


def received(listener: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(listener.recv(99))
        except BlockingIOError:
            return found


def test_systemd_hears_that_it_is_ready_and_lives(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        dog = Watchdog({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"})
        for now_s in np.arange(0, 60, 0.5):
            dog.tell(float(now_s))
        said = received(listener)
    assert said[0] == b"READY=1"
    assert said[1:] == [b"WATCHDOG=1"] * 5


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/none/socket", "WATCHDOG_USEC": "1000000"}])
def test_without_systemd_nothing_happens(environment: dict[str, str]) -> None:
    Watchdog(environment).tell(0.0)


def test_without_a_watchdog_only_ready_is_said(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        dog = Watchdog({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        for now_s in range(60):
            dog.tell(now_s)
        assert received(listener) == [b"READY=1"]


class Nothing:
    def close(self) -> None:
        threading.get_ident()


@pytest.mark.parametrize(
    ("pictures_age_s", "scene_age_s", "state", "well"),
    [
        (0.0, 0.1, State.LIVE, True),
        (0.0, HANGS_S + 1, State.LIVE, False),
        (HANGS_S + 1, 2 * HANGS_S + 3, State.LIVE, True),  # the camera is away, which no restart mends
        (0.0, HANGS_S + 1, State.PAUSED, True),
    ],
)
def test_an_analysis_that_hangs_is_noticed(
    pictures_age_s: float, scene_age_s: float, state: State, well: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime_micacl_ui.kiosk.watchdog.monotonic", lambda: 1000.0)
    session = LiveSession(iter(()), Nothing, Nothing)  # type: ignore[arg-type]  # never started
    assert answers(session), "nothing has come yet"
    session.frames.put(Frame(np.zeros((2, 2, 3), np.uint8), 1000.0 - pictures_age_s, 0))
    session.scenes.put(Scene(1000.0 - scene_age_s, None, (), state))
    assert answers(session) is well
