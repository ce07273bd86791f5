"""Turns arrays and pictures of other libraries into the pictures that the pipeline takes."""

from __future__ import annotations

import os
from contextlib import suppress
from math import isfinite
from typing import Any

import numpy as np

from realtime_micacl.errors import ConfigError
from realtime_micacl.types import U8

LEAST_PX = 16
MOST_PX = 1 << 14
MOST_S = 1e11  # seconds since 1970 are less, milliseconds more
WANTED = "a picture is RGB, uint8, [H,W,3]"
LIKE_ARRAYS = ("convert", "to_ndarray", "__array__", "__array_interface__")  # to ask Pillow for the last one decodes


def as_picture(image: Any) -> U8:
    """Return a picture as a read-only copy, RGB uint8 [H,W,3], C-contiguous.

    Grey becomes RGB, alpha is left out, and pictures of Pillow and PyAV are converted. Raise ConfigError for others.
    """
    if image is None:
        raise ConfigError(f"the picture is None; {WANTED} (cv2.imread gives None where it cannot read a file)")
    if isinstance(image, str | os.PathLike):
        raise ConfigError(f"the picture is a path, {str(image)[:60]!r}; {WANTED} (read and read_image take one path)")
    if isinstance(image, bytes | bytearray) or hasattr(image, "read"):
        mend = "PIL.Image.open(io.BytesIO(..)) makes a picture of a file's content, PIL.Image.open(..) of an open file"
        mend += " or of FastAPI's upload.file"
        raise ConfigError(f"the picture is of type {type(image).__name__}; {WANTED} ({mend})")
    if not isinstance(image, memoryview) and not any(hasattr(image, name) for name in LIKE_ARRAYS):
        raise ConfigError(f"the picture is of type {type(image).__name__}; {WANTED}")
    try:
        pixels = _pixels(image)
    except ConfigError:
        raise
    except Exception as cause:  # a tensor on a GPU, a truncated file; libraries raise anything
        raise ConfigError(f"the picture cannot be made an array: {cause}; {WANTED}") from cause
    shape = "x".join(map(str, pixels.shape)) or "no size"
    if pixels.dtype != np.uint8:
        mend = "(image * 255).astype('uint8') where it goes from 0 to 1" if pixels.dtype.kind == "f" else "convert it"
        raise ConfigError(f"the picture has numbers of type {pixels.dtype}; {WANTED}: {mend}")
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4):
        first = pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4)
        mend = "; image.transpose(1, 2, 0) puts the channels last" if first else ""
        raise ConfigError(f"the picture is {shape}; {WANTED}{mend}")
    if not all(LEAST_PX <= side <= MOST_PX for side in pixels.shape[:2]):
        raise ConfigError(f"the picture is {shape}; each side must have {LEAST_PX} to {MOST_PX} px")
    rgb = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else np.array(pixels[:, :, :3], np.uint8, order="C")
    rgb.flags.writeable = False
    return rgb


def _pixels(image: Any) -> np.ndarray[Any, Any]:
    """Return the pixels of a picture of any library, [H,W] or [H,W,C]."""
    if hasattr(image, "to_ndarray"):  # PyAV's
        return np.asarray(image.to_ndarray(format="rgb24"))
    if not (hasattr(image, "convert") and hasattr(image, "mode")):
        return np.asarray(image)
    from PIL import ImageOps  # the pixels of a palette picture are not colours

    with suppress(Exception):  # damaged EXIF
        image = ImageOps.exif_transpose(image)  # upright, as the file itself would be read
    if image.mode in ("I", "F"):
        raise ConfigError(f"the picture has Pillow's mode {image.mode}, in which no number is white; {WANTED}")
    image = np.asarray(image) // 257 if image.mode.startswith("I;16") else image.convert("RGB")
    return np.asarray(image, np.uint8)


def as_time(time_s: Any, before_s: float | None, mend: str) -> float:
    """Return the time of a picture in s; raise ConfigError if it is not a number or before `before_s`.

    `mend` is what to do then.
    """
    try:
        if getattr(getattr(time_s, "dtype", None), "kind", "") in ("m", "M"):
            raise TypeError  # NumPy would convert it to nanoseconds
        if isinstance(time_s, bool | np.bool_):
            raise ConfigError(f"the time is {time_s}; cv2's read() gives whether there is a picture, and the picture")
        value = float(time_s)
    except (TypeError, ValueError, OverflowError):
        if getattr(time_s, "shape", ()) != ():
            raise ConfigError("the time is an array; give the time in seconds first, then the picture") from None
        dated = hasattr(time_s, "isoformat") or hasattr(time_s, "dtype")
        mend = "; (t - first) / np.timedelta64(1, 's') is one" if dated else ""
        mend = "; t.total_seconds() is one" if hasattr(time_s, "total_seconds") else mend
        raise ConfigError(f"the time is {str(time_s)[:60]!r}; it is a number of seconds{mend}") from None
    if not abs(value) < MOST_S:
        mend = "; milli- and nanoseconds have to be divided" if isfinite(value) else ""
        raise ConfigError(f"the time is {value:g}; it is a number of seconds{mend}")
    if before_s is not None and value < before_s:
        raise ConfigError(f"time goes back from {before_s:g} to {value:g} s; {mend}")
    return value
