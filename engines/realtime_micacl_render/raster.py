"""The z-buffer: finds the visible triangle of each pixel and shades it.

Screen coordinates are px, x to the right and y down; depth grows towards the camera. Normals and light directions
have y up. Colours are squared for shading, which is close enough to linear light.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from realtime_micacl.types import F32, U8
from realtime_micacl_render.mesh import I32, compiled, inlined

SKIN, MOUTH, EYE, TOOTH, HAIR, LASH, CLOTH = range(7)
"""Kinds of triangles; from HAIR on they are thin and have holes. Skin below the neckline is CLOTH."""

#       gloss  sharpness  wrap of red, green, blue
MATERIALS = np.array(
    [
        [0.16, 14.0, 0.40, 0.22, 0.16],  # SKIN
        [0.05, 20.0, 0.10, 0.10, 0.10],  # MOUTH
        [0.90, 160.0, 0.45, 0.45, 0.45],  # EYE
        [0.12, 40.0, 0.50, 0.50, 0.50],  # TOOTH
        [0.16, 9.0, 0.25, 0.25, 0.25],  # HAIR
        [0.00, 1.0, 0.40, 0.40, 0.40],  # LASH
        [0.00, 1.0, 0.15, 0.15, 0.15],  # CLOTH
    ],
    np.float32,
)
"""By kind: highlights, and how far light wraps around to the dark side (in skin farthest for red)."""


Corners = tuple[int, int, int]
Shares = tuple[float, float, float]


class Surface(NamedTuple):
    """The parts of a figure that do not change while it moves: F triangles over V vertices, and their textures."""

    faces: I32
    """[F,3], counter-clockwise seen from outside."""
    uv: F32
    """Texels of the atlas, [F,3,2]."""
    kind: U8
    """[F]."""
    trim: F32
    """[V]. Hair has a hole where trim plus the alpha of the atlas is below 1; skin becomes cloth below 0."""
    openness: F32
    """The share of the sky that each vertex sees, [V]."""
    atlas: U8
    """[A,A,4]."""
    folds: U8
    """Four kinds of wrinkles, at half the resolution of the atlas, [A/2,A/2,4]."""


class Lamp(NamedTuple):
    """The light of a picture, and the colour of the shirt."""

    direction: F32
    """Unit vector towards the lamp, [3]."""
    colour: F32
    sky: F32
    ground: F32
    cloth: F32
    """RGB, about 0 to 1, [3] each."""


@compiled
def visibility(points: F32, surface: Surface, height: int, width: int) -> tuple[F32, I32, F32]:
    """Find the nearest triangle of each pixel for screen positions [V,3].

    Return the depth [H,W] (-inf if empty), the triangle's index [H,W] (-1 if empty) and the weights of its second and
    third corner [H,W,2]. Triangles without holes are visible only from outside.
    """
    depth = np.full((height, width), -np.inf, np.float32)
    owner = np.full((height, width), -1, np.int32)
    weights = np.zeros((height, width, 2), np.float32)
    faces = surface.faces
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        holes = surface.kind[f] >= HAIR
        if area == 0 or (area > 0 and not holes):
            continue
        left, right = max(0, int(min(ax, bx, cx))), min(width - 1, int(max(ax, bx, cx)))
        top, bottom = max(0, int(min(ay, by, cy))), min(height - 1, int(max(ay, by, cy)))
        for y in range(top, bottom + 1):
            py = np.float32(y + 0.5)
            for x in range(left, right + 1):
                px = np.float32(x + 0.5)
                wb = ((px - ax) * (cy - ay) - (cx - ax) * (py - ay)) / area
                wc = ((bx - ax) * (py - ay) - (px - ax) * (by - ay)) / area
                wa = 1 - wb - wc
                if wa < 0 or wb < 0 or wc < 0:
                    continue
                z = wa * points[a, 2] + wb * points[b, 2] + wc * points[c, 2]
                if z <= depth[y, x]:
                    continue
                if holes and _in_a_hole(surface, f, wa, wb, wc):
                    continue
                depth[y, x] = z
                owner[y, x] = f
                weights[y, x, 0] = wb
                weights[y, x, 1] = wc
    return depth, owner, weights


@compiled
def _in_a_hole(surface: Surface, f: int, wa: float, wb: float, wc: float) -> bool:
    """Say whether a triangle has a hole at the point with these weights of its corners."""
    face, uv, trim = surface.faces[f], surface.uv[f], surface.trim
    u = wa * uv[0, 0] + wb * uv[1, 0] + wc * uv[2, 0]
    v = wa * uv[0, 1] + wb * uv[1, 1] + wc * uv[2, 1]
    solid = wa * trim[face[0]] + wb * trim[face[1]] + wc * trim[face[2]]
    return bool(solid + surface.atlas[int(v), int(u), 3] * np.float32(1 / 255) < 1)


@compiled
def shade(
    owner: I32, weights: F32, surface: Surface, normals: F32, fold_depth: F32, crevices: F32, lamp: Lamp, materials: F32
) -> U8:
    """Light the visible triangles; return premultiplied RGBA, [H,W,4].

    normals [V,3]; fold_depth [4] is how deep each kind of wrinkle is; crevices [H,W] darken what lies deeper than its
    surroundings.
    """
    height, width = owner.shape
    out = np.zeros((height, width, 4), np.uint8)
    lx, ly, lz = lamp.direction
    half = np.sqrt(lx * lx + ly * ly + (lz + 1) * (lz + 1))
    colour = np.empty(3, np.float32)
    for y in range(height):
        for x in range(width):
            f = owner[y, x]
            if f < 0:
                continue
            corners = (surface.faces[f, 0], surface.faces[f, 1], surface.faces[f, 2])
            wb, wc = weights[y, x, 0], weights[y, x, 1]
            shares = (1 - wb - wc, wb, wc)
            row = surface.kind[f]
            nx, ny, nz = _normal(normals, corners, shares, row >= HAIR)
            iu, iv = _paint(surface, f, shares, colour)
            trim = _between(surface.trim, corners, shares)
            if row == SKIN and trim < 0:
                row = CLOTH
                _dress(lamp.cloth, trim, colour)
            elif row == SKIN:
                _wrinkle(surface.folds, iu // 2, iv // 2, fold_depth, colour)
            seen = _between(surface.openness, corners, shares) * crevices[y, x]
            facing = nx * lx + ny * ly + nz * lz
            gloss, rim = _reflected(materials, row, facing, nz, half, colour[0])
            for k in range(3):
                highlight = (gloss * lamp.colour[k] + rim * lamp.sky[k]) * seen
                light = colour[k] * colour[k] * _incoming(lamp, k, facing, ny, seen, materials[row, 2 + k]) + highlight
                out[y, x, k] = np.uint8(min(np.sqrt(light), np.float32(1)) * 255)
            out[y, x, 3] = 255
    return out


@inlined
def _between(values: F32, corners: Corners, shares: Shares) -> float:
    """Return the value of a triangle at the point with these shares of its corners."""
    return float(shares[0] * values[corners[0]] + shares[1] * values[corners[1]] + shares[2] * values[corners[2]])


@inlined
def _normal(normals: F32, corners: Corners, shares: Shares, thin: bool) -> tuple[float, float, float]:
    """Return the unit normal at a point; thin things have one on each side."""
    a, b, c = corners
    wa, wb, wc = shares
    nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
    ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
    nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9)
    if nz < 0 and thin:
        length = -length
    return nx / length, ny / length, nz / length


@inlined
def _paint(surface: Surface, f: int, shares: Shares, colour: F32) -> tuple[int, int]:
    """Set the colour to that of the atlas, interpolated between texels; return the texel."""
    uv, atlas = surface.uv, surface.atlas
    wa, wb, wc = shares
    u = wa * uv[f, 0, 0] + wb * uv[f, 1, 0] + wc * uv[f, 2, 0]
    v = wa * uv[f, 0, 1] + wb * uv[f, 1, 1] + wc * uv[f, 2, 1]
    iu, iv = int(u), int(v)
    fu, fv = u - iu, v - iv
    for k in range(3):
        upper = atlas[iv, iu, k] * (1 - fu) + atlas[iv, iu + 1, k] * fu
        lower = atlas[iv + 1, iu, k] * (1 - fu) + atlas[iv + 1, iu + 1, k] * fu
        colour[k] = (upper * (1 - fv) + lower * fv) * np.float32(1 / 255)
    return iu, iv


@inlined
def _dress(cloth: F32, trim: float, colour: F32) -> None:
    """Set the colour to that of the shirt, darker at the collar."""
    for k in range(3):
        colour[k] = cloth[k] * (0.85 if trim > np.float32(-0.08) else 1.0)


@inlined
def _wrinkle(folds: U8, column: int, line: int, fold_depth: F32, colour: F32) -> None:
    """Darken the colour where skin is folded, red the least."""
    fold = np.float32(0)
    for k in range(4):
        fold += fold_depth[k] * folds[line, column, k] * np.float32(1 / 255)
    for k in range(3):
        colour[k] *= 1 - min(fold, np.float32(0.7)) * (0.7 if k == 0 else 1.0)


@inlined
def _reflected(material: F32, row: int, facing: float, nz: float, half: float, red: float) -> tuple[float, float]:
    """Return the strength of the highlights of the lamp and, at the rim, of the sky; those of hair have its colour."""
    gloss = material[row, 0] * max((facing + nz) / half, 0.0) ** material[row, 1]
    if row == HAIR:
        gloss *= 2 * red
    rim = material[row, 0] * np.float32(0.35) * (1 - max(nz, 0.0)) ** 3
    return gloss, rim


@inlined
def _incoming(lamp: Lamp, k: int, facing: float, ny: float, seen: float, wrap: float) -> float:
    """Return the light of colour `k` that falls on a point, from the lamp and from all around."""
    up = 0.5 + 0.5 * ny
    key = max((facing + wrap) / (1 + wrap), 0.0) * (0.35 + 0.65 * seen) * lamp.colour[k]
    ambient = (lamp.sky[k] * up + lamp.ground[k] * (1 - up)) * seen
    return float(key + ambient)
