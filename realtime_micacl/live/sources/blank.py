"""Notices a source that has shown nothing yet: it is black, or has not changed since it began."""

from __future__ import annotations

import numpy as np

from realtime_micacl.types import U8, Frame

SURE_S, LEAST = 1.2, 4  # for how long, and in how many pictures, before a fault is reported
STEP_PX = 8  # between the pixels that are looked at
BRIGHTEST = 24  # of 255, for 99 % of the pixels; a sensor in the dark is not quite black
BLACK = "the picture is black: a closed shutter, a covered lens, or another program holds the camera"
FROZEN = "the picture has stood still since it began: a virtual camera with nothing to show, or one that hangs"
UNSURE = "checking whether the camera shows anything"


class Blank:
    """Says what is wrong with a source that has so far been all black, or always the same picture.

    In a living picture the sensor's noise alone changes some pixels; in a repeated one none change.
    """

    def __init__(self) -> None:
        self._alive = False
        self._first: U8 | None = None
        self._black = self._frozen = True
        self._since_s = 0.0
        self._count = 0

    def fault(self, frame: Frame) -> str:
        """Take the next picture; return what is wrong, `UNSURE` while that is open, or an empty string."""
        if self._alive:
            return ""
        pixels = frame.image[::STEP_PX, ::STEP_PX]
        if self._first is None:
            self._first, self._since_s = pixels.copy(), frame.time_s
        self._black = self._black and float(np.percentile(pixels, 99)) < BRIGHTEST
        self._frozen = self._frozen and np.array_equal(pixels, self._first)
        self._count += 1
        self._alive = not (self._black or self._frozen)
        if self._alive:
            return ""
        if self._count < LEAST or frame.time_s - self._since_s < SURE_S:
            return UNSURE
        return BLACK if self._black else FROZEN

    def saw_somebody(self) -> None:
        """Note that a face was found, so the picture is neither black nor blank."""
        self._alive = True
