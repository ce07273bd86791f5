"""Draws things that cover neither mouth nor eyes on the canvases of `covers`: clear glasses, a beard, a shadow."""

from __future__ import annotations

import cv2
import numpy as np

from realtime_micacl.types import F32

EYES = ((0.3, 0.372), (0.7, 0.372))
Rng = np.random.Generator
Place = tuple[float, float]


def px(side: int, place: Place) -> tuple[int, int]:
    """Return the pixel of a canvas of `side` px at a place of the face."""
    return round(side * (0.25 + place[0] / 2)), round(side * (0.25 + place[1] / 2))


def spectacles(picture: F32, rng: Rng) -> F32:
    """Draw clear glasses with a frame and at times a reflection."""
    side = len(picture)
    wide, high, level = rng.uniform(0.14, 0.19), rng.uniform(0.07, 0.15), float(rng.choice((20, 60, 200)))
    thick = max(1, round(rng.uniform(0.005, 0.035) * side / 2))
    for x, y in EYES:
        centre, axes = px(side, (x, y + 0.02)), (round(wide * side / 2), round(high * side / 2))
        if rng.random() < 0.5:
            cv2.ellipse(picture, centre, axes, 0, 0, 360, (level,), thick, cv2.LINE_AA)
        else:
            (cx, cy), (a, b) = centre, axes
            cv2.rectangle(picture, (cx - a, cy - b), (cx + a, cy + b), (level,), thick, cv2.LINE_AA)
        if rng.random() < 0.3:
            glare = np.zeros(picture.shape, np.float32)
            at = px(side, (x + rng.normal(0, 0.07), y + rng.normal(0, 0.05)))
            cv2.ellipse(glare, at, (round(0.035 * side / 2), round(0.05 * side / 2)), 30, 0, 360, (1.0,), -1)
            picture = picture + cv2.GaussianBlur(glare, (0, 0), 1.5) * rng.uniform(0.3, 0.9) * (250 - picture)
    cv2.line(picture, px(side, (0.44, 0.38)), px(side, (0.56, 0.38)), (level,), thick)
    return picture


def beard(picture: F32, rng: Rng) -> F32:
    """Draw hair around the mouth; the lips stay free."""
    side = len(picture)
    mask = np.zeros(picture.shape, np.float32)
    cv2.ellipse(mask, px(side, (0.5, 0.78)), (round(0.42 * side / 2), round(0.4 * side / 2)), 0, 0, 180, (1.0,), -1)
    cv2.ellipse(mask, px(side, (0.5, 0.72)), (round(0.2 * side / 2), round(0.06 * side / 2)), 0, 0, 360, (1.0,), -1)
    cv2.ellipse(mask, px(side, (0.5, 0.80)), (round(0.2 * side / 2), round(0.07 * side / 2)), 0, 0, 360, (0.0,), -1)
    hair = rng.uniform(15, 160) + 25 * rng.normal(0, 1, picture.shape).astype(np.float32)
    return picture + rng.uniform(0.4, 0.95) * cv2.GaussianBlur(mask, (0, 0), side / 50) * (hair - picture)


def shadow(picture: F32, rng: Rng) -> F32:
    """Draw a shadow as if light came from one side."""
    y, x = np.mgrid[: len(picture), : len(picture)] / len(picture) - 0.5
    turn = rng.uniform(0, 2 * np.pi)
    ramp = 1 / (1 + np.exp(-rng.uniform(4, 40) * (x * np.cos(turn) + y * np.sin(turn) + rng.normal(0, 0.1))))
    return np.asarray(picture * (1 - rng.uniform(0.2, 0.75) * ramp), np.float32)
