"""How the packets of a stream arrive, which tells a camera from a file."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic, sleep

import av

from realtime_micacl.live.sources.connection import Connection
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.tries import PATIENCE_S

WAKE_S = 0.25
WATCHED_S, FASTER = 0.4, 1.5  # how long arrivals are watched; a camera sends no faster than this
MOST_HZ = 120
HASTY_S = 3  # a stream that was too fast for so long, second by second, is no camera's


class Haste:
    """Notices a stream that goes on handing out more than it can have taken in that time."""

    def __init__(self) -> None:
        self._since: tuple[float, float] | None = None
        self._seconds = 0

    def noticed(self, pts_s: float, came_s: float) -> bool:
        """Take a picture; say whether the last three seconds were too fast, one after the other."""
        if self._since is None:
            self._since = pts_s, came_s
        if came_s - self._since[1] >= 1.0:
            fast = pts_s - self._since[0] > FASTER * (came_s - self._since[1])
            self._seconds = self._seconds + 1 if fast else 0
            self._since = pts_s, came_s
        return self._seconds >= HASTY_S


def hurries(connection: Connection) -> bool:
    """Say whether a stream hands out what it has as fast as it can, as files do: a camera's pictures come one by one.

    What a server had at hand comes at once in either case; what counts is what comes after that.
    """
    connection.wait(PATIENCE_S, packets=2)
    sleep(WATCHED_S / 2)
    before_s, before = _newest(connection)
    sleep(WATCHED_S / 2)
    newest_s, newest = _newest(connection)
    fast = newest_s - before_s > 2 * WATCHED_S or newest - before > MOST_HZ * WATCHED_S / 2
    return connection.full or connection.over or fast


def _newest(connection: Connection) -> tuple[float, int]:
    """Return the time stamp in s of the newest packet, as far as there are some, and how many came."""
    waiting = connection.waiting()
    times = [packet.dts * packet.time_base for packet, _ in waiting if packet.dts is not None and packet.time_base]
    return float(times[-1]) if times else 0.0, len(waiting)


def known_length_s(container: av.container.InputContainer) -> float:
    """Return how long a recording is, 0 for a stream without an end; where only its bytes are known they tell."""
    if container.duration:
        return container.duration / 1e6
    return float("inf") if container.format.name != "hls" and (container.size or 0) > 0 else 0.0


def until(due_s: float) -> Iterator[Pending]:
    """Wait until a picture is due; whoever reads may want to stop."""
    while (left_s := due_s - monotonic()) > 0:
        sleep(min(left_s, WAKE_S))
        if left_s > WAKE_S:
            yield Pending()
