"""How fast the packets of a stream arrive, which tells a camera from a file."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic, sleep

import av

from realtime_micacl.live.sources.attempts import PATIENCE_S
from realtime_micacl.live.sources.connection import Connection
from realtime_micacl.live.sources.items import Pending

WAKE_S = 0.25
WATCHED_S, FASTER = 0.4, 1.5  # how long arrivals are watched; no camera sends this many seconds in one second
SETTLE_S, SETTLES = 0.01, 20  # what was kept comes without a pause of so long; it is waited for so often
MOST_HZ = 120
TOO_FAST_S = 3  # seconds in a row that have to be too fast before a stream is taken for no camera's


class TooFast:
    """Notices a stream that keeps sending faster than a camera can take pictures."""

    def __init__(self) -> None:
        self._since: tuple[float, float] | None = None
        self._seconds = 0

    def now(self, pts_s: float, came_s: float) -> bool:
        """Take the time stamp and arrival of a picture; say whether each of the last three seconds was too fast."""
        if self._since is None:
            self._since = pts_s, came_s
        if came_s - self._since[1] >= 1.0:
            fast = pts_s - self._since[0] > FASTER * (came_s - self._since[1])
            self._seconds = self._seconds + 1 if fast else 0
            self._since = pts_s, came_s
        return self._seconds >= TOO_FAST_S


def sends_too_fast(connection: Connection) -> bool:
    """Say whether a stream sends as fast as it can, as a file does; a camera's pictures come one by one.

    What a server has buffered comes at once in either case, so only what follows is judged.
    """
    connection.wait(PATIENCE_S, packets=2)
    sleep(WATCHED_S / 2)
    before, many = newest(connection), len(connection.waiting())
    sleep(WATCHED_S / 2)
    after, more = newest(connection), len(connection.waiting()) - many
    ahead_s = (after[0] if after else 0.0) - (before[0] if before else 0.0)
    return connection.full or connection.over or ahead_s > 2 * WATCHED_S or more > MOST_HZ * WATCHED_S / 2


def settle(connection: Connection) -> None:
    """Wait for what a server has kept and sends at once."""
    for _ in range(SETTLES):
        many = len(connection.waiting())
        sleep(SETTLE_S)
        if len(connection.waiting()) == many:
            return


def newest(connection: Connection) -> tuple[float, float] | None:
    """Return the time stamp in s and the arrival of the newest packet that waits and has one, if there is any."""
    for packet, came_s in reversed(connection.waiting()):
        if packet.dts is not None and packet.time_base:
            return float(packet.dts * packet.time_base), came_s
    return None


def known_length_s(container: av.container.InputContainer) -> float:
    """Return the length of a recording: 0 for a stream without an end, inf where only its size in bytes is known."""
    if container.duration:
        return container.duration / 1e6
    return float("inf") if container.format.name != "hls" and (container.size or 0) > 0 else 0.0


def until(due_s: float) -> Iterator[Pending]:
    """Wait until a picture is due, and yield now and then so that the reader can stop."""
    while (left_s := due_s - monotonic()) > 0:
        sleep(min(left_s, WAKE_S))
        if left_s > WAKE_S:
            yield Pending()
