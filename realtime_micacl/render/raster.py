"""The z-buffer: which triangle is seen in each pixel, and how it is lit.

Screen coordinates are px, x to the right and y down; depth grows towards the camera. Normals and light directions
have y up. Colours are handled as squares of their display values, which is near enough to linear light.
"""

from __future__ import annotations

import numpy as np

from realtime_micacl.render.mesh import I32, compiled
from realtime_micacl.types import F32, U8

SKIN, CLOTH, MOUTH, EYE, TOOTH, HAIR, LASH = range(7)
"""What a triangle is made of."""

#                       gloss  sharpness  wrap red, green, blue
MATERIALS = np.array(
    [
        [0.16, 14.0, 0.40, 0.22, 0.16],  # SKIN
        [0.00, 1.0, 0.15, 0.15, 0.15],  # CLOTH
        [0.05, 20.0, 0.10, 0.10, 0.10],  # MOUTH
        [0.90, 160.0, 0.45, 0.45, 0.45],  # EYE
        [0.12, 40.0, 0.50, 0.50, 0.50],  # TOOTH
        [0.16, 9.0, 0.25, 0.25, 0.25],  # HAIR
        [0.00, 1.0, 0.40, 0.40, 0.40],  # LASH
    ],
    np.float32,
)


@compiled
def visibility(
    points: F32, faces: I32, uv: F32, kind: U8, trim: F32, atlas: U8, depth: F32, owner: I32, bary: F32
) -> None:
    """Find the nearest triangle of each pixel.

    points [V,3] screen positions; faces [F,3]; uv [F,3,2] texels of the atlas u8[A,A,4]; kind [F]; trim [V].
    depth [H,W] (start at -inf), owner [H,W] (start at -1) and bary [H,W,2] are written.
    Hair and lashes have holes where trim plus the alpha of the atlas stays below one; they are seen from both sides.
    """
    height, width = depth.shape
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        holes = kind[f] >= HAIR
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
                if holes:
                    u = wa * uv[f, 0, 0] + wb * uv[f, 1, 0] + wc * uv[f, 2, 0]
                    v = wa * uv[f, 0, 1] + wb * uv[f, 1, 1] + wc * uv[f, 2, 1]
                    solid = wa * trim[a] + wb * trim[b] + wc * trim[c]
                    if solid + atlas[int(v), int(u), 3] * np.float32(1 / 255) < 1:
                        continue
                depth[y, x] = z
                owner[y, x] = f
                bary[y, x, 0] = wb
                bary[y, x, 1] = wc


@compiled
def shade(
    owner: I32,
    bary: F32,
    faces: I32,
    uv: F32,
    kind: U8,
    normals: F32,
    surface: F32,
    atlas: U8,
    folds: U8,
    fold_depth: F32,
    crevice: F32,
    lamp: F32,
    materials: F32,
) -> U8:
    """Light the visible triangles; return premultiplied RGBA, [H,W,4].

    normals [V,3]; surface [V,2] openness to the sky and trim; folds u8[A/2,A/2,4] where skin wrinkles and fold_depth
    [4] how much; crevice [H,W] darkening from the depth buffer; lamp [5,3] direction, colour, sky, ground, cloth.
    """
    height, width = owner.shape
    out = np.zeros((height, width, 4), np.uint8)
    lx, ly, lz = lamp[0]
    half = np.sqrt(lx * lx + ly * ly + (lz + 1) * (lz + 1))
    colour = np.empty(3, np.float32)
    for y in range(height):
        for x in range(width):
            f = owner[y, x]
            if f < 0:
                continue
            a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
            wb, wc = bary[y, x, 0], bary[y, x, 1]
            wa = 1 - wb - wc
            nx = wa * normals[a, 0] + wb * normals[b, 0] + wc * normals[c, 0]
            ny = wa * normals[a, 1] + wb * normals[b, 1] + wc * normals[c, 1]
            nz = wa * normals[a, 2] + wb * normals[b, 2] + wc * normals[c, 2]
            length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9)
            if nz < 0 and kind[f] >= HAIR:
                length = -length
            nx, ny, nz = nx / length, ny / length, nz / length
            u = wa * uv[f, 0, 0] + wb * uv[f, 1, 0] + wc * uv[f, 2, 0]
            v = wa * uv[f, 0, 1] + wb * uv[f, 1, 1] + wc * uv[f, 2, 1]
            open_sky = wa * surface[a, 0] + wb * surface[b, 0] + wc * surface[c, 0]
            trim = wa * surface[a, 1] + wb * surface[b, 1] + wc * surface[c, 1]
            row = kind[f]
            # albedo: bilinear from the atlas
            iu, iv = int(u), int(v)
            fu, fv = u - iu, v - iv
            for k in range(3):
                upper = atlas[iv, iu, k] * (1 - fu) + atlas[iv, iu + 1, k] * fu
                lower = atlas[iv + 1, iu, k] * (1 - fu) + atlas[iv + 1, iu + 1, k] * fu
                colour[k] = (upper * (1 - fv) + lower * fv) * np.float32(1 / 255)
            if row == SKIN:
                if trim < 0:
                    row = CLOTH
                    for k in range(3):
                        colour[k] = lamp[4, k] * (0.85 if trim > np.float32(-0.08) else 1.0)
                else:
                    fold = np.float32(0)
                    for k in range(4):
                        fold += fold_depth[k] * folds[iv // 2, iu // 2, k]
                    for k in range(3):
                        colour[k] *= 1 - min(fold * np.float32(1 / 255), np.float32(0.7)) * (0.7 if k == 0 else 1.0)
            facing = nx * lx + ny * ly + nz * lz
            shine = (facing + nz) / half
            gloss = (
                materials[row, 0]
                * (colour[0] * 2 if row == HAIR else np.float32(1))
                * max(shine, np.float32(0)) ** materials[row, 1]
            )
            rim = materials[row, 0] * np.float32(0.35) * (1 - max(nz, np.float32(0))) ** 3
            up = 0.5 + 0.5 * ny
            seen = open_sky * crevice[y, x]
            for k in range(3):
                wrap = materials[row, 2 + k]
                key = max((facing + wrap) / (1 + wrap), np.float32(0)) * (0.35 + 0.65 * seen)
                ambient = (lamp[2, k] * up + lamp[3, k] * (1 - up)) * seen
                light = (
                    colour[k] * colour[k] * (key * lamp[1, k] + ambient)
                    + (gloss * lamp[1, k] + rim * lamp[2, k]) * seen
                )
                out[y, x, k] = np.uint8(min(np.sqrt(light), np.float32(1)) * 255)
            out[y, x, 3] = 255
    return out
