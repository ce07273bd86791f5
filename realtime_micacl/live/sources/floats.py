"""Turns pictures of floating-point numbers (EXR, Radiance, PFM, TIFF) into 8 bits.

EXR and Radiance hold linear light in an unknown unit. The others hold linear light, too, or the values of an 8- or
16-bit picture, scaled to 1 or not; the largest numbers tell which. Without this everything above 1 would be white.
"""

from __future__ import annotations

import ctypes
import re

import av
import numpy as np
import numpy.typing as npt

from realtime_micacl.types import F32, U8

LINEAR = ("exr", "hdr")  # FFmpeg's names of the codecs that always hold linear light
BRIGHTEST = 99.5  # percentile that is taken as white: what is brighter are lamps and sparkles
FEW = 16.0  # 8-bit values go further, linear light seldom does
WHITES = (1.0, 255.0, 65535.0)
FLOATS = re.compile(r"f(16|32)(le|be)$")
Numbers = npt.NDArray[np.floating]


def is_float(frame: av.VideoFrame) -> bool:
    """Say whether a decoded frame is made of floating-point numbers."""
    return FLOATS.search(frame.format.name) is not None


def to_8_bits(frame: av.VideoFrame, codec: str) -> av.VideoFrame:
    """Return such a frame in 8 bits: RGB, or RGBA if it is transparent somewhere."""
    has_alpha = any(one.is_alpha for one in frame.format.components)
    *colours, last = _parts(frame)
    alpha, colours = (last, colours) if has_alpha else (None, [*colours, last])
    image = np.dstack((colours * 3)[:3]).astype(np.float32)
    pixels = _bits(_even(image, codec))
    if alpha is None:
        return av.VideoFrame.from_ndarray(pixels, "rgb24")
    return av.VideoFrame.from_ndarray(np.dstack((pixels, _bits(alpha.astype(np.float32)))), "rgba")


def _even(image: F32, codec: str) -> F32:
    """Return the numbers of a picture on the scale of sRGB, mostly between 0 and 1."""
    seen = image[np.isfinite(image)]
    white = float(np.percentile(seen, BRIGHTEST)) if seen.size else 0.0
    if codec in LINEAR or WHITES[0] < white < FEW or white > WHITES[-1]:
        return _gamma(image / (white if white > 0 else 1))
    return image / next(one for one in WHITES if white <= one)


def _gamma(light: F32) -> F32:
    """Return linear light as sRGB (IEC 61966-2-1)."""
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _bits(share: F32) -> U8:
    whole = np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    return np.asarray(np.rint(255 * whole), np.uint8)


def _parts(frame: av.VideoFrame) -> list[Numbers]:
    """Return each component of a frame, [H,W]: red, green and blue, or grey; then alpha."""
    found = FLOATS.search(frame.format.name)
    assert found is not None
    number = np.dtype(f"{'<' if found[2] == 'le' else '>'}f{int(found[1]) // 8}")
    planes = [_rows(plane, number) for plane in frame.planes]
    if len(planes) == 1:
        many = len(frame.format.components)
        packed = planes[0][:, : frame.width * many].reshape(frame.height, frame.width, many)
        return [packed[..., n] for n in range(many)]
    if frame.format.name.startswith("gbr"):
        planes[:3] = [planes[n] for n in (2, 0, 1)]
    return [plane[:, : frame.width] for plane in planes]


def _rows(plane: av.video.plane.VideoPlane, number: np.dtype[np.floating]) -> Numbers:
    """Return the padded rows of a plane; those of PFM are upside down and end where the plane is said to begin."""
    stride, height = plane.line_size, plane.height
    start = plane.buffer_ptr + min(0, stride * (height - 1))
    rows = np.frombuffer(ctypes.string_at(start, abs(stride) * height), number).reshape(height, -1)
    return rows[:: -1 if stride < 0 else 1]
