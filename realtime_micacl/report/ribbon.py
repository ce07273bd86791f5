"""Pictures of numbers over time, small enough to be part of a page."""

from __future__ import annotations

from base64 import b64encode

import cv2
import numpy as np
import numpy.typing as npt

from realtime_micacl.palette import COLOURS
from realtime_micacl.report.session import F64, Face
from realtime_micacl.types import GAP_S, U8

WIDTH, HEIGHT = 1600, 112
QUALITY_PX = 24
Span = tuple[float, float]
"""First and last second of what is drawn; the last is later."""


def ribbon(face: Face, span: Span) -> str:
    """Return a picture of a face's shares over time as stacked colours, transparent without a reading."""
    means, there = _binned(face, face.shares, span)
    edges = np.rint(HEIGHT * (1 - np.cumsum(means, axis=1)))
    rows = np.arange(HEIGHT)[:, None]
    which = np.zeros((HEIGHT, WIDTH), np.int64)
    for edge in edges.T[:-1]:
        which += rows < edge
    pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    pixels[..., :3] = np.array([_bgr(colour) for colour in COLOURS.values()], np.uint8)[which]
    pixels[..., 3] = np.where(there, 255, 0)
    return _uri(pixels)


def quality(face: Face, span: Span) -> str:
    """Return a picture of a face's quality over time, as an area."""
    means, there = _binned(face, face.quality[:, None], span)
    rows = QUALITY_PX - np.arange(QUALITY_PX)[:, None] - 0.5
    pixels = np.full((QUALITY_PX, WIDTH, 4), 150, np.uint8)
    pixels[..., 3] = np.where(there & (rows <= means[:, 0] * QUALITY_PX), 200, 0)
    return _uri(pixels)


def latency(faces: list[Face], span: Span, columns: int = 240) -> list[tuple[float, float, float]]:
    """Return place, median and 95th percentile, in seconds, of columns of time; place is 0 to 1."""
    times = np.concatenate([face.times_s for face in faces])
    values = np.concatenate([face.latency_s for face in faces])
    timed = np.isfinite(values)
    times, values = times[timed], values[timed]
    column = _columns(times, span, columns)
    found = []
    for number in np.unique(column):
        here = values[column == number]
        found.append(((number + 0.5) / columns, float(np.median(here)), float(np.percentile(here, 95))))
    return found


def _columns(times_s: F64, span: Span, columns: int) -> npt.NDArray[np.int64]:
    """Return the number of the column that each time falls into."""
    return np.clip(((times_s - span[0]) / (span[1] - span[0]) * columns).astype(np.int64), 0, columns - 1)


def _binned(face: Face, values: npt.NDArray[np.float32], span: Span) -> tuple[F64, npt.NDArray[np.bool_]]:
    """Return the means of values [n, v] in each column, [WIDTH, v], and which columns have a reading.

    A reading holds until the next one if that comes within GAP_S.
    """
    column = _columns(face.times_s, span, WIDTH)
    count = np.bincount(column, minlength=WIDTH)
    sums = np.stack([np.bincount(column, part, WIDTH) for part in values.T.astype(np.float64)], axis=1)
    last = np.maximum.accumulate(np.where(count > 0, np.arange(WIDTH), -1))
    source = np.maximum(last, 0)
    means = sums[source] / np.maximum(count[source], 1)[:, None]
    held = GAP_S / (span[1] - span[0]) * WIDTH
    ahead = np.searchsorted(np.unique(column), np.arange(WIDTH))
    following = np.append(np.unique(column), WIDTH * 2)[ahead]
    there = (last >= 0) & ((np.arange(WIDTH) - last <= 1) | (following - last <= held))
    return means, there


def _bgr(colour: str) -> tuple[int, int, int]:
    return int(colour[5:7], 16), int(colour[3:5], 16), int(colour[1:3], 16)


def _uri(pixels: U8) -> str:
    made, png = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    assert made
    return f"data:image/png;base64,{b64encode(png.tobytes()).decode()}"
