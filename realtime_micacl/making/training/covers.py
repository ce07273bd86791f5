"""Draws things over and beside faces, such as masks, hands and sunglasses, to train what finds covered faces.

A canvas is luma [S,S] and shows an upright face. The middle half of it is the crop; a place of the face is given in
shares of that half. Things have soft borders, shading and texture, since flat colours would be too easy to find.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from realtime_micacl.making.training.beside import EYES, Place, Rng, beard, px, shadow, spectacles
from realtime_micacl.types import F32, U8

MOUTH = (0.5, 0.79)
EYE_SIZE, MOUTH_SIZE = (0.13, 0.065), (0.17, 0.09)  # half the width and height of what shows an expression
COVERED, SEEN = 0.7, 0.2  # shares from which a part of the face counts as covered, and up to which as seen


def cover(canvas: U8, other: U8, rng: Rng) -> tuple[U8, F32]:
    """Return the canvas with something over mouth or eyes, and the shares of both that are covered, [2]."""
    hidden = np.zeros(canvas.shape, np.float32)
    picture = canvas.astype(np.float32)
    for _ in range(1 if rng.random() < 0.8 else 2):
        draw = THINGS[rng.choice(len(THINGS), p=CHANCES)]
        picture, over = _drawn_over(picture, draw(canvas, rng), _filling(canvas, other, rng), rng)
        hidden = np.maximum(hidden, over)
    return picture.clip(0, 255).astype(np.uint8), shares(hidden)


def distract(canvas: U8, other: U8, rng: Rng) -> tuple[U8, F32]:
    """Return the canvas with things that mostly leave mouth and eyes free, and the covered shares of both, [2]."""
    hidden = np.zeros(canvas.shape, np.float32)
    picture = canvas.astype(np.float32)
    if rng.random() < 0.35:
        picture = spectacles(picture, rng)
    if rng.random() < 0.15:
        picture = beard(picture, rng)
    if rng.random() < 0.25:
        picture = shadow(picture, rng)
    if rng.random() < 0.35:
        aside = rng.uniform(-0.4, 1.4, 2)
        shape = _hand_at(canvas, tuple(aside), rng) if rng.random() < 0.5 else _box_at(canvas, tuple(aside), rng)
        picture, over = _drawn_over(picture, shape, _filling(canvas, other, rng), rng)
        hidden = np.maximum(hidden, over)
    return picture.clip(0, 255).astype(np.uint8), shares(hidden)


def shares(hidden: F32) -> F32:
    """Return the shares of the mouth and of both eyes in which `hidden` is 1, [2].

    If upper lip and nose are hidden the mouth counts as covered, whatever the lower lip shows.
    """
    mouth = max(_mean(hidden, MOUTH, MOUTH_SIZE), _mean(hidden, (0.5, 0.68), (0.17, 0.09)) - 0.1)
    eyes = np.mean([_mean(hidden, eye, EYE_SIZE) for eye in EYES])
    return np.array([mouth, eyes], np.float32)


def _mean(hidden: F32, at: Place, size: Place) -> float:
    side = len(hidden)
    (left, top), (right, bottom) = (px(side, (at[0] + k * size[0], at[1] + k * size[1])) for k in (-1, 1))
    return float(hidden[top:bottom, left:right].mean())


def _outline(canvas: U8, points: npt.ArrayLike) -> F32:
    """Return a mask, 0 or 1, of a polygon of places."""
    mask = np.zeros(canvas.shape, np.float32)
    corners = np.array([px(len(canvas), (x, y)) for x, y in np.asarray(points, np.float64).tolist()], np.int32)
    cv2.fillPoly(mask, [corners], (1.0,), cv2.LINE_AA)
    return mask


def _target(rng: Rng) -> Place:
    """Choose what to cover: the mouth, the mouth with the nose, or the eyes."""
    return ((0.5, 0.79), (0.5, 0.68), (0.5, 0.372))[rng.choice(3, p=(0.33, 0.17, 0.5))]


def _box(canvas: U8, rng: Rng) -> F32:
    return _box_at(canvas, _target(rng), rng, least=(0.26, 0.12))


def _box_at(canvas: U8, at: Place, rng: Rng, least: Place = (0.05, 0.05)) -> F32:
    half = np.array(least) + rng.exponential((0.14, 0.09))
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    turn = np.radians(rng.normal(0, 10))
    corners = corners @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return _outline(canvas, corners + at + rng.normal(0, 0.04, 2))


def _blob(canvas: U8, rng: Rng) -> F32:
    """Return a round or uneven shape, such as a cup, a scarf or a microphone."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    wave = 1 + np.sum([rng.normal(0, 0.12) * np.cos(k * angles + rng.uniform(0, 6)) for k in (1, 2, 3)], axis=0)
    half = np.array((0.3, 0.16)) + rng.exponential((0.12, 0.08))
    return _outline(
        canvas,
        np.stack([np.cos(angles), np.sin(angles)], 1) * half * wave[:, None] + _target(rng) + rng.normal(0, 0.04, 2),
    )


