"""Signs of life for systemd's watchdog: a program that hangs is killed and started again."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from time import monotonic

from realtime_micacl.live.session import LiveSession
from realtime_micacl.types import Frame, State

HANGS_S = 10.0  # an analysis that has left pictures unanswered for so long does not come back


class Watchdog:
    """Sends a sign of life to the socket in the environment that systemd gives; without one it does nothing."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._every_s = int(environment.get("WATCHDOG_USEC", "0") or 0) / 3e6
        self._sent_s: float | None = None

    def tell(self, now_s: float) -> None:
        """Say once that it is ready, then that it lives, three times within what systemd allows."""
        if not self._address:
            return
        if self._sent_s is None:
            self._send("READY=1")
        elif not self._every_s or now_s - self._sent_s < self._every_s:
            return
        else:
            self._send("WATCHDOG=1")
        self._sent_s = now_s

    def _send(self, words: str) -> None:
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            try:
                line.sendto(words.encode(), address)
            except OSError:  # nobody listens, or not now; the next one will do
                return


def answers(session: LiveSession) -> bool:
    """Say whether the analysis of a session keeps up with its pictures, as far as there are any."""
    newest, scene = session.frames.peek(), session.scenes.peek()
    if scene is None or scene.state is State.PAUSED or not isinstance(newest, Frame):
        return True
    return newest.time_s - scene.time_s < HANGS_S or monotonic() - newest.time_s > HANGS_S
