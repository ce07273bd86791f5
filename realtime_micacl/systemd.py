"""Telling systemd that the program is up, how it is, and that it is not stuck: sd_notify(3), where it is asked for."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Self

from realtime_micacl.live.session import LiveSession
from realtime_micacl.types import State

STATUS_S = 1.0


class Notifier:
    """Writes to the socket that systemd names in the environment; without one it does nothing.

    `tick` is called over and over from the main thread: where that hangs, or the analysis has failed for good, no
    sign of life follows, and systemd starts the program anew.
    """

    def __init__(self, sessions: Sequence[LiveSession], environ: Mapping[str, str] = os.environ) -> None:
        self._sessions = sessions
        self._socket: socket.socket | None = None
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        if path:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        period_us = environ.get("WATCHDOG_USEC", "")
        self._period_s = int(period_us) / 2e6 if period_us.isdigit() else float("inf")
        self._alive_s = self._status_s = -float("inf")
        self._status = ""

    def tick(self) -> None:
        """Say what is due."""
        if self._socket is None:
            return
        now_s, status = monotonic(), self._said()
        if status != self._status and now_s - self._status_s >= STATUS_S:
            self._send(f"STATUS={status}" + ("" if self._status else "\nREADY=1"))
            self._status, self._status_s = status, now_s
        alive = any(session.running and not session.fault for session in self._sessions)
        if now_s - self._alive_s >= self._period_s and alive:
            self._send("WATCHDOG=1")
            self._alive_s = now_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._send("STOPPING=1")
        if self._socket is not None:
            self._socket.close()

    def _said(self) -> str:
        """Return the state of the session, or how many are in which."""
        scenes = [session.scenes.peek() for session in self._sessions]
        if len(scenes) == 1:
            return f"{scenes[0].state} {scenes[0].detail}".strip() if scenes[0] else str(State.STARTING)
        states = Counter(scene.state if scene else State.STARTING for scene in scenes)
        return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))

    def _send(self, text: str) -> None:
        if self._socket is not None:
            with suppress(OSError):  # systemd is busy or gone: the next sign of life comes soon
                self._socket.sendto(text.encode(), self._address)