def _mask(canvas: U8, rng: Rng) -> F32:
    """Return a mask over mouth and nose, at times pulled down a little."""
    top, chin = rng.uniform(0.42, 0.68), rng.uniform(0.92, 1.2)
    cheek, wide = rng.uniform(0.02, 0.14), rng.uniform(-0.12, 0.14)
    low = rng.uniform(0.15, 0.35)
    places = [
        (wide, top + cheek),
        (0.32, top + cheek / 3),
        (0.5, top - rng.uniform(0, 0.06)),
        (0.68, top + cheek / 3),
        (1 - wide, top + cheek),
        (1 - wide - 0.06, chin - low),
        (0.68, chin),
        (0.5, chin + 0.03),
        (0.32, chin),
        (wide + 0.06, chin - low),
    ]
    shape = np.stack(
        [_outline(canvas, np.array(places) + rng.normal(0, 0.015, (10, 2))), np.zeros_like(canvas, np.float32)]
    )
    for low in np.sort(rng.uniform(top, chin, int(rng.integers(0, 6)))).tolist():
        left, right = (
            px(len(canvas), (0.5 + end * rng.uniform(0.15, 0.6), low + rng.normal(0, 0.02))) for end in (-1, 1)
        )
        cv2.line(shape[1], left, right, (1.0,), int(rng.integers(1, 3)), cv2.LINE_AA)
    return shape


def _hand(canvas: U8, rng: Rng) -> F32:
    return _hand_at(canvas, _target(rng), rng, fingers=(3, 5))


def _hand_at(canvas: U8, at: Place, rng: Rng, fingers: tuple[int, int] = (1, 4)) -> F32:
    """Return fingers side by side, with seams between them, and often the palm."""
    side = len(canvas)
    count, thick = int(rng.integers(fingers[0], fingers[1] + 1)), rng.uniform(0.1, 0.17)
    turn = rng.uniform(0, 2 * np.pi) if rng.random() < 0.5 else rng.normal(0, 0.25) + np.pi * int(rng.integers(2))
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    shape = np.zeros((2, *canvas.shape), np.float32)
    wide = max(2, round(thick * side / 2))
    if rng.random() < 0.7:
        palm = np.array(at) - along * rng.uniform(0.35, 0.6)
        axes = (round(0.3 * side / 2), round(0.33 * side / 2))
        cv2.ellipse(shape[0], px(side, tuple(palm)), axes, np.degrees(turn), 0, 360, (1.0,), -1, cv2.LINE_AA)
    for k in range(count):
        offset = across * (k - (count - 1) / 2) * thick * rng.uniform(0.9, 1.1)
        middle = np.array(at) + offset + rng.normal(0, 0.015, 2)
        tip = px(side, tuple(middle + along * rng.uniform(0.25, 0.65)))
        root = px(side, tuple(middle - along * rng.uniform(0.35, 0.65)))
        cv2.line(shape[0], tip, root, (1.0,), wide, cv2.LINE_AA)
        cv2.line(shape[1], tip, root, (1.0,), wide, cv2.LINE_AA)
        cv2.line(shape[1], tip, root, (0.0,), max(1, wide - int(rng.integers(1, 5))), cv2.LINE_AA)
    return shape


