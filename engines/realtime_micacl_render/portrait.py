"""Renders one person in a pose with an expression."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from realtime_micacl.types import F32, U8
from realtime_micacl_render.figure import Figure
from realtime_micacl_render.mesh import I32, attach, vertex_normals
from realtime_micacl_render.raster import MATERIALS, Lamp, shade, visibility

SAMPLES = 2
"""Rendered pixels per pixel, in each direction."""
CAMERA_DM = 11.0
"""From the face to the camera."""
Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Pose:
    """Where the head is and where it looks; angles in degrees, positive to the right of the picture and down."""

    x: float
    y: float
    """Midpoint of the eyes, px."""
    scale: float
    """Px per decimetre; a face is about 2 dm high."""
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    gaze_yaw: float = 0.0
    gaze_pitch: float = 0.0


@dataclass(frozen=True)
class Light:
    """A lamp, and light from above and below; colours are about 0.2 to 1."""

    direction: Rgb = (0.35, 0.5, 0.9)
    """Towards the lamp: right, up, to the camera."""
    lamp: Rgb = (0.85, 0.81, 0.75)
    sky: Rgb = (0.42, 0.43, 0.46)
    ground: Rgb = (0.24, 0.21, 0.19)


def render(figure: Figure, units: dict[str, float], pose: Pose, light: Light, *, width: int, height: int) -> U8:
    """Render to premultiplied RGBA, [height,width,4]; units are expression units by name, 0 to about 1."""
    points = posed(figure, units, pose)
    normals = vertex_normals(points, figure.surface.faces)
    screen = on_screen(points, pose)
    depth, owner, weights = visibility(screen, figure.surface, height * SAMPLES, width * SAMPLES)
    direction = np.array(light.direction) / np.linalg.norm(light.direction)
    cloth = figure.person.cloth_rgb / 255
    colours = (np.asarray(value, np.float32) for value in (direction, light.lamp, light.sky, light.ground, cloth))
    picture = shade(
        owner,
        weights,
        figure.surface,
        normals,
        _fold_depth(units, figure.person.age),
        _crevices(depth, owner, pose.scale * SAMPLES),
        Lamp(*colours),
        MATERIALS,
    )
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def rotation(yaw: float, pitch: float, roll: float) -> F32:
    """Return the matrix that turns z to the right (yaw) and down (pitch) and x up (roll); degrees, [3,3]."""
    (cy, cp, cr), (sy, sp, sr) = np.cos(np.radians([yaw, pitch, roll])), np.sin(np.radians([yaw, pitch, roll]))
    around_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    around_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    around_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(around_z @ around_x @ around_y, np.float32)


def on_screen(points: F32, pose: Pose) -> F32:
    """Project points [V,3] to rendered px (SAMPLES per px); return x, y and the depth in dm, [V,3]."""
    scale = pose.scale * SAMPLES * CAMERA_DM / (CAMERA_DM - points[:, 2:])
    screen = points.copy()
    screen[:, :2] = np.array([pose.x, pose.y]) * SAMPLES + points[:, :2] * scale * [1, -1]
    return screen


def posed(figure: Figure, units: dict[str, float], pose: Pose) -> F32:
    """Return the vertices with expression, gaze and head turned on still shoulders, [V,3] in dm around the eyes."""
    base = figure.rest.copy()
    for name, strength in units.items():
        unit = figure.units[name]
        base[unit.index] += np.float32(strength) * unit.delta
    points = attach(figure.binding.index, figure.binding.weight, figure.binding.offset, base)
    for eye in figure.eyes:
        centre = points[eye].mean(axis=0)
        points[eye] = (points[eye] - centre) @ rotation(pose.gaze_yaw, pose.gaze_pitch, 0).T + centre
    points[:, 1] -= figure.eye_level
    level = np.clip((points[:, 1:2] + 0.25 * points[:, 2:] + 1.54) / 0.65, 0, 1)  # 0 at the collar, 1 at the chin
    pivot = np.array([0, -1.2, 0.1], np.float32)
    turned = (points - pivot) @ rotation(pose.yaw, pose.pitch, pose.roll).T + pivot
    return np.asarray(points + level * level * (3 - 2 * level) * (turned - points), np.float32)


def _fold_depth(units: dict[str, float], age: float) -> F32:
    """Return the depth of the four kinds of wrinkles in paint.FOLDS, [4]."""

    def total(*names: str) -> float:
        return sum(value for name, value in units.items() if name.split(".")[0] in names)

    forehead = 0.05 * total("brow_up", "brow_inner_up", "brow_outer_up")
    frown = 0.13 * total("brow_down")
    nose = 0.09 * total("nose_up", "nose_wrinkle")
    smile = 0.16 * total("smile", "smile_teeth")
    return np.clip(np.array([forehead, frown, nose, smile]) * (0.55 + 0.4 * age) + 0.1 * age, 0, 0.4).astype(np.float32)


def _crevices(depth: F32, owner: I32, scale: float) -> F32:
    """Return the share of light that reaches each pixel, [H,W]: less if it is deeper than its surroundings."""
    covered = (owner >= 0).astype(np.float32)
    known = np.where(owner >= 0, depth, 0).astype(np.float32)
    side = max(3, int(scale * 0.16)) | 1
    mean = cv2.blur(known, (side, side)) / np.maximum(cv2.blur(covered, (side, side)), 1e-3)
    return np.asarray(np.clip(1 - 3.0 * (mean - known), 0.35, 1.08), np.float32)
