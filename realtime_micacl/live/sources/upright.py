"""Turns what a decoder hands out into upright RGB pictures with square pixels and without padding."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from math import cos, radians, sin
from threading import Lock

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.reformatter import VideoReformatter

from realtime_micacl.errors import SourceError
from realtime_micacl.lazy import Lazy
from realtime_micacl.live.sources.floats import is_float, shown
from realtime_micacl.live.sources.hdr import as_sdr, is_hdr
from realtime_micacl.types import U8

log = logging.getLogger(__name__)

MUCH_PX = 100_000_000
MOST_PX = 32_766  # with a longer side OpenCV moves no picture
WIDEST = 4  # no camera's pixels are so much wider than high, or higher than wide: such a figure is a mistake
# Few colours; to a detector their dots are edges.
DITHERED = ("gif", "monow", "monob", "pal8", "rgb8", "bgr8", "rgb4_byte", "bgr4_byte")
PAPER = 255  # what shows through where a picture has holes
PLAIN = ("yuv420p", "yuvj420p")  # what nearly all cameras and films give: the first plane is the luma, a byte a pixel


class Upright:
    """Turns the decoded frames of one video stream into read-only RGB pictures, [H,W,3], as a person is meant to see.

    Rows without padding, whatever the pixel format; the shorter side of oblong pixels is stretched; the turn and the
    mirror that the file or the camera asks for are carried out; what is transparent shows white; the dots that stand
    for colours which a palette lacks are smoothed; HDR, and light in floating point, look as on a normal screen.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._reformatter = VideoReformatter()  # one of our own: the frame's costs ten times as much
        self._using = Lock()
        self._refused: Fraction | None = None
        self._told = False

    def __call__(self, frame: av.VideoFrame) -> U8 | Lazy:
        """Return the picture of a decoded frame; a plain one, upright as it is, is made when it is asked for.

        Raise SourceError for one that is too large.
        """
        size = self._square(frame.width, frame.height)
        if max(size) > MOST_PX:
            shape = f"{size[0]} x {size[1]} px"
            raise SourceError(f"a picture of {shape} is too large; a side has at most {MOST_PX} px: make it smaller")
        if frame.width * frame.height > MUCH_PX and not self._told:
            self._told = True
            log.warning("a picture of %d x %d px takes long, and much memory; a face of 100 px is enough", *size)
        plain = frame.format.name in PLAIN and size == (frame.width, frame.height) and not is_hdr(frame)
        if plain and _upright(frame):
            return LazyPicture(frame, self._plain)
        return self._made(frame, *size)

    def _plain(self, frame: av.VideoFrame) -> U8:
        """Return the picture of a plain frame."""
        with self._using:
            image = self._reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()
        return _read_only(np.asarray(image, np.uint8))

    def _made(self, frame: av.VideoFrame, width: int, height: int) -> U8:
        holed = any(component.is_alpha for component in frame.format.components) or frame.format.name == "pal8"
        known = shown(frame, self._stream.codec_context.name) if is_float(frame) else frame
        plain = self._reformatter.reformat(known, width, height, "rgba" if holed else "rgb24", threads=1)
        pixels = np.asarray(plain.to_ndarray(), np.uint8)  # a view with padded rows
        pixels = _on_paper(pixels) if holed else pixels
        if is_hdr(frame):
            pixels = as_sdr(pixels, frame.color_trc)
        if frame.format.name in DITHERED or self._stream.codec_context.name in DITHERED:
            import cv2

            pixels = np.asarray(cv2.GaussianBlur(pixels, (3, 3), 0), np.uint8)
        return _read_only(_turned(pixels, frame))

    def _square(self, width: int, height: int) -> tuple[int, int]:
        """Return the size with square pixels; neither side gets smaller."""
        shape = self._stream.sample_aspect_ratio
        if not shape or shape == 1:
            return width, height
        if not Fraction(1, WIDEST) <= shape <= WIDEST:
            if shape != self._refused:
                log.warning(
                    "pixels of %d to %d are implausible and are taken as square", shape.numerator, shape.denominator
                )
            self._refused = shape
            return width, height
        return (round(width * shape), height) if shape > 1 else (width, round(height / shape))


class LazyPicture:
    """A plain frame as it was decoded, until its picture is asked for, by whichever thread."""

    def __init__(self, frame: av.VideoFrame, make: Callable[[av.VideoFrame], U8]) -> None:
        self.shape: tuple[int, ...] = (frame.height, frame.width, 3)
        self._frame, self._make = frame, make
        self._making = Lock()
        self._image: U8 | None = None

    @property
    def luma(self) -> U8:
        """The frame's first plane; once the picture is made, its green."""
        with self._making:
            if self._image is not None:
                return self._image[..., 1]
            plane = self._frame.planes[0]
            rows: U8 = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            return rows[: self.shape[0], : self.shape[1]]

    def made(self) -> U8:
        """Return the picture."""
        with self._making:
            if self._image is None:
                self._image = self._make(self._frame)
                del self._frame  # the decoder has its memory back
            return self._image


def _read_only(pixels: U8) -> U8:
    """Return a picture without padding that nobody can change."""
    image = np.ascontiguousarray(pixels)
    image.flags.writeable = False
    return image


def _on_paper(pixels: U8) -> U8:
    """Return RGBA [H,W,4] as RGB [H,W,3], on white."""
    alpha = pixels[..., 3:]
    if alpha.min(initial=255) == 255:
        return pixels[..., :3]
    alpha = alpha.astype(np.uint16)
    return np.asarray((pixels[..., :3] * alpha + PAPER * (255 - alpha) + 127) // 255, np.uint8)


def _turned(pixels: U8, frame: av.VideoFrame) -> U8:
    """Return the picture as its display matrix wants it, to the nearest quarter turn."""
    a, b, c, d = _matrix(frame)
    upright = abs(a) + abs(d) >= abs(b) + abs(c)
    across, down = (a, d) if upright else (c, b)
    pixels = pixels if upright else pixels.transpose(1, 0, 2)
    return pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def _upright(frame: av.VideoFrame) -> bool:
    a, b, c, d = _matrix(frame)
    return a > 0 and d > 0 and not b and not c


def _matrix(frame: av.VideoFrame) -> tuple[float, float, float, float]:
    """Return a, b, c, d of the display matrix: it leads (x, y) to (a x + c y, b x + d y)."""
    listed = SideDataContainer.__new__(SideDataContainer)
    with suppress(ValueError):  # what PyAV has no name for, as a photograph's EXIF, ends its list: look at what it has
        listed.__init__(frame)  # type: ignore[misc]
    if (one := listed.get(Type.DISPLAYMATRIX)) is not None:
        a, b, _, c, d = np.frombuffer(bytes(one), np.int32, 5).tolist()
        return a, b, c, d
    turn = radians(frame.rotation)
    return cos(turn), -sin(turn), sin(turn), cos(turn)
