"""Packets of a stream made into pictures: from its first key frame on, without those that are damaged."""

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

DAMAGED = av.error.InvalidDataError, av.error.BlockingIOError  # the latter for a hole in MPEG-TS
DAMAGED_IN_A_ROW = 1000
BEAR = 3  # so many damaged key frames are waited out; by then a line that bad brings no better one


def at_once(stream: av.VideoStream) -> None:
    """Let a stream be decoded without a delay, with its damage flagged, and very large JPEGs at half their size."""
    if stream.codec_context.name == "mjpeg" and stream.width * stream.height > MUCH_PX:
        log.warning("a picture of %d x %d px is read at half its size", stream.width, stream.height)
        stream.codec_context.options = {"lowres": "1"}
    stream.thread_type = "SLICE"  # frame threads hold back as many frames as there are threads
    if stream.codec_context.name == "h264":
        stream.codec_context.thread_count = 1  # with several slices at a time FFmpeg looks for no damage


class Base:
    """Tells the pictures that rest on damage: those behind a first key frame that was damaged itself.

    The decoder flags that one alone, and fills its holes with what it guesses; those of a later one from before.
    """

    def __init__(self) -> None:
        self._sound, self._damaged = False, 0

    def key(self, *, whole: bool) -> None:
        """Note a key frame."""
        self._sound = self._sound or whole
        self._damaged += not whole

    def leaves_out(self, frame: av.VideoFrame) -> bool:
        """Take the next frame; say whether it shows damage."""
        if frame.key_frame:
            self.key(whole=not frame.is_corrupt)
        return frame.is_corrupt or (not self._sound and 0 < self._damaged <= BEAR)


class Decoder:
    """Decodes one video stream, without holding pictures back."""

    def __init__(self, stream: Any) -> None:
        at_once(stream)
        self._rate_hz = float(stream.average_rate or 25)
        self._upright = Upright(stream)
        self._base = Base()
        self._last_s = 0.0
        self.begun = False
        """Whether a key frame came: what stands before it refers to pictures that were never seen."""
        self.damaged = 0
        """Packets and pictures that were left out since the last picture."""
        self.all_damaged = 0

    def pictures(self, packet: Packet[Any]) -> Iterator[tuple[float, U8 | Lazy, int]]:
        """Yield time stamp in s and upright RGB picture [H,W,3] of each, and what was damaged before it."""
        self.begun = self.begun or packet.is_keyframe
        if not self.begun:
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            if packet.is_keyframe:
                self._base.key(whole=False)
            self.damaged += 1
            self.all_damaged += 1
            return
        for frame in frames:
            if not isinstance(frame, av.VideoFrame):
                continue
            if self._base.leaves_out(frame):
                self.damaged += 1
                self.all_damaged += 1
                continue
            time_s = float(frame.time) if frame.time is not None else self._last_s + 1 / self._rate_hz
            self._last_s = time_s
            damaged, self.damaged = self.damaged, 0
            yield time_s, self._upright(frame), damaged
