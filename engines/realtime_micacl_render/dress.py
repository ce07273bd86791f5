"""Gives a figure the skin of a photograph, so that rendered expressions have real skin.

The photograph is of a neutral face seen from the front. mediapipe's face mesh finds the landmarks of both faces; with
them the photograph is warped onto the chart of the figure's skin. Skin that cannot be seen from the front (lids, inner
lips) or is not of the face stays as painted, in the tint of the photograph.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.seeing.picture_mesh import PictureMesh
from realtime_micacl.types import F32, U8
from realtime_micacl_render.assets import SKIN_PX
from realtime_micacl_render.figure import Figure
from realtime_micacl_render.mesh import vertex_normals
from realtime_micacl_render.portrait import SAMPLES, Light, Pose, on_screen, posed, render
from realtime_micacl_render.raster import HAIR, SKIN, visibility

SIDE = 640
FRONT = Pose(x=SIDE / 2, y=SIDE * 0.42, scale=SIDE * 0.26)
REACH_PX = 14.0
"""How far around a landmark the photograph moves with it, in px."""
BEHIND_DM = 0.03
"""A point that lies deeper than this behind the nearest surface is hidden."""
FACING = 0.3
"""Skin that is turned further away than this (cosine) is too blurred in the photograph."""


def dress(figure: Figure, photo: U8, mesh: PictureMesh) -> Figure:
    """Return `figure` with the skin of the face in `photo`, RGB [H,W,3]; raise ConfigError if no face is found."""
    tile = render(figure, {}, FRONT, Light(), width=SIDE, height=SIDE)
    there, here = mesh.points(photo), mesh.points(np.ascontiguousarray(tile[..., :3]))
    if there is None or here is None:
        raise ConfigError("no face was found in the photograph" if there is None else "the figure's face was not found")
    vertices = posed(figure, {}, FRONT)
    screen = on_screen(vertices, FRONT)
    places = mapped(screen[:, :2] / np.float32(SAMPLES), here, there)
    face = np.zeros((SIDE * SAMPLES, SIDE * SAMPLES), np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(here * SAMPLES).round().astype(np.int32), [1])
    facing = vertex_normals(vertices, figure.surface.faces)[:, 2]
    atlas = figure.surface.atlas.copy()
    atlas[:SKIN_PX, :, :3] = _skin(figure, photo, screen, facing, places, face)
    return replace(figure, surface=figure.surface._replace(atlas=atlas))


def mapped(points: F32, here: F32, there: F32) -> F32:
    """Map points [V,2] as landmarks `here` [M,2] are mapped to `there` [M,2]: by a similarity plus what it leaves over.

    That is averaged over the landmarks near a point, and fades out far from all of them.
    """
    similarity, _ = cv2.estimateAffinePartial2D(here, there, method=cv2.LMEDS)
    if similarity is None:
        raise ConfigError("the landmarks of photograph and figure do not fit each other")
    turn, shift = similarity[:, :2].astype(np.float32), similarity[:, 2].astype(np.float32)
    rest = there - (here @ turn.T + shift)
    moved = points @ turn.T + shift
    return np.asarray(moved + landmark_weights(points, here, REACH_PX) @ rest, np.float32)


def landmark_weights(points: F32, landmarks: F32, reach: float) -> F32:
    """Return how much each of `points` [V,2] moves with each of `landmarks` [M,2], [V,M]; little if all are far."""
    squares = (points**2).sum(axis=1, keepdims=True) - 2 * points @ landmarks.T + (landmarks**2).sum(axis=1)
    near = np.exp(squares / np.float32(-2 * reach**2))
    return np.asarray(near / (near.sum(axis=1, keepdims=True) + np.float32(0.05)), np.float32)


def _skin(figure: Figure, photo: U8, screen: F32, facing: F32, places: F32, face: U8) -> U8:
    """Return the chart of the skin, [1024,1024,3].

    `screen` [V,3] are the vertices seen from the front, `places` [V,2] their positions in the photograph, `facing` [V]
    the cosines of their normals to the camera. `face` is 1 for rendered pixels that the photograph covers.
    """
    surface = figure.surface
    solid = surface._replace(faces=surface.faces[surface.kind < HAIR], kind=surface.kind[surface.kind < HAIR])
    depth, _, _ = visibility(screen, solid, SIDE * SAMPLES, SIDE * SAMPLES)
    whole = (surface.kind == SKIN) & (np.ptp(surface.uv, axis=1).max(axis=1) < SKIN_PX / 8)
    faces = surface.faces[whole]
    corners = np.concatenate([surface.uv[whole].reshape(-1, 2), np.zeros((3 * len(faces), 1))], axis=1)
    unfolded = solid._replace(
        faces=np.arange(3 * len(faces), dtype=np.int32).reshape(-1, 3), kind=np.zeros(len(faces), np.uint8)
    )
    _, owner, weight = visibility(corners.astype(np.float32), unfolded, SKIN_PX, SKIN_PX)
    corner_values = np.concatenate([places, screen, facing[:, None]], axis=1)[faces]
    known = owner >= 0
    of = corner_values[np.where(known, owner, 0)]
    second, third = weight[..., :1], weight[..., 1:]
    value = (of[:, :, 0] * (1 - second - third) + of[:, :, 1] * second + of[:, :, 2] * third).astype(np.float32)
    x, y, column, row, level, toward = np.moveaxis(value, -1, 0)
    inside = (column >= 0) & (column < depth.shape[1]) & (row >= 0) & (row < depth.shape[0])
    at = row.astype(int).clip(0, len(depth) - 1), column.astype(int).clip(0, len(depth) - 1)
    seen = known & inside & (face[at] > 0) & (toward > FACING) & (level > depth[at] - BEHIND_DM)
    seen = np.asarray(cv2.erode(seen.astype(np.uint8), np.ones((5, 5), np.uint8)), np.uint8)
    taken = np.asarray(cv2.remap(photo, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
    painted = surface.atlas[:SKIN_PX, :, :3].astype(np.float32)
    tint = np.median(taken[seen > 0], axis=0) / np.maximum(np.median(painted[seen > 0], axis=0), 1)
    share = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), 2.0)[..., None]
    return np.asarray((taken * share + (painted * tint).clip(0, 255) * (1 - share)).round(), np.uint8)
