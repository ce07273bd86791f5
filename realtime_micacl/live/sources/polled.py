"""An address that gives one picture at a time, as many cameras have: it is asked for many times a second."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from time import monotonic, sleep
from typing import Any

import av

from realtime_micacl.errors import SourceLost
from realtime_micacl.live.sources.decoder import Decoder
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.reasons import said
from realtime_micacl.types import Frame

log = logging.getLogger(__name__)

RATE_HZ = 10.0
LOST_S = 2.0
STILL_S = 1.0  # a picture that is the only one for so long is a photograph
WAKE_S = 0.25  # whoever reads may want to stop
FORMS = {"mjpeg": "jpeg_pipe", "png": "png_pipe", "webp": "webp_pipe", "bmp": "bmp_pipe"}
"""Codec of a picture -> how FFmpeg reads one."""


def is_picture(container: av.container.InputContainer) -> bool:
    """Say whether what was opened is a single picture."""
    name = container.format.name
    return name in ("image2", *FORMS.values()) and container.streams.video[0].codec_context.name in FORMS


def polled(opens: Callable[[], Any], rate_hz: float, shown: str) -> Iterator[Frame | Pending]:
    """Yield each new picture, asked for `rate_hz` times a second; raise SourceLost where none can be decoded any more.

    Where there is but one, again and again, it is yielded once more as one that stands alone.
    """
    last, seen_s, due_s, index = b"", monotonic(), monotonic(), 0
    only: Frame | None = None
    while True:
        while (left_s := due_s - monotonic()) > 0:
            sleep(min(left_s, WAKE_S))
            yield Pending()
        due_s = max(due_s + 1 / rate_hz, monotonic())
        asked_s, fault = monotonic(), "its pictures cannot be decoded"
        try:
            with closing(opens()) as container:
                packet = next(container.demux(container.streams.video[0]))
                picture = bytes(packet)
                if picture == last:
                    seen_s = asked_s
                    if only and asked_s - only.time_s > STILL_S:
                        log.warning("%s gives the same picture each time; it is read as a photograph", shown)
                        yield replace(only, time_s=asked_s, index=index, alone=True)
                        index, only = index + 1, None
                    continue
                for _, image, damaged in Decoder(container.streams.video[0]).pictures(packet):
                    last, seen_s, fault = picture, monotonic(), ""
                    frame = Frame(image, asked_s, index, damaged)
                    only = None if index else frame
                    yield frame
                    index += 1
        except StopIteration:  # nothing in it that looks like a picture
            pass
        except (av.error.FFmpegError, OSError) as cause:
            fault = said(cause)
        if fault and monotonic() - seen_s > LOST_S:
            raise SourceLost(f"{shown} was lost: {fault}")
