"""Render one person in one pose with one expression."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from realtime_micacl.render.figure import Figure, attach_all
from realtime_micacl.render.mesh import vertex_normals
from realtime_micacl.render.raster import MATERIALS, shade, visibility
from realtime_micacl.types import F32, U8

SAMPLES = 2
"""Rendered pixels per pixel, in each direction."""
CAMERA_DM = 11.0
"""From the face to the camera."""


@dataclass(frozen=True)
class Pose:
    """Where the head is and where it looks; angles in degrees."""

    x: float
    y: float
    """Middle between the eyes in px."""
    scale: float
    """Px per decimetre; a face is about 2 dm high."""
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    gaze_yaw: float = 0.0
    gaze_pitch: float = 0.0


@dataclass(frozen=True, eq=False)
class Light:
    """A lamp and its surroundings; colours near one."""

    direction: tuple[float, float, float] = (0.35, 0.5, 0.8)
    lamp: F32 = field(default_factory=lambda: np.array([0.85, 0.81, 0.76], np.float32))
    sky: F32 = field(default_factory=lambda: np.array([0.42, 0.43, 0.46], np.float32))
    ground: F32 = field(default_factory=lambda: np.array([0.22, 0.19, 0.17], np.float32))


def render(figure: Figure, units: dict[str, float], pose: Pose, light: Light, *, width: int, height: int) -> U8:
    """Render to premultiplied RGBA, [height,width,4]; units are expression units by name, 0 to about 1."""
    points = _posed(figure, _expressed(figure, units), pose)
    normals = vertex_normals(points, figure.faces)
    scale = (pose.scale * SAMPLES * CAMERA_DM / (CAMERA_DM - points[:, 2])).astype(np.float32)
    screen = np.empty_like(points)
    screen[:, 0] = pose.x * SAMPLES + points[:, 0] * scale
    screen[:, 1] = pose.y * SAMPLES - points[:, 1] * scale
    screen[:, 2] = points[:, 2]
    shape = (height * SAMPLES, width * SAMPLES)
    depth, owner = np.full(shape, -np.inf, np.float32), np.full(shape, -1, np.int32)
    bary = np.zeros((*shape, 2), np.float32)
    visibility(
        screen, figure.faces, figure.uv, figure.kind, figure.surface[:, 1].copy(), figure.atlas, depth, owner, bary
    )
    direction = np.array(light.direction) / np.linalg.norm(light.direction)
    cloth = figure.person.cloth_rgb / 255
    lamp = np.stack([direction, light.lamp, light.sky, light.ground, cloth]).astype(np.float32)
    picture = shade(
        owner,
        bary,
        figure.faces,
        figure.uv,
        figure.kind,
        normals,
        figure.surface,
        figure.atlas,
        figure.folds,
        _fold_depth(units, figure.person.age),
        _crevices(depth, owner, pose.scale * SAMPLES),
        lamp,
        MATERIALS,
    )
    small: U8 = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return small


def _expressed(figure: Figure, units: dict[str, float]) -> F32:
    base = figure.rest.copy()
    for name, strength in units.items():
        unit = figure.units[name]
        base[unit.index] += np.float32(strength) * unit.delta
    return base


def _posed(figure: Figure, base: F32, pose: Pose) -> F32:
    """Turn the eyes, then the head against the resting shoulders; the origin is between the eyes."""
    points = attach_all(figure.binding, base)
    for eye in figure.eyes:
        centre = points[eye].mean(axis=0)
        points[eye] = (points[eye] - centre) @ rotation(pose.gaze_yaw, pose.gaze_pitch, 0).T + centre
    points -= np.array([0, figure.eye_y, 0], np.float32)
    level = (points[:, 1] + 0.25 * points[:, 2] + 1.54) / 0.65
    level = np.clip(level, 0, 1)
    weight = (level * level * (3 - 2 * level))[:, None]
    pivot = np.array([0, -1.2, 0.1], np.float32)
    turned = (points - pivot) @ rotation(pose.yaw, pose.pitch, pose.roll).T + pivot
    return (points + weight * (turned - points)).astype(np.float32)


def rotation(yaw: float, pitch: float, roll: float) -> F32:
    """Return the matrix that turns left (yaw), down (pitch) and tilts to the side (roll); degrees, [3,3]."""
    (cy, cp, cr), (sy, sp, sr) = np.cos(np.radians([yaw, pitch, roll])), np.sin(np.radians([yaw, pitch, roll]))
    around_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    around_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    around_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (around_z @ around_x @ around_y).astype(np.float32)


def _fold_depth(units: dict[str, float], age: float) -> F32:
    """Return how deep the four kinds of wrinkles of paint.paint_folds are."""

    def total(*names: str) -> float:
        return sum(value for name, value in units.items() if name.split(".")[0] in names)

    brow = total("brow_up", "brow_inner_up", "brow_outer_up") / 4
    frown = total("brow_down") / 2
    nose = total("nose_up", "nose_wrinkle") / 2.5
    smile = total("smile", "smile_teeth")
    depth = np.array([0.2 * brow, 0.26 * frown, 0.22 * nose, 0.16 * smile])
    return np.clip(depth * (0.6 + 0.6 * age) + 0.12 * age, 0, 0.5).astype(np.float32)


def _crevices(depth: F32, owner: np.ndarray, scale: float) -> F32:
    """Darken what lies behind its surroundings: depth minus its local mean."""
    covered = (owner >= 0).astype(np.float32)
    known = np.where(owner >= 0, depth, 0).astype(np.float32)
    side = max(3, int(scale * 0.16)) | 1
    mean = cv2.blur(known, (side, side)) / np.maximum(cv2.blur(covered, (side, side)), 1e-3)
    return np.clip(1 - 3.0 * (mean - known), 0.35, 1.08).astype(np.float32)
