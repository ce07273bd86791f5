"""Writes a video. Nothing else in the program writes pictures, and this only in a run that was asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av

from realtime_micacl.errors import StageFailed
from realtime_micacl.types import U8
from realtime_micacl.wording import why

CLOCK = Fraction(1, 90_000)  # the usual time base of MP4, in s
ALONE_S = 1.0  # how long a video of a single picture lasts
OPTIONS = {"libx264": {"preset": "veryfast", "crf": "20"}, "mpeg4": {"q:v": "4"}}


class VideoWriter:
    """An MP4 whose pictures are shown at the times given with them. Raises StageFailed where it cannot be written."""

    def __init__(self, path: Path, size: tuple[int, int], rate_hz: float) -> None:
        """Take width and height in px, both even, and the approximate frame rate."""
        codec = next(name for name in OPTIONS if name in av.codecs_available)
        with _refusals():
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
        """Add a picture, RGB, [H,W,3], that is shown from `time_s` on; times have to grow."""
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        base = self._stream.codec_context.time_base
        frame.time_base = base
        self._only = (image, time_s) if self._last < 0 else None
        frame.pts = self._last = max(self._last + 1, round(time_s / base))
        with _refusals():
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder still holds, and the index. A single picture is shown for ALONE_S."""
        if self._only:
            image, time_s = self._only
            self.write(image, time_s + ALONE_S)
        with _refusals():
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def discard(self) -> None:
        """Close the file without finishing it; nobody will want it."""
        with suppress(av.error.FFmpegError, OSError):
            self._container.close()


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the system refuses into StageFailed, without the file's name: that is a temporary one."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as cause:
        raise StageFailed(f"the video cannot be written: {why(cause)}; no part of it is kept") from cause
