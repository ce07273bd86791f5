"""Packets of a stream made into pictures: from its first key frame on, without those that are damaged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import av
from av.packet import Packet

from realtime_micacl.late import Late
from realtime_micacl.live.sources.picture import Upright
from realtime_micacl.types import U8


class Decoder:
    """Decodes one video stream, without holding pictures back."""

    def __init__(self, stream: Any) -> None:
        stream.thread_type = "SLICE"  # frame threads hold back as many frames as there are threads
        self._rate_hz = float(stream.average_rate or 25)
        self._upright = Upright(stream)
        self._last_s = 0.0
        self.begun = False
        """Whether a key frame came: what stands before it refers to pictures that were never seen."""
        self.damaged = 0
        """Packets and pictures that were left out since the last picture."""
        self.all_damaged = 0

    def pictures(self, packet: Packet[Any]) -> Iterator[tuple[float, U8 | Late, int]]:
        """Yield time stamp in s and upright RGB picture [H,W,3] of each, and what was damaged before it."""
        self.begun = self.begun or packet.is_keyframe
        if not self.begun:
            return
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            self.damaged += 1
            self.all_damaged += 1
            return
        for frame in frames:
            if not isinstance(frame, av.VideoFrame):
                continue
            if frame.is_corrupt:
                self.damaged += 1
                self.all_damaged += 1
                continue
            time_s = float(frame.time) if frame.time is not None else self._last_s + 1 / self._rate_hz
            self._last_s = time_s
            damaged, self.damaged = self.damaged, 0
            yield time_s, self._upright(frame), damaged
