"""Polls an address that gives one picture at a time, as many cameras have one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic, sleep

from av.packet import Packet
from av.video.stream import VideoStream

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.live.sources.connection import Connection
from realtime_micacl.live.sources.decoder import Decoder
from realtime_micacl.live.sources.ffmpeg_errors import reason_of
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.stills import HEAD_BYTES, reason_by_head
from realtime_micacl.types import Frame

log = logging.getLogger(__name__)

RATE_HZ = 10.0
LOST_S = 2.0
STILL_S = 1.0  # a first picture that does not change for this long is a photograph
WAKE_S = 0.25  # between two chances for the reader to stop
WHOLE = 1000  # packets; a file of one picture has fewer
MOST_BYTES = 32_000_000  # with a larger one there would be no time for anything else
FORMS = {"mjpeg": "jpeg_pipe", "png": "png_pipe", "webp": "webp_pipe", "bmp": "bmp_pipe"}
"""Codec of a picture -> FFmpeg's format for a single one."""


def is_picture(connection: Connection) -> bool:
    """Say whether the connection holds a single picture, and no stream of them."""
    container = connection.container
    if not container or container.format.name not in ("image2", *FORMS.values()):
        return False
    connection.wait(WAKE_S, packets=WHOLE)
    alone = connection.over or len(connection.waiting()) < 2
    return alone and container.streams.video[0].codec_context.name in FORMS


def polled(opens: Callable[[], Connection], rate_hz: float, shown: str) -> Iterator[Frame | Pending]:
    """Yield each new picture, asking `rate_hz` times a second; raise SourceLost when none can be decoded any more.

    If the first picture never changes it is yielded once more, as a still. Raise SourceError for one that is too large
    to be polled.
    """
    last, seen_s, due_s, index = b"", monotonic(), monotonic(), 0
    only: Frame | None = None
    while True:
        yield Pending()  # also if every answer is late and no picture is new
        while (left_s := due_s - monotonic()) > 0:
            sleep(min(left_s, WAKE_S))
            yield Pending()
        due_s = max(due_s + 1 / rate_hz, monotonic())
        asked_s, fault = monotonic(), "its pictures cannot be decoded"
        connection = opens()
        try:
            while not connection.wait(WAKE_S, packets=1):
                yield Pending()
            taken = connection.take(0.0)
            if taken is None or connection.video is None:
                fault = reason_of(connection.cause) if connection.cause else fault
            elif (picture := _checked(taken[0], shown)) == last:
                seen_s, fault = asked_s, ""
                if only and asked_s - only.time_s > STILL_S:
                    log.warning("%s gives the same picture each time; it is read as a photograph", shown)
                    yield replace(only, time_s=asked_s, index=index, still=True)
                    index, only = index + 1, None
            else:
                fault = reason_by_head(picture[:HEAD_BYTES]) or fault
                for _, image, damaged in Decoder(connection.video).pictures(taken[0]):
                    last, seen_s, fault = picture, monotonic(), ""
                    frame = Frame(image, asked_s, index, damaged)
                    only = None if index else frame
                    yield frame
                    index += 1
        finally:
            connection.leave()
        if fault and monotonic() - seen_s > LOST_S:
            raise SourceLost(f"{shown} was lost: {fault}")


def _checked(packet: Packet[VideoStream], shown: str) -> bytes:
    """Return a picture's bytes; raise SourceError if it is too large."""
    if packet.size > MOST_BYTES:
        raise SourceError(
            f"{shown} gives a picture of {packet.size / 1e6:.0f} MB each time, {MOST_BYTES / 1e6:.0f} MB at most are"
            " read; ask for a smaller one, or save it as a file and name that"
        )
    return bytes(packet)
