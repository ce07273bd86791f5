"""The ribbon of the timeline as pixels: the shares and the weight of each column of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
from PyQt6.QtGui import QImage

from realtime_micacl.types import F32, U8
from realtime_micacl_ui.past import F64, HOLD_S, SPAN_S, Ints, Past
from realtime_micacl_ui.theme import EMOTION_COLOURS

LEAST_SPREAD, SPREAD_STEP = 0.1, 0.05  # the least scale of the weights, so that small differences look small
TILE = 256  # columns that are drawn together; only the newest tile changes with each reading
PALETTE = [colour.rgb() for colour in EMOTION_COLOURS.values()]
NOTHING, WEIGHT = len(PALETTE), len(PALETTE) + 1  # the pixels that are no emotion


def spread(past: Past) -> float:
    """Return the scale of the weights: how far from 1 they reach, in steps, so that it seldom changes."""
    return max(LEAST_SPREAD, SPREAD_STEP * ceil(float(np.abs(past.importance - 1).max()) / SPREAD_STEP - 1e-4))


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
    """Return the mean weight of each column in the windows that held it, NaN if none did, [columns]."""
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
    """Return the height of a weight's bar, 0 to 1; that of the mean weight, 1, is a half."""
    return np.asarray(np.clip(0.5 + 0.5 * (weight - 1) / scale, 0.04, 1.0), np.float32)


@dataclass(frozen=True, eq=False)
class Tile:
    """Ribbon and weights of TILE columns, one above the other, and the runs of columns without a reading."""

    image: QImage
    gaps: list[tuple[int, int]]


def tiles(
    past: Past, last_column: int, size: tuple[int, int, int], instance_s: float, scale: float, ink: int
) -> Iterator[tuple[int, Tile]]:
    """Yield the tiles of a ribbon that ends with `last_column`, each with its first column, which may be negative.

    `size` is the ribbon's width and the height of ribbon and weights, in device px; the weights are drawn in `ink`.
    A tile depends only on its own readings, so that an old one is not drawn again.
    """
    width = size[0]
    first = last_column + 1 - width
    reach_s = past.importance.shape[1] * instance_s
    for number in range(first // TILE, last_column // TILE + 1):
        start_s, end_s = (n * TILE * SPAN_S / width for n in (number, number + 1))
        i = np.searchsorted(past.times_s, start_s - HOLD_S)
        j = np.searchsorted(past.times_s, end_s + reach_s, side="right")
        values = (past.times_s[i:j].tobytes(), past.shares[i:j].tobytes(), past.importance[i:j].tobytes())
        since_s = max(start_s, float(past.times_s[0]))
        yield number * TILE - first, _tile(number, values, since_s, size, round(instance_s, 2), scale, ink)


@lru_cache(maxsize=48)
def _tile(
    number: int,
    values: tuple[bytes, bytes, bytes],
    since_s: float,
    size: tuple[int, int, int],
    instance_s: float,
    scale: float,
    ink: int,
) -> Tile:
    width, tall, slim = size
    columns: F64 = (number * TILE + 1 + np.arange(TILE)) * np.float64(SPAN_S / width)  # where each ends
    times_s = np.frombuffer(values[0], np.float64)
    picture = np.full((tall + slim, TILE), NOTHING, np.uint8)
    index = np.full(TILE, -1)
    if len(times_s):
        shares, weights = (np.frombuffer(v, np.float32).reshape(len(times_s), -1) for v in values[1:])
        past = Past(times_s, shares, weights, np.zeros(0, np.int64))
        index = past.standing(columns)
        picture[:tall] = stacked(past, index, tall)
        if instance_s > 0 and slim:
            rows = np.arange(slim)[::-1, None] + 0.5
            filled = rows <= slim * bar_share(weighed(past, columns, instance_s), scale)
            picture[tall:][filled & (index >= 0)] = WEIGHT
    image = QImage(picture.tobytes(), TILE, tall + slim, TILE, QImage.Format.Format_Indexed8)
    image.setColorTable([*PALETTE, 0, ink])
    ready = image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    return Tile(ready, gaps(since_s, columns, index))


def gaps(since_s: float, columns: F64, index: Ints) -> list[tuple[int, int]]:
    """Return first and end of each run of columns without a reading, after the first reading of the track."""
    empty = (index < 0) & (columns >= since_s)
    edges: Ints = np.flatnonzero(np.diff(np.concatenate([[0], empty.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
