"""The ribbon of the timeline as pixels: what each column of time looked like, and what it weighed."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PyQt6.QtGui import QImage

from realtime_micacl.types import EMOTIONS, F32, U8
from realtime_micacl_ui.past import F64, SPAN_S, Ints, Past
from realtime_micacl_ui.theme import EMOTION_COLOURS

LEAST_SPREAD = 0.1  # a smaller spread of the weights is drawn as small as it is
PALETTE = np.array([[c.red(), c.green(), c.blue()] for c in EMOTION_COLOURS.values()], np.uint8)


def spread(past: Past) -> float:
    """Return how far from 1 the drawn weights reach."""
    return max(LEAST_SPREAD, float(np.abs(past.importance - 1).max()))


def stacked(past: Past, columns: F64, height: int) -> U8:
    """Return the ribbon as colours, RGBA [height, columns]: each column is the reading that stands for its time."""
    index = past.standing(columns)
    edges = np.rint(height * (1 - np.cumsum(past.shares[np.maximum(index, 0)], axis=1))).astype(np.int64)
    steps = np.zeros((height + 1, len(columns)), np.int8)
    steps[0] = len(EMOTIONS) - 1
    for edge in edges.T[:-1]:
        np.subtract.at(steps, (np.clip(edge, 0, height), np.arange(len(columns))), 1)
    emotion = np.cumsum(steps[:height], axis=0, dtype=np.int8)
    picture = np.zeros((height, len(columns), 4), np.uint8)
    picture[..., :3] = PALETTE[emotion]
    picture[..., 3] = 255
    picture[:, index < 0] = 0
    return picture


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


@lru_cache(maxsize=2)
def raster(
    past: Past, last_column: int, size: tuple[int, int, int], instance_s: float, scale: float, ink: int
) -> QImage:
    """Return ribbon and weights, these in `ink`, as one picture of `size` (width, height of both) in device px."""
    width, tall, slim = size
    columns = (last_column + 1 - np.arange(width)[::-1]) * (SPAN_S / width)
    picture = np.zeros((tall + slim, width, 4), np.uint8)
    picture[:tall] = stacked(past, columns, tall)
    if instance_s > 0 and slim:
        rows = np.arange(slim)[::-1, None] + 0.5
        filled = rows <= slim * bar_share(weighed(past, columns, instance_s), scale)
        picture[tall:][filled & (past.standing(columns) >= 0)] = (ink >> 16 & 255, ink >> 8 & 255, ink & 255, 255)
    return QImage(picture.tobytes(), width, tall + slim, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied).copy()


def gaps(past: Past, columns: F64) -> list[tuple[int, int]]:
    """Return the runs of columns, first and end, that no reading stands for since the track was first read."""
    empty = (past.standing(columns) < 0) & (columns >= past.times_s[0])
    edges: Ints = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
