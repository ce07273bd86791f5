"""How usable a face is: large, sharp and light enough, turned towards the camera, and neither cut off nor covered."""

from __future__ import annotations

from math import hypot, inf

import cv2
import numpy as np

from realtime_micacl.types import F32, U8, Quality

# Each rule has the value at which a face is unusable and the value from which it is good.
EYES_PX = (14.0, 40.0)  # distance between the eyes in the frame
SHARPNESS = (0.016, 0.06)  # variance of the crop's Laplacian over its variance
LIGHT = (25.0, 60.0)  # mean luma
CONTRAST = (6.0, 18.0)  # standard deviation of luma
YAW = (45.0, 25.0)  # degrees, either way
PITCH = (35.0, 20.0)
TURN = (0.42, 0.20)  # nose tip beside the middle of the eyes, over the eyes' distance; used if no angles are known
TALL = (1.75, 1.35)  # eyes to mouth over the eyes' distance: it grows as a face turns away
FLAT = 0.6  # the same is above this in every face seen from the front
INSIDE = (0.62, 0.90)  # share of the face's box in the picture; with less, an eye or the mouth is missing
MOUTH_COVER = (0.5, 0.25)  # probability that the mouth is covered
EYES_COVER = (0.8, 0.5)  # the same of the eyes: shaded and narrow ones look a little covered

AWAY = "turned away"
FREE: F32 = np.zeros(2, np.float32)
"""Neither mouth nor eyes are covered."""


def assess(crop: U8, points: F32, *, inside: float = 1.0, covers: F32 = FREE, head: F32 | None = None) -> Quality:
    """Return the quality of a face, that of its worst measure, from its crop [S,S,3] and key points [6,2] in px.

    `inside` is the share of its box in the picture, `covers` the probabilities that mouth and eyes are covered, [2],
    `head` yaw, pitch and roll in degrees, [3], None if they are not known.
    """
    luma = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    mean, spread = _spread(luma)
    sharpness = _spread(cv2.Laplacian(luma, cv2.CV_64F))[1] ** 2 / (spread**2 + 1.0)
    grades = {
        "too small": _grade(geometry(points)[0], EYES_PX),
        AWAY: _towards(points, head),
        "dark": min(_grade(mean, LIGHT), _grade(spread, CONTRAST)),
        "blurred": _grade(sharpness, SHARPNESS),
        "at the edge": _grade(inside, INSIDE),
        "mouth covered": _grade(float(covers[0]), MOUTH_COVER),
        "eyes covered": _grade(float(covers[1]), EYES_COVER),
    }
    worst = min(grades, key=grades.__getitem__)
    value = grades[worst]
    return Quality(round(value, 3), "" if value > 0 else worst)


def _spread(values: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation of pixels [H,W]."""
    mean, deviation = cv2.meanStdDev(values)
    return float(mean[0, 0]), float(deviation[0, 0])


def _towards(points: F32, head: F32 | None) -> float:
    """Grade how far a face is turned away from the camera: 1 not at all, 0 too far."""
    if head is not None:
        return min(_grade(abs(float(head[0])), YAW), _grade(abs(float(head[1])), PITCH))
    _, turn, tall = geometry(points)
    return min(_grade(abs(turn), TURN), _grade(tall, TALL))


def geometry(points: F32) -> tuple[float, float, float]:
    """Return the eyes' distance in px, and nose offset (TURN) and eyes-to-mouth height (TALL) divided by it."""
    (right_x, right_y), (left_x, left_y), (nose_x, nose_y), (mouth_x, mouth_y) = points[:4].tolist()
    across, down = left_x - right_x, left_y - right_y
    eyes_px = hypot(across, down)
    if eyes_px < 1e-3:
        return eyes_px, inf, inf
    across, down = across / eyes_px, down / eyes_px
    middle_x, middle_y = (right_x + left_x) / 2, (right_y + left_y) / 2
    turn = ((nose_x - middle_x) * across + (nose_y - middle_y) * down) / eyes_px
    tall = abs(across * (mouth_y - middle_y) - down * (mouth_x - middle_x)) / eyes_px
    return eyes_px, turn, tall


def share_inside(box: F32, width: int, height: int) -> float:
    """Return the share of a box (left, top, right, bottom in px) that lies in a picture of this size, 0 to 1."""
    left, top, right, bottom = box.tolist()
    across = min(right, width) - max(left, 0.0)
    down = min(bottom, height) - max(top, 0.0)
    return float(max(0.0, across) * max(0.0, down) / max(1e-6, (right - left) * (bottom - top)))


def possible(points: F32) -> bool:
    """Say whether key points [6,2] can be those of a face, even one that is turned away."""
    return geometry(points)[2] > FLAT


def frontal(points: F32) -> bool:
    """Say whether key points [6,2] can be those of a face seen from the front."""
    _, turn, tall = geometry(points)
    return abs(turn) < TURN[0] and FLAT < tall < TALL[0]


def _grade(value: float, rule: tuple[float, float]) -> float:
    """Map `value` to 0 at the rule's unusable end and to 1 at its good end."""
    unusable, good = rule
    return min(max((value - unusable) / (good - unusable), 0.0), 1.0)
