"""Finds faces in a still, where there is time to look closely: small ones, and those that fill the picture.

The detector scales every picture down, so it misses faces below a tenth of it, and also those that fill it. So it is
run on the still as it is, on the still with a border, and on overlapping parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from realtime_micacl.live.seeing.detection import Detection, distinct, largest
from realtime_micacl.types import U8

BORDER = 0.5  # width of the border, as a share of the picture's sides
PARTS = (2, 4)  # how many parts lie across the shorter side
OVERLAP = 0.35  # share of a part; a face cut by the edge of one part lies whole in the next, or in a larger part
LARGEST_PX = 1920  # longer side; more pixels only take time
LEAST_PX = 160  # smaller parts hold no usable face
SURE = 0.7  # least score in parts: with many looks false hits add up, up to 0.67 in test pictures; real faces gave 0.72


class Detector(Protocol):
    """Finds faces in one picture."""

    def detect(self, image: U8) -> list[Detection]:
        """Return the faces in RGB [H,W,3]."""


def look_closely(detector: Detector, image: U8, most: int) -> list[Detection]:
    """Return the faces in RGB [H,W,3], `most` at most, the largest first."""
    height, width = image.shape[:2]
    scale = max(1.0, max(height, width) / LARGEST_PX)
    if scale > 1:
        size = (max(1, round(width / scale)), max(1, round(height / scale)))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    found: list[Detection] = []
    for number, (part, x, y) in enumerate(_views(image)):
        shift = np.array([x, y], np.float32)
        for one in detector.detect(part):
            if number and one.score < SURE:
                continue
            moved = one.moved(shift)
            found.append(replace(moved, box=scale * moved.box, points=scale * moved.points))
    return largest(distinct(found), most)


def _views(image: U8) -> Iterator[tuple[U8, int, int]]:
    """Yield the picture, the picture with a border, and its parts, each with x and y of its corner in the picture."""
    height, width = image.shape[:2]
    yield image, 0, 0
    down, across = round(height * BORDER), round(width * BORDER)
    bordered = cv2.copyMakeBorder(image, down, down, across, across, cv2.BORDER_REPLICATE)
    yield np.asarray(bordered, np.uint8), -across, -down
    for parts in PARTS:
        side = min(height, width) * 2 // (parts + 1)
        if side < LEAST_PX:
            continue
        for y in starts(height, side, OVERLAP):
            for x in starts(width, side, OVERLAP):
                yield np.ascontiguousarray(image[y : y + side, x : x + side]), x, y


def starts(length: int, side: int, overlap: float) -> list[int]:
    """Return where parts of `side` px begin that cover `length` px and overlap by a share `overlap` at least."""
    count = 1 + -(-(length - side) // max(1, round(side * (1 - overlap))))
    return [round(k * (length - side) / max(1, count - 1)) for k in range(count)]
