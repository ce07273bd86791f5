"""Cuts between pictures, and dissolves of one into the other."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import cv2
import numpy as np

from realtime_micacl.lazy import Lazy, made
from realtime_micacl.live.seeing.tracker import Cut, likeness, normalised, signature
from realtime_micacl.types import F32, U8

MIN_SCENE_LIKENESS = 0.5  # a picture that is less like the one before is the first after a cut; chosen as for faces
SHAKEN = 0.9  # likeness of a picture's middle to part of the next in 208 jolts of a camera, and in 1 % of 2600 cuts
JOLT = 4  # a jolt moves the picture by up to a quarter of its sides
GLANCE, SAME_GLANCE = 16, 0.9  # pixels across the shorter side; frames that are this alike in them are no cut

# In a dissolve of SPANS frames every frame is a mean of the first and the last one: MIXED is the largest difference, as
# a share of theirs. Movement, pans and zooms of 23 real clips gave .27 or more, 95 % of 455 dissolves of them less. The
# ends differ in light and in texture, which a lamp leaves as it is; one that is FLAT, in levels, is part of a fade.
SPANS = (4, 8, 16, 32, 64)
MIXED, SAME_LIGHT, SAME_TEXTURE, FLAT = 0.25, 0.8, 0.3, 8.0


class _Glance(NamedTuple):
    """A few pixels of a picture, as levels and with mean 0 and length 1."""

    levels: F32
    unit: F32


class CutDetector:
    """Notices a hard cut, a frame that does not look like the one before, and most of the way through a dissolve.

    For most frames a few single pixels show that they are alike; only otherwise the whole frames are compared, for
    which they have to be converted. If a camera was jolted, the same picture is found elsewhere, and that is no cut.
    """

    def __init__(self) -> None:
        self._before: U8 | Lazy | None = None
        self._glances = deque[_Glance](maxlen=SPANS[-1] + 1)

    def is_cut(self, picture: U8 | Lazy) -> bool:
        """Say whether a picture [H,W,3] is the first after a cut; call once per frame."""
        return self.cut(picture) is not None

    def cut(self, picture: U8 | Lazy) -> Cut | None:
        """Return the cut before a picture [H,W,3]; None if there is none. Call once per frame."""
        before, self._before = self._before, picture
        glances, glance = self._glances, _glance(picture)
        if glances and glances[-1].levels.shape != glance.levels.shape:
            glances.clear()
        glances.append(glance)
        if len(glances) > 1 and likeness(glances[-2].unit, glance.unit) > SAME_GLANCE:
            if not any(_dissolved(glances, span) for span in SPANS):
                return None
            glances.clear()
            return Cut(np.zeros(0, np.float32), signature(_overview(made(picture))))
        if before is None:
            return None
        then, now = _overview(made(before)), _overview(made(picture))
        a, b = signature(then), signature(now)
        differ = bool(a.any() and b.any()) and likeness(a, b) < MIN_SCENE_LIKENESS
        return Cut(a, b, (made(before), made(picture))) if differ and not _jolted(then, now) else None


def _glance(picture: U8 | Lazy) -> _Glance:
    """Look at a picture, or at its luma if it is not converted yet."""
    pixels = picture if isinstance(picture, np.ndarray) else picture.luma
    step = max(1, min(pixels.shape[:2]) // GLANCE)
    levels = pixels[::step, ::step].astype(np.float32)
    return _Glance(levels, normalised(levels))


def _dissolved(glances: deque[_Glance], span: int) -> bool:
    """Say whether the newest frames, `span` and one, lead from one picture to another by mixing them."""
    if len(glances) <= span or likeness(glances[-span - 1].unit, glances[-1].unit) > SAME_LIGHT:
        return False
    then, *between, now = (glances[part * span // 4 - span - 1].levels for part in range(5))
    if min(then.std(), now.std()) < FLAT:
        return False
    mixes = (then + (now - then) * share for share in (0.25, 0.5, 0.75))
    far = MIXED * np.linalg.norm(now - then)
    mixed = all(np.linalg.norm(one - mix) < far for one, mix in zip(between, mixes, strict=True))
    return mixed and likeness(_texture(then), _texture(now)) < SAME_TEXTURE


def _texture(glance: F32) -> F32:
    """Return by what ratio neighbouring pixels differ, with mean 0 and length 1."""
    level = np.log(glance + FLAT)
    return normalised(np.concatenate([np.diff(level, axis=axis).ravel() for axis in (0, 1)]))


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
