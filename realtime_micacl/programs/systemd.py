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
from realtime_micacl.types import Frame, State

STATUS_S = 1.0
HANGS_S = 10.0  # an analysis that has left pictures unanswered for so long does not come back


class Notifier:
    """Writes to the socket that systemd names in the environment; without one it does nothing.

    `tick` is called over and over from the main thread: where that hangs, or a session is not well, no sign of life
    follows, and systemd starts the program anew.
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
        """Say what is due: in which states the sessions are, and whether all are well."""
        if self._socket is None:
            return
        now_s, status = monotonic(), told(sessions)
        if status != self._status and now_s - self._status_s >= STATUS_S:
            self._send(f"STATUS={status}" + ("" if self._status else "\nREADY=1"))
            self._status, self._status_s = status, now_s
        if now_s - self._alive_s >= self._period_s and all(map(well, sessions)):
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


def told(sessions: Sequence[LiveSession]) -> str:
    """Return the state of a session, or how many of several are in which."""
    scenes = [session.scenes.peek() for session in sessions]
    if len(scenes) == 1:
        return f"{scenes[0].state} {scenes[0].detail}".strip() if scenes[0] else str(State.STARTING)
    states = Counter(scene.state if scene else State.STARTING for scene in scenes)
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


def well(session: LiveSession) -> bool:
    """Say whether a session is at work, or asked to end, and keeps up with its pictures as far as there are any."""
    if session.stopping:
        return True
    if session.fault or not session.running:
        return False
    newest, scene = session.frames.peek(), session.scenes.peek()
    if scene is None or scene.state is State.PAUSED or not isinstance(newest, Frame):
        return True
    return newest.time_s - scene.time_s < HANGS_S or monotonic() - newest.time_s > HANGS_S
