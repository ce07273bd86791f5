"""Finds faces in a still, where there is time to look closely: small ones, and those that fill the picture.

The detector sees a picture as a whole, small. What is under a tenth of it is too little to be seen, and a face that
fills it is too much. So a still is looked at as it is, with a border, and in overlapping parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from realtime_micacl.live.seeing.detection import Detection, distinct, largest
from realtime_micacl.types import U8

BORDER = 0.5  # of the picture's sides, around it
PARTS = (2, 4)  # across its shorter side
LAP = 0.35  # of a part: a face that is cut by the border of one lies whole in the next, or in a larger one
LARGEST_PX = 1920  # more says nothing to the detector, and takes its time
LEAST_PX = 160  # smaller parts hold no usable face
SURE = 0.7  # with so many looks chance has many tries: test pictures gave 0.67, the faces of groups 0.72 and more


class Detects(Protocol):
    """A detector."""

    def detect(self, image: U8) -> list[Detection]:
        """Return the faces in RGB [H,W,3]."""


def look_closely(detector: Detects, image: U8, most: int) -> list[Detection]:
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
    """Yield the picture, with a border, and its parts, each with where its corner lies in the picture."""
    height, width = image.shape[:2]
    yield image, 0, 0
    down, across = round(height * BORDER), round(width * BORDER)
    bordered = cv2.copyMakeBorder(image, down, down, across, across, cv2.BORDER_REPLICATE)
    yield np.asarray(bordered, np.uint8), -across, -down
    for parts in PARTS:
        side = min(height, width) * 2 // (parts + 1)
        if side < LEAST_PX:
            continue
        for y in corners(height, side, LAP):
            for x in corners(width, side, LAP):
                yield np.ascontiguousarray(image[y : y + side, x : x + side]), x, y


def corners(length: int, side: int, lap: float) -> list[int]:
    """Return where parts of `side` begin that cover a length and overlap by a share `lap` of them, at least."""
    count = 1 + -(-(length - side) // max(1, round(side * (1 - lap))))
    return [round(k * (length - side) / max(1, count - 1)) for k in range(count)]
