"""The ribbon of the timeline as pixels: what each column of time looked like, and what it weighed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PyQt6.QtGui import QImage

from realtime_micacl.types import F32, U8
from realtime_micacl_ui.past import F64, SPAN_S, Ints, Past
from realtime_micacl_ui.theme import EMOTION_COLOURS

LEAST_SPREAD = 0.1  # a smaller spread of the weights is drawn as small as it is
PALETTE = [colour.rgb() for colour in EMOTION_COLOURS.values()]
NOTHING, WEIGHT = len(PALETTE), len(PALETTE) + 1  # the pixels that are no emotion


def spread(past: Past) -> float:
    """Return how far from 1 the drawn weights reach."""
    return max(LEAST_SPREAD, float(np.abs(past.importance - 1).max()))


def stacked(past: Past, index: Ints, height: int) -> U8:
    """Return the ribbon as emotions, [height, columns]: each column is the reading `index`, NOTHING in a gap."""
    edges = np.rint(height * (1 - np.cumsum(past.shares[np.maximum(index, 0)], axis=1))).astype(np.int16)
    rows = np.arange(height, dtype=np.int16)[:, None]
    emotion = np.zeros((height, len(index)), np.uint8)
    for edge in edges.T[:-1]:
        emotion += rows < edge
    emotion[:, index < 0] = NOTHING
    return emotion


def weighed(past: Past, columns: F64, instance_s: float) -> F32:
    """Return what each column's moment weighed on average in the windows that held it; NaN where none did."""
    step_s = columns[1] - columns[0]
    instances = past.importance.shape[1]
    ends = past.times_s[:, None] - instance_s * np.arange(instances)[::-1]
    last = np.floor((ends - columns[0]) / step_s + 0.5).astype(np.int64).ravel() + 1
    first = last - max(1, round(instance_s / step_s))
    total, count = np.zeros(len(columns) + 1), np.zeros(len(columns) + 1)
    for at, sign in ((first, 1.0), (last, -1.0)):
        place = np.clip(at, 0, len(columns))
        total += sign * np.bincount(place, past.importance.ravel(), len(columns) + 1)
        count += sign * np.bincount(place, minlength=len(columns) + 1)
    total, count = np.cumsum(total)[:-1], np.rint(np.cumsum(count)[:-1])
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(count > 0, total / count, np.nan), np.float32)


def bar_share(weight: float | F32, scale: float) -> F32:
    """Return how high a weight is drawn, 0 to 1: half for the mean, 1."""
    return np.asarray(np.clip(0.5 + 0.5 * (weight - 1) / scale, 0.04, 1.0), np.float32)


@dataclass(frozen=True, eq=False)
class Raster:
    """Ribbon and weights, one above the other, and the runs of columns without a reading, first and end."""

    image: QImage
    gaps: list[tuple[int, int]]


@lru_cache(maxsize=2)
def raster(
    past: Past, last_column: int, size: tuple[int, int, int], instance_s: float, scale: float, ink: int
) -> Raster:
    """Return ribbon and weights, these in `ink`, in a picture of `size` (width, height of both) in device px."""
    width, tall, slim = size
    columns = (last_column + 1 - np.arange(width)[::-1]) * (SPAN_S / width)
    index = past.standing(columns)
    picture = np.full((tall + slim, width), NOTHING, np.uint8)
    picture[:tall] = stacked(past, index, tall)
    if instance_s > 0 and slim:
        rows = np.arange(slim)[::-1, None] + 0.5
        filled = rows <= slim * bar_share(weighed(past, columns, instance_s), scale)
        picture[tall:][filled & (index >= 0)] = WEIGHT
    image = QImage(picture.tobytes(), width, tall + slim, width, QImage.Format.Format_Indexed8)
    image.setColorTable([*PALETTE, 0, ink])
    ready = image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    return Raster(ready, gaps(past, columns, index))


def gaps(past: Past, columns: F64, index: Ints) -> list[tuple[int, int]]:
    """Return the runs of columns, first and end, that no reading stands for since the track was first read."""
    empty = (index < 0) & (columns >= past.times_s[0])
    edges: Ints = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
