"""Opens a stream that may take long: attempts overlap, and the first that succeeds is used."""

from __future__ import annotations

from time import monotonic, sleep

from realtime_micacl.live.sources.connection import Connection, Way

MOST = 3  # many cameras take no more than four connections
PATIENCE_S = 15.0  # an attempt that takes longer is given up
POLL_S = 0.02


class Attempts:
    """Connections that are being opened; a slow one goes on beside the next."""

    def __init__(self) -> None:
        self._open: list[Connection] = []

    def begin(self, way: Way) -> None:
        """Begin another attempt; with too many under way, only in place of one that took too long."""
        if len(self._open) >= MOST:
            old = [one for one in self._open if monotonic() - one.started_s > PATIENCE_S]
            if not old:
                return
            old[0].leave()
            self._open.remove(old[0])
        self._open.append(Connection(way))

    @property
    def under_way(self) -> bool:
        """Whether any attempt was not yet taken or given up."""
        return bool(self._open)

    @property
    def ready(self) -> bool:
        """Whether one has succeeded."""
        return any(one.container for one in self._open)

    def take(self, timeout_s: float) -> Connection | None:
        """Return the first open connection, or one that failed once all have; None if neither happens in time.

        The caller has to `leave` it.
        """
        until_s = monotonic() + timeout_s
        while True:
            done = [one for one in self._open if one.settled]
            good = next((one for one in done if one.container), None)
            if good or (done and len(done) == len(self._open)):
                taken = good or done[-1]
                for one in self._open:
                    if one is not taken:
                        one.leave()
                self._open.clear()
                return taken
            if monotonic() >= until_s:
                return None
            sleep(POLL_S)

    def leave(self) -> None:
        """Give up all attempts."""
        for one in self._open:
            one.leave()
        self._open.clear()
