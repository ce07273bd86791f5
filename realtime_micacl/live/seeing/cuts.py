"""Hard cuts between pictures."""

from __future__ import annotations

import cv2
import numpy as np

from realtime_micacl.lazy import Lazy, made
from realtime_micacl.live.seeing.tracker import Cut, likeness, normalised, signature
from realtime_micacl.types import F32, U8

MIN_SCENE_LIKENESS = 0.5  # a picture that is less like the one before is the first after a cut; chosen as for faces
SHAKEN = 0.9  # likeness of a picture's middle to part of the next in 208 jolts of a camera, and in 1 % of 2600 cuts
JOLT = 4  # a jolt moves the picture by up to a quarter of its sides
GLANCE, SAME_GLANCE = 16, 0.9  # pixels across the shorter side; frames that are this alike in them are no cut


class CutDetector:
    """Notices a hard cut: a frame that does not look like the one before.

    For most frames a few single pixels show that they are alike; only otherwise the whole frames are compared, for
    which they have to be converted. If a camera was jolted, the same picture is found elsewhere, and that is no cut.
    """

    def __init__(self) -> None:
        self._before: U8 | Lazy | None = None
        self._glance: F32 = np.zeros(0, np.float32)

    def is_cut(self, picture: U8 | Lazy) -> bool:
        """Say whether a picture [H,W,3] is the first after a cut; call once per frame."""
        return self.cut(picture) is not None

    def cut(self, picture: U8 | Lazy) -> Cut | None:
        """Return the cut before a picture [H,W,3]; None if there is none. Call once per frame."""
        before, glance = self._before, self._glance
        self._before, self._glance = picture, _glance(picture)
        if before is None or (len(glance) == len(self._glance) and likeness(glance, self._glance) > SAME_GLANCE):
            return None
        then, now = _overview(made(before)), _overview(made(picture))
        a, b = signature(then), signature(now)
        differ = bool(a.any() and b.any()) and likeness(a, b) < MIN_SCENE_LIKENESS
        return Cut(a, b) if differ and not _jolted(then, now) else None


def _glance(picture: U8 | Lazy) -> F32:
    """Return a few pixels of a picture, or of its luma if it is not converted yet, with mean 0 and length 1."""
    pixels = picture if isinstance(picture, np.ndarray) else picture.luma
    step = max(1, min(pixels.shape[:2]) // GLANCE)
    return normalised(pixels[::step, ::step])


def _overview(image: U8) -> U8:
    """Return a picture with a shorter side of 64 px or a little more."""
    step = max(1, min(image.shape[:2]) // 64)
    return image[::step, ::step]


def _jolted(then: U8, now: U8) -> bool:
    """Say whether the middle of one overview is somewhere in the other."""
    height, width = then.shape[:2]
    middle = then[height // JOLT : height - height // JOLT, width // JOLT : width - width // JOLT]
    if then.shape != now.shape or not middle.std():
        return False
    found = cv2.matchTemplate(_grey(now), _grey(middle), cv2.TM_CCOEFF_NORMED)
    return float(found.max()) > SHAKEN


def _grey(image: U8) -> U8:
    """Return the luma of a picture, blurred: its finest lines change when it moves by part of a pixel."""
    return np.asarray(cv2.blur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (3, 3)), np.uint8)
