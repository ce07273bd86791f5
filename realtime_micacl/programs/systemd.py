"""Tells systemd that the program is ready, its status, and that it is not stuck, by sd_notify(3)."""

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
from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.types import Frame, State

STATUS_S = 1.0
HANGS_S = 10.0  # an analysis that has not kept up with pictures for this long does not recover


class Notifier:
    """Writes to the socket that systemd names in the environment; without one it does nothing.

    `tick` is called all the time from the main thread. If that hangs, or a session is not well, no more signs of life
    are sent, and systemd restarts the program.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._socket: socket.socket | None = None
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        if path:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        period_us = environ.get("WATCHDOG_USEC", "")
        self._period_s = int(period_us) / 2e6 if period_us.isdigit() else float("nan")  # never due
        self._alive_s = self._status_s = -float("inf")
        self._status = ""

    def tick(self, *sessions: LiveSession) -> None:
        """Send what is due: the states of the sessions, and a sign of life if all are well."""
        if self._socket is None:
            return
        now_s, looks = monotonic(), [session.look() for session in sessions]
        status = status_text(looks)
        if status != self._status and now_s - self._status_s >= STATUS_S:
            self._send(f"STATUS={status}" + ("" if self._status else "\nREADY=1"))
            self._status, self._status_s = status, now_s
        if now_s - self._alive_s >= self._period_s and all(map(well, looks)):
            self._send("WATCHDOG=1")
            self._alive_s = now_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._send("STOPPING=1")
        if self._socket is not None:
            self._socket.close()

    def _send(self, text: str) -> None:
        if self._socket is not None:
            with suppress(OSError):  # systemd is busy or gone: the next sign of life comes soon
                self._socket.sendto(text.encode(), self._address)


def status_text(looks: Sequence[Snapshot]) -> str:
    """Return the state of a session, or the number of sessions in each state."""
    if len(looks) == 1:
        detail = looks[0].scene.detail if looks[0].scene else ""
        return f"{looks[0].state} {detail}".strip()
    states = Counter(now.state for now in looks)
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


def well(now: Snapshot) -> bool:
    """Say whether a session is ending, or works and keeps up with its pictures, if it gets any."""
    if now.stopping:
        return True
    if now.fault or not now.running:
        return False
    if now.scene is None or now.state is State.PAUSED or not isinstance(now.newest, Frame):
        return True
    return now.newest.time_s - now.scene.time_s < HANGS_S or now.now_s - now.newest.time_s > HANGS_S
