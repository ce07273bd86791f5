"""Face crops: a similarity transform takes the key points of a face to fixed places in a square."""

from __future__ import annotations

from math import ceil, floor, hypot

import cv2
import numpy as np

from realtime_micacl.types import F32, U8

AREA_BELOW = 0.6  # px of the crop per px of the picture; below 0.5 bilinear sampling would skip pixels

Points = tuple[tuple[float, float], ...]
"""Where the right eye, left eye, nose tip and mouth centre lie in the crop, as fractions of its side."""
Centred = tuple[complex, list[complex]]
"""The mean of points, as x + i y, and how far each is from it."""


def centred(points: F32) -> Centred:
    """Return points [P,2] as the mean of all and the distance of each."""
    plane = [complex(x, y) for x, y in points.tolist()]
    mean = sum(plane) / len(plane)
    return mean, [one - mean for one in plane]


def similarity(source: F32, target: Centred) -> F32:
    """Return the least-squares rotation, scale and shift [2,3] that takes points [P,2] to as many points."""
    (s_mean, s), (t_mean, t) = centred(source), target
    power = sum([abs(one) ** 2 for one in s])
    a = sum([one.conjugate() * other for one, other in zip(s, t, strict=True)]) / power if power > 0 else 1.0 + 0j
    b = t_mean - a * s_mean
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]], np.float32)


class Aligner:
    """Cuts the crops that an engine's sidecar describes."""

    def __init__(self, size_px: int, points: Points) -> None:
        self.size_px = size_px
        self.points: F32 = np.array(points, np.float32)
        self._target = centred(self.points * size_px - 0.5)  # px centres lie at whole numbers

    @property
    def recipe(self) -> tuple[int, list[list[float]]]:
        """All that a crop depends on besides the picture; part of the key of a cached crop."""
        return self.size_px, self.points.tolist()

    def crop(self, image: U8, key_points: F32) -> U8:
        """Return the crop [S,S,3] of the face whose key points [4,2] are given in px of `image` [H,W,3].

        A face much larger than the crop is shrunk by area first, so that live crops are as free of
        aliasing as the training pictures. Beyond the frame the border repeats.
        """
        transform = similarity(key_points, self._target)
        scale = hypot(*transform[:, 0].tolist())
        if scale < AREA_BELOW:
            image, key_points = _shrunk(image, key_points, transform, self.size_px, scale)
            transform = similarity(key_points, self._target)
        size = (self.size_px, self.size_px)
        crop = cv2.warpAffine(image, transform, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        crop.flags.writeable = False
        return crop.astype(np.uint8, copy=False)


def _shrunk(image: U8, key_points: F32, transform: F32, size_px: int, scale: float) -> tuple[U8, F32]:
    """Return the part of `image` that the crop will show, shrunk by `scale`, and the key points in it."""
    turn, shift = complex(transform[0, 0], transform[1, 0]), complex(transform[0, 2], transform[1, 2])
    corners = [(complex(x, y) - shift) / turn for x in (0, size_px) for y in (0, size_px)]
    height, width = image.shape[:2]
    xs, ys = [c.real for c in corners], [c.imag for c in corners]
    left, top = min(max(floor(min(xs)) - 2, 0), width - 1), min(max(floor(min(ys)) - 2, 0), height - 1)
    right, bottom = min(max(ceil(max(xs)) + 3, left + 1), width), min(max(ceil(max(ys)) + 3, top + 1), height)
    part = image[top:bottom, left:right]
    small_size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
    if part.shape[:2] == (2 * small_size[1], 2 * small_size[0]):  # cv2 rounds the mean of four bytes in its own way
        small = cv2.resize(part, small_size, interpolation=cv2.INTER_AREA)
    else:  # of floats it makes the same means in four fifths of the time
        small = cv2.convertScaleAbs(cv2.resize(part.astype(np.float32), small_size, interpolation=cv2.INTER_AREA))
    factor = np.array([small_size[0] / part.shape[1], small_size[1] / part.shape[0]], np.float32)
    moved = (key_points - np.array([left - 0.5, top - 0.5], np.float32)) * factor - np.float32(0.5)
    return small.astype(np.uint8, copy=False), moved
