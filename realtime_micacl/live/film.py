"""Writes a video: the only place of the program that writes pictures, and only in a run that was asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av

from realtime_micacl.errors import StageFailed
from realtime_micacl.types import U8
from realtime_micacl.wording import why

CLOCK = Fraction(1, 90_000)
ALONE_S = 1.0
OPTIONS = {"libx264": {"preset": "veryfast", "crf": "20"}, "mpeg4": {"q:v": "4"}}


class Film:
    """An MP4 whose pictures have the times that they are given. Raises StageFailed where the disk takes no more."""

    def __init__(self, path: Path, size: tuple[int, int], rate_hz: float) -> None:
        """Take width and height in px, both even, and about how many pictures a second there will be."""
        codec = next(name for name in OPTIONS if name in av.codecs_available)
        with _told():
            self._container = av.open(str(path), "w", format="mp4")
        rate = Fraction(rate_hz).limit_denominator(1000)
        stream = self._container.add_stream(codec, rate=rate, options=OPTIONS[codec])
        assert isinstance(stream, av.VideoStream)
        self._stream = stream
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = CLOCK if codec == "libx264" else 1 / rate
        self._last = -1
        self._only: tuple[U8, float] | None = None

    def write(self, image: U8, time_s: float) -> None:
        """Add a picture, RGB, [H,W,3]."""
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        base = self._stream.codec_context.time_base
        frame.time_base = base
        self._only = (image, time_s) if self._last < 0 else None
        frame.pts = self._last = max(self._last + 1, round(time_s / base))
        with _told():
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what is still held, and the index; a picture that is alone stays for a second."""
        if self._only:
            image, time_s = self._only
            self.write(image, time_s + ALONE_S)
        with _told():
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def leave(self) -> None:
        """Close a file that nobody will want."""
        with suppress(av.error.FFmpegError, OSError):
            self._container.close()


@contextmanager
def _told() -> Iterator[None]:
    """Say what the system says of the file; its name is one of a moment, which nobody knows."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as cause:
        raise StageFailed(f"the video cannot be written: {why(cause)}; nothing of it is kept") from cause
