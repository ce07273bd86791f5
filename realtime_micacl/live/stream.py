"""Frames from network streams, by PyAV (FFmpeg)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from time import monotonic

from av.format import Flags

from realtime_micacl.errors import SourceLost
from realtime_micacl.live.video import decoded, opened
from realtime_micacl.types import Frame

OPEN_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 1.0  # FFmpeg tries twice: a silent peer is noticed after about 2 s
LATE_S = 1.0  # a network frame handed out later than this after its time is stale
DUMB_S = 12.0  # a stream of which nothing can be decoded for so long is lost; cameras send a key frame more often
LIVE_OPTIONS = {"fflags": "nobuffer", "protocol_whitelist": "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,crypto"}


def read_stream(url: str, shown: str) -> Iterator[Frame]:
    """Yield the frames of a network stream with their capture times, until it is lost: then raise SourceLost.

    `shown` is the name for messages. The first failure to open raises SourceError. Frames that the network held back
    for over `LATE_S` are left out; where all are, the stream is lost too: opened anew it has no backlog.
    """
    options = LIVE_OPTIONS | {"rtsp_transport": "udp" if url.startswith("rtspu:") else "tcp"}
    url = url.replace("rtspu:", "rtsp:", 1)
    with closing(opened(url, shown, options, (OPEN_TIMEOUT_S, READ_TIMEOUT_S))) as container:
        stamped = Flags.no_timestamps not in Flags(container.format.flags)  # motion JPEG: FFmpeg makes up 25 a second
        clock = StreamClock()
        index = 0
        late_s: float | None = None
        for pts_s, image, damaged in decoded(container, shown, DUMB_S):
            arrived_s = monotonic()
            time_s = clock.capture_time(pts_s, arrived_s) if stamped else arrived_s
            if arrived_s - time_s > LATE_S:
                late_s = late_s or arrived_s
                if arrived_s - late_s > LATE_S:
                    raise SourceLost(f"{shown} fell {arrived_s - time_s:.0f} s behind")
                continue
            late_s = None
            yield Frame(image, time_s, index, damaged)
            index += 1
    raise SourceLost(f"{shown} ended")


class StreamClock:
    """Turns the time stamps of a stream into monotonic capture times.

    The frame that came soonest after its time stamp gives the offset of the two clocks, so that a frame delayed on
    its way keeps the time at which it was taken. The offset forgets slowly, as the two clocks drift. After a backward
    jump of the stream's clock every frame seems late; the stream is then opened anew, with a new clock.
    """

    DRIFT = 1e-3  # seconds per second

    def __init__(self) -> None:
        self._offset_s = float("inf")
        self._arrived_s = 0.0

    def capture_time(self, pts_s: float, arrived_s: float) -> float:
        """Return when the frame with time stamp `pts_s` was taken, in the seconds of `arrived_s`."""
        offset_s = arrived_s - pts_s
        expected_s = self._offset_s + self.DRIFT * (arrived_s - self._arrived_s)
        self._arrived_s = arrived_s
        self._offset_s = min(offset_s, expected_s)
        return pts_s + self._offset_s
