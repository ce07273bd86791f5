"""Puts people into one picture: each is rendered to a tile and laid over the background, the farthest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime_micacl.types import F32, U8
from realtime_micacl_render.figure import Figure
from realtime_micacl_render.performance import Performance
from realtime_micacl_render.portrait import Light, Pose, render


@dataclass(frozen=True, eq=False)
class Actor:
    """A person with a performance, and its place in the picture."""

    figure: Figure
    performance: Performance
    path: F32
    """Midpoint of the eyes (px, px) and scale (px per dm) in each frame, [T,3]; a face is about 2 dm high."""
    turn: tuple[float, float] = (0.0, 0.0)
    """Yaw and pitch added to the head throughout, degrees."""


def pictures(actors: Sequence[Actor], backdrop: U8, light: Light) -> Iterator[U8]:
    """Yield the RGB pictures of a scene, [H,W,3], until the first performance ends; later actors are in front."""
    for index in range(min(len(actor.path) for actor in actors)):
        picture = backdrop.copy()
        for actor in actors:
            _lay_over(picture, actor, light, index)
        yield picture


def backdrop(width: int, height: int, rng: np.random.Generator) -> U8:
    """Return a background out of focus, [height,width,3]: a gradient with soft circles and rectangles."""
    near, far = rng.uniform(40, 200, 3), rng.uniform(40, 200, 3)
    near, far = near * 0.5 + near.mean() * 0.5, far * 0.5 + far.mean() * 0.5
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    ramp = (columns / width - 0.5) * np.cos(angle) + (rows / height - 0.5) * np.sin(angle) + 0.5
    picture = (near + (far - near) * ramp[..., None]).astype(np.float32)
    for _ in range(int(rng.integers(3, 12))):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        size = rng.uniform(0.05, 0.3) * height
        colour = np.clip(picture.mean((0, 1)) * rng.uniform(0.4, 1.6) + rng.uniform(-25, 25, 3), 5, 250)
        if rng.random() < 0.5:
            cv2.circle(picture, centre, int(size), colour.tolist(), -1)
        else:
            corner = (centre[0] + int(size * rng.uniform(0.3, 2)), centre[1] + int(size * rng.uniform(0.5, 4)))
            cv2.rectangle(picture, centre, corner, colour.tolist(), -1)
    blurred = cv2.GaussianBlur(picture, (0, 0), height * rng.uniform(0.02, 0.06))
    grain = rng.normal(0, 1.2, (height, width, 1))
    return np.asarray(np.clip(blurred + grain, 0, 255), np.uint8)


def sample_light(rng: np.random.Generator) -> Light:
    """Return a random light: a lamp above the horizon, warm or cold, hard or soft."""
    azimuth, height = np.radians(rng.normal(0, 40)), np.radians(rng.uniform(5, 55))
    warmth, share, level = rng.normal(0, 0.06), rng.uniform(0.45, 0.8), rng.uniform(1.0, 1.45)
    tint = np.array([1 + warmth, 1, 1 - warmth])
    around = level * (1 - share) * (2 - tint)
    return Light(
        direction=_triple([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)]),
        lamp=_triple(level * share * tint),
        sky=_triple(around * 1.1),
        ground=_triple(around * rng.uniform(0.4, 0.8) * np.array([1.1, 1.0, 0.9])),
    )


def _triple(values: npt.ArrayLike) -> tuple[float, float, float]:
    x, y, z = np.asarray(values, np.float64).tolist()
    return x, y, z


def _lay_over(picture: U8, actor: Actor, light: Light, index: int) -> None:
    height, width = picture.shape[:2]
    acted = actor.performance
    x, y, scale = (float(value) for value in actor.path[index])
    x, y = x + float(acted.shift[index, 0]) * scale, y + float(acted.shift[index, 1]) * scale
    left, right = max(0, int(x - 3.4 * scale)), min(width, int(x + 3.4 * scale))
    top = max(0, int(y - 2.4 * scale))
    if left >= right or top >= height:
        return
    yaw, pitch, roll = (float(value) for value in acted.head[index])
    pose = Pose(
        x=x - left,
        y=y - top,
        scale=scale,
        yaw=yaw + actor.turn[0],
        pitch=pitch + actor.turn[1],
        roll=roll,
        gaze_yaw=float(acted.gaze[index, 0]) - 0.6 * actor.turn[0],
        gaze_pitch=float(acted.gaze[index, 1]) - 0.6 * actor.turn[1],
    )
    tile = render(actor.figure, acted.units[index], pose, light, width=right - left, height=height - top)
    behind = picture[top:, left:right]
    seen_through = 255 - tile[..., 3:].astype(np.uint16)
    behind[:] = np.minimum(tile[..., :3] + (behind * seen_through + 127) // 255, 255)
