"""Turns decoded frames into upright RGB pictures with square pixels and without padding."""

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
from realtime_micacl.live.sources.floats import is_float, to_8_bits
from realtime_micacl.live.sources.hdr import as_sdr, is_hdr
from realtime_micacl.types import U8

log = logging.getLogger(__name__)

MUCH_PX = 100_000_000
MOST_PX = 32_766  # of a side; OpenCV warps no larger picture
WIDEST = 4  # a pixel aspect ratio beyond this, or below its inverse, is a mistake
# Few colours, so dithered; to a detector the dots are edges.
DITHERED = ("gif", "monow", "monob", "pal8", "rgb8", "bgr8", "rgb4_byte", "bgr4_byte")
PAPER = 255  # white shows through transparent parts
PLAIN = ("yuv420p", "yuvj420p")  # nearly all cameras and videos; the first plane is the luma, a byte a pixel


class Upright:
    """Turns the decoded frames of a video stream into read-only RGB pictures, [H,W,3], as people are meant to see them.

    Any pixel format becomes rows without padding. Oblong pixels become square by stretching their shorter side. The
    picture is turned and mirrored as its display matrix says. Transparent parts become white, dithering is smoothed,
    HDR and floating-point light become SDR.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream = stream
        self._reformatter = VideoReformatter()  # kept, as that of the frame costs ten times as much
        self._using = Lock()
        self._refused: Fraction | None = None
        self._warned = False

    def __call__(self, frame: av.VideoFrame) -> U8 | Lazy:
        """Return the picture of a decoded frame; a plain one that needs no turning is converted when it is asked for.

        Raise SourceError for one that is too large.
        """
        size = self._square(frame.width, frame.height)
        if max(size) > MOST_PX:
            shape = f"{size[0]} x {size[1]} px"
            raise SourceError(f"a picture of {shape} is too large; a side has at most {MOST_PX} px: make it smaller")
        if frame.width * frame.height > MUCH_PX and not self._warned:
            self._warned = True
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
        has_alpha = any(component.is_alpha for component in frame.format.components) or frame.format.name == "pal8"
        frame_8 = to_8_bits(frame, self._stream.codec_context.name) if is_float(frame) else frame
        plain = self._reformatter.reformat(frame_8, width, height, "rgba" if has_alpha else "rgb24", threads=1)
        pixels = np.asarray(plain.to_ndarray(), np.uint8)  # a view with padded rows
        pixels = _on_paper(pixels) if has_alpha else pixels
        if is_hdr(frame):
            pixels = as_sdr(pixels, frame.color_trc)
        if frame.format.name in DITHERED or self._stream.codec_context.name in DITHERED:
            import cv2

            pixels = np.asarray(cv2.GaussianBlur(pixels, (3, 3), 0), np.uint8)
        return _read_only(_turned(pixels, frame))

    def _square(self, width: int, height: int) -> tuple[int, int]:
        """Return the size in square pixels; neither side gets smaller."""
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
    """A plain decoded frame that is converted when a thread first asks for its picture."""

    def __init__(self, frame: av.VideoFrame, make: Callable[[av.VideoFrame], U8]) -> None:
        self.shape: tuple[int, ...] = (frame.height, frame.width, 3)
        self._frame, self._make = frame, make
        self._making = Lock()
        self._image: U8 | None = None

    @property
    def luma(self) -> U8:
        """The frame's first plane; once it is converted, the picture's green."""
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
                del self._frame  # gives its memory back to the decoder
            return self._image


def _read_only(pixels: U8) -> U8:
    """Return a read-only picture without padding."""
    image = np.ascontiguousarray(pixels)
    image.flags.writeable = False
    return image


def _on_paper(pixels: U8) -> U8:
    """Return RGBA [H,W,4] on white as RGB [H,W,3]."""
    alpha = pixels[..., 3:]
    if alpha.min(initial=255) == 255:
        return pixels[..., :3]
    alpha = alpha.astype(np.uint16)
    return np.asarray((pixels[..., :3] * alpha + PAPER * (255 - alpha) + 127) // 255, np.uint8)


def _turned(pixels: U8, frame: av.VideoFrame) -> U8:
    """Return the picture turned and mirrored by its display matrix, to the nearest quarter turn."""
    a, b, c, d = _matrix(frame)
    upright = abs(a) + abs(d) >= abs(b) + abs(c)
    across, down = (a, d) if upright else (c, b)
    pixels = pixels if upright else pixels.transpose(1, 0, 2)
    return pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def _upright(frame: av.VideoFrame) -> bool:
    a, b, c, d = _matrix(frame)
    return a > 0 and d > 0 and not b and not c


def _matrix(frame: av.VideoFrame) -> tuple[float, float, float, float]:
    """Return a, b, c, d of the display matrix, which maps (x, y) to (a x + c y, b x + d y)."""
    listed = SideDataContainer.__new__(SideDataContainer)
    with suppress(ValueError):  # PyAV stops at side data that it does not know, such as EXIF: use what it has by then
        listed.__init__(frame)  # type: ignore[misc]
    if len(listed) and (one := listed.get(Type.DISPLAYMATRIX)) is not None:
        a, b, _, c, d = np.frombuffer(bytes(one), np.int32, 5).tolist()
        return a, b, c, d
    turn = radians(frame.rotation)
    return cos(turn), -sin(turn), sin(turn), cos(turn)
