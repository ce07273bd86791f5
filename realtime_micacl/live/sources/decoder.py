"""Decodes the packets of a stream: from its first key frame on, leaving out damaged pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import av
from av.packet import Packet

from realtime_micacl.lazy import Lazy
from realtime_micacl.live.sources.upright import MUCH_PX, Upright
from realtime_micacl.types import U8

log = logging.getLogger(__name__)

DAMAGED = av.error.InvalidDataError, av.error.BlockingIOError  # the latter for a gap in MPEG-TS
DAMAGED_IN_A_ROW = 1000
UNMARKED = "vp9", "av1", "theora"  # by RTSP nothing marks the packets of their key frames
MOST_KEYS = 3  # after so many damaged key frames pictures are shown all the same: no better one will come


def without_delay(stream: av.VideoStream) -> None:
    """Set a stream to be decoded without delay and with damage flagged; very large JPEGs at half their size."""
    if stream.codec_context.name == "mjpeg" and stream.width * stream.height > MUCH_PX:
        log.warning("a picture of %d x %d px is read at half its size", stream.width, stream.height)
        stream.codec_context.options = {"lowres": "1"}
    stream.thread_type = "SLICE"  # a frame thread each would hold back a frame each
    if stream.codec_context.name == "h264":
        stream.codec_context.thread_count = 1  # with more FFmpeg does not look for damage


class Damage:
    """Says which pictures are damaged: those that FFmpeg flags, and those that depend on a damaged first key frame.

    FFmpeg flags only the key frame, and fills what is missing with a guess; later it has earlier pictures for that.
    """

    def __init__(self) -> None:
        self._intact, self._damaged = False, 0

    def key(self, *, intact: bool) -> None:
        """Note a key frame."""
        self._intact = self._intact or intact
        self._damaged += not intact

    def shows_in(self, frame: av.VideoFrame) -> bool:
        """Take the next frame; say whether it shows damage."""
        if frame.key_frame:
            self.key(intact=not frame.is_corrupt)
        return frame.is_corrupt or (not self._intact and 0 < self._damaged <= MOST_KEYS)


class Decoder:
    """Decodes one video stream without delay."""

    def __init__(self, stream: Any) -> None:
        without_delay(stream)
        self._rate_hz = float(stream.average_rate or 25)
        self._marked = stream.codec_context.name not in UNMARKED
        self._upright = Upright(stream)
        self._damage = Damage()
        self._last_s = 0.0
        self.begun = False
        """Whether a key frame came; what comes before it depends on pictures that were not received."""
        self.damaged = 0
        """Packets and pictures that were left out since the last picture."""
        self.all_damaged = 0

    def pictures(self, packet: Packet[Any]) -> Iterator[tuple[float, U8 | Lazy, int]]:
        """Yield the time stamp in s of each picture, the upright RGB picture [H,W,3], and what was left out before."""
        self.begun = self.begun or packet.is_keyframe
        if not self.begun and self._marked:
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            if not self.begun:
                return
            if packet.is_keyframe:
                self._damage.key(intact=False)
            self.damaged += 1
            self.all_damaged += 1
            return
        for frame in frames:
            if not isinstance(frame, av.VideoFrame):
                continue
            self.begun = self.begun or frame.key_frame
            if not self.begun:
                continue
            if self._damage.shows_in(frame):
                self.damaged += 1
                self.all_damaged += 1
                continue
            time_s = float(frame.time) if frame.time is not None else self._last_s + 1 / self._rate_hz
            self._last_s = time_s
            damaged, self.damaged = self.damaged, 0
            yield time_s, self._upright(frame), damaged