def _sunglasses(canvas: U8, rng: Rng) -> F32:
    side = len(canvas)
    mask = np.zeros(canvas.shape, np.float32)
    wide, high, low = rng.uniform(0.15, 0.21), rng.uniform(0.09, 0.19), rng.uniform(-0.02, 0.06)
    power = rng.uniform(2, 5)  # from an ellipse to nearly a rectangle
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    round_ = np.stack([np.cos(angles), np.sin(angles)], 1)
    lens = np.sign(round_) * np.abs(round_) ** (2 / power) * (wide, high)
    for x, y in EYES:
        mask = np.maximum(mask, _outline(canvas, lens + np.array((x + (x - 0.5) * 0.05, y + low))))
    thick = max(1, round(rng.uniform(0.01, 0.05) * side / 2))
    cv2.line(mask, px(side, (0.4, 0.36)), px(side, (0.6, 0.36)), (1.0,), thick)
    for end, eye in ((-0.1, 0.15), (1.1, 0.85)):
        cv2.line(mask, px(side, (end, 0.36)), px(side, (eye, 0.36)), (1.0,), thick)
    return mask


def _filling(canvas: U8, other: U8, rng: Rng) -> F32:
    """Return a texture: flat, shaded, woven, like skin, or part of a picture, [S,S]."""
    side = len(canvas)
    kind = rng.choice(6, p=(0.2, 0.2, 0.12, 0.28, 0.12, 0.08))
    if kind == 4:  # part of another picture
        scale = rng.uniform(1.0, 3.0)
        turn = cv2.getRotationMatrix2D(
            (float(rng.uniform(0, side)), float(rng.uniform(0, side))), rng.uniform(0, 360), scale
        )
        return cv2.warpAffine(other, turn, (side, side), borderMode=cv2.BORDER_REFLECT).astype(np.float32)
    if kind == 5:  # the face itself, blurred or pixelated
        if rng.random() < 0.5:
            return cv2.GaussianBlur(canvas, (0, 0), side * rng.uniform(0.05, 0.09)).astype(np.float32)
        few = cv2.resize(canvas, (int(rng.integers(8, 14)),) * 2, interpolation=cv2.INTER_AREA)
        return cv2.resize(few, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.float32)
    if kind == 3:  # skin, about as bright as the face
        x, y = px(side, (rng.uniform(0.2, 0.8), rng.uniform(0.05, 0.7)))
        level = float(canvas[y, x]) * rng.uniform(0.75, 1.25)
    else:
        level = float(rng.choice((rng.uniform(0, 255), rng.uniform(0, 40), rng.uniform(200, 255))))
    picture: F32 = np.full((side, side), level, np.float32)
    if kind >= 1:
        picture += rng.normal(0, 25) * _clouds(side, int(rng.integers(2, 6)), rng)
        picture += rng.normal(0, 8) * _clouds(side, int(rng.integers(8, 40)), rng)
    if kind == 2:
        rows, columns = np.mgrid[:side, :side] / side
        slope, fine = rng.uniform(0, np.pi), rng.uniform(6, 60)
        wave = np.sin(2 * np.pi * fine * (columns * np.cos(slope) + rows * np.sin(slope)) + rng.uniform(0, 6))
        hard: F32 = np.where(rng.random() < 0.4, np.sign(wave), wave).astype(np.float32)
        picture += rng.uniform(5, 60) * hard
    return picture


def _clouds(side: int, fine: int, rng: Rng) -> F32:
    return np.asarray(
        cv2.resize(rng.normal(0, 1, (fine, fine)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    )


def _drawn_over(picture: F32, shape: F32, filling: F32, rng: Rng) -> tuple[F32, F32]:
    """Draw a textured shape, [S,S] or with seams [2,S,S], over a picture; return the picture and what is hidden."""
    shape, seams = shape if shape.ndim == 3 else (shape, np.zeros_like(shape))
    filling = filling * (1 - rng.uniform(-0.15, 0.6) * cv2.GaussianBlur(seams, (0, 0), rng.uniform(0.4, 1.2)))
    soft = cv2.GaussianBlur(shape, (0, 0), rng.uniform(0.3, 1.5)) if rng.random() < 0.7 else shape
    if rng.random() < 0.6:
        depth = cv2.distanceTransform((shape > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
        filling = filling * (1 - rng.uniform(0, 0.5) * np.exp(-depth / (rng.uniform(0.01, 0.05) * len(picture))))
    opaque = 1.0 if rng.random() < 0.85 else rng.uniform(0.85, 1.0)
    return picture + opaque * soft * (filling - picture), shape


THINGS: tuple[Callable[[U8, Rng], F32], ...] = (_box, _blob, _mask, _hand, _sunglasses)
CHANCES = (0.18, 0.12, 0.22, 0.28, 0.2)
