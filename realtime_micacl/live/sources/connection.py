"""One connection to a stream, on a thread of its own, so that nobody waits for a peer that is silent.

The thread opens it, takes packets off the line, and closes it: FFmpeg allows no other to do so while it reads.
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

AHEAD_BYTES = 8_000_000  # no more than this is taken off the line and not yet used


@dataclass(frozen=True)
class Way:
    """How FFmpeg is to open an address; a pipe is made by a function, since each is used once."""

    url: str
    shown: str
    """Its name for messages."""
    options: dict[str, str]
    open_s: float
    read_s: float
    """How long FFmpeg itself waits for each answer and for each packet; what was abandoned ends after so long."""
    form: str | None = None
    start_s: float = 0.0
    """Where to begin in what was recorded."""
    pipe: Callable[[], Any] | None = field(default=None, repr=False)


class Connection:
    """A stream that is being opened, or is open; `leave` must be called in the end, and may be called at any time."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.container: av.container.InputContainer | None = None
        self.video: VideoStream | None = None
        self.cause: Exception | None = None
        """Why it could not be opened, or broke off."""
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
        """Whether it was opened, or could not be."""
        return self.container is not None or self.over

    def wait(self, timeout_s: float, *, packets: int = 0) -> bool:
        """Wait until it is opened and so many packets are there, or more will not come; say whether that is so."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self.over or (self.container is not None and len(self._packets) >= packets), timeout_s
            )

    @property
    def full(self) -> bool:
        """Whether more is there than is taken off the line ahead."""
        return self._bytes >= AHEAD_BYTES

    def waiting(self) -> list[tuple[Packet[VideoStream], float]]:
        """Return the packets that are there, each with when it came, and leave them there."""
        with self._changed:
            return list(self._packets)

    def take(self, timeout_s: float) -> tuple[Packet[VideoStream], float] | None:
        """Return the next packet and when it came; None where none came in time, or no more will (`over`)."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._packets or self.over, timeout_s) or not self._packets:
                return None
            packet, came_s = self._packets.popleft()
            self._bytes -= packet.size
            self._changed.notify_all()
            return packet, came_s

    def leave(self) -> None:
        """Let go of it, and of what was decoded from it; its thread ends when FFmpeg does."""
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
                with suppress(av.error.FFmpegError):  # it is read from the beginning, then
                    container.seek(round(way.start_s * 1e6) + (container.start_time or 0))
            self._read(container)
        except Exception as cause:  # FFmpeg's, the system's, and whatever reading a pipe may raise
            self.cause = cause
        if self._pipe is not None:
            self._pipe.close()  # the next writer waits for the next reader
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
                stream.discard = Discard.all  # of a play list with several rates the others are not even fetched
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
            except DAMAGED:  # what stands next may be whole
                damaged += 1
                if damaged >= DAMAGED_IN_A_ROW:
                    raise

    def _put(self, packet: Packet[VideoStream]) -> bool:
        """Hold a packet ready, once there is room; say whether anybody still wants it."""
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < AHEAD_BYTES or self._left)
            if self._left:
                return False
            self._packets.append((packet, monotonic()))
            self._bytes += packet.size
            self._changed.notify_all()
            return True
