"""One connection to a stream, in a thread of its own, so that nobody has to wait for a silent peer.

That thread opens it, receives its packets and closes it: while it reads, FFmpeg lets no other thread close it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import monotonic
from typing import Any

import av
from av.packet import Packet
from av.stream import Discard
from av.video.stream import VideoStream

from realtime_micacl.live.sources.decoder import DAMAGED, DAMAGED_IN_A_ROW
from realtime_micacl.live.sources.video import chosen
from realtime_micacl.stack import started

AHEAD_BYTES = 8_000_000  # of packets that may wait to be taken


@dataclass(frozen=True)
class Way:
    """How FFmpeg is to open an address."""

    url: str
    shown: str
    """Its name for messages."""
    options: dict[str, str]
    open_s: float
    read_s: float
    """How long FFmpeg waits for an answer and for a packet, and so how long an abandoned thread goes on."""
    form: str | None = None
    start_s: float = 0.0
    """Where to begin in a recording."""
    pipe: Callable[[], Any] | None = field(default=None, repr=False)
    """Opens what to read in place of `url`; called for each connection."""


class Connection:
    """A stream that is being opened or is open. `leave` may be called at any time, and has to be in the end."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.container: av.container.InputContainer | None = None
        self.video: VideoStream | None = None
        self.cause: Exception | None = None
        """Why it could not be opened, or why it broke off."""
        self.over = self.damaged = False
        self.started_s = monotonic()
        self._packets: deque[tuple[Packet[VideoStream], float]] = deque()
        self._bytes = 0
        self._left = False
        self._pipe: Any = None
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="connection", daemon=True)
        started(self._thread)

    @property
    def settled(self) -> bool:
        """Whether it is open, or has failed."""
        return self.container is not None or self.over

    def wait(self, timeout_s: float, *, packets: int = 0) -> bool:
        """Wait until it is open with that many packets waiting, or has ended; say whether that happened in time."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self.over or (self.container is not None and len(self._packets) >= packets), timeout_s
            )

    @property
    def full(self) -> bool:
        """Whether as many packets wait as may."""
        return self._bytes >= AHEAD_BYTES

    def waiting(self) -> list[tuple[Packet[VideoStream], float]]:
        """Return the packets that wait, each with its time of arrival, without taking them."""
        with self._changed:
            return list(self._packets)

    def take(self, timeout_s: float) -> tuple[Packet[VideoStream], float] | None:
        """Return the next packet and its time of arrival; None if none came in time, or the stream is `over`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._packets or self.over, timeout_s) or not self._packets:
                return None
            packet, came_s = self._packets.popleft()
            self._bytes -= packet.size
            self._changed.notify_all()
            return packet, came_s

    def leave(self) -> None:
        """Drop it with the packets that wait; its thread ends as soon as FFmpeg returns."""
        with self._changed:
            self._left = True
            if hasattr(self._pipe, "stop"):
                self._pipe.stop()
            self._packets.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        container = None
        try:
            way = self.way
            self._pipe = way.pipe() if way.pipe else None
            container = av.open(
                self._pipe or way.url,
                options=dict(way.options),
                format=way.form,
                timeout=None if way.pipe else (way.open_s, way.read_s),
            )
            if way.start_s:
                with suppress(av.error.FFmpegError):  # if it cannot seek it is read from the beginning
                    container.seek(round(way.start_s * 1e6) + (container.start_time or 0))
            self._read(container)
        except Exception as cause:  # of FFmpeg, of the system, or of whatever opens and reads a pipe
            self.cause = cause
        if self._pipe is not None:
            self._pipe.close()  # so that the next writer waits for the next reader
        with self._changed:
            self.over = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._left)
        if container:
            container.close()

    def _read(self, container: av.container.InputContainer) -> None:
        video = chosen(container, self.way.shown)
        for stream in container.streams:
            if stream is not video:
                stream.discard = Discard.all  # a playlist's other rates are not even downloaded
        with self._changed:
            self.container, self.video = container, video
            self._changed.notify_all()
        damaged = 0
        while not self._left:
            try:
                for packet in container.demux(video):
                    damaged = 0
                    if not self._put(packet):
                        return
                return
            except DAMAGED:  # the next packet may be intact
                damaged += 1
                if damaged >= DAMAGED_IN_A_ROW:
                    raise

    def _put(self, packet: Packet[VideoStream]) -> bool:
        """Append a packet once there is room; say whether the connection is still wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < AHEAD_BYTES or self._left)
            if self._left:
                return False
            self._packets.append((packet, monotonic()))
            self._bytes += packet.size
            self._changed.notify_all()
            return True
