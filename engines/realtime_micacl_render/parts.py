"""The parts of a figure, each bound to the base mesh and mapped to the atlas: skin with shirt, eyes, teeth, hair."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from realtime_micacl.types import F32, U8
from realtime_micacl_render.assets import CENTRE, EYES, LASHES, TEETH, Assets, Bool, chart
from realtime_micacl_render.mesh import I32, Binding, Mesh, attach, vertex_normals
from realtime_micacl_render.paint import EYE_TILE, HAIR_TILE, HAIR_TURN_PX, PLAIN
from realtime_micacl_render.person import BALD, CROPPED
from realtime_micacl_render.raster import EYE, HAIR, LASH, MOUTH, SKIN, TOOTH

FIRST_UPPER_TOOTH = 15060
"""Number of the first vertex of the base mesh's upper teeth; the lower ones come before."""


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a figure, before all parts are joined; see raster.Surface for its arrays."""

    binding: Binding
    faces: I32
    uv: F32
    kind: U8
    trim: F32


def skin_and_shirt(assets: Assets, rest: F32, collar: float) -> Part:
    """Return the skin of the base mesh in the shape `rest`, [B,3]; below the neckline it becomes a loose shirt."""
    body, same = assets.body, np.arange(len(rest), dtype=np.int32)
    x, y, z = body.vertices.T
    trim = y + 0.3 * z - 0.5 * np.maximum(np.abs(x) - 0.7, 0) - np.float32(5.93 + collar)
    offset = _loosen(rest, body.faces, np.clip(-trim * 6, 0, 1))
    weight = np.tile(np.array([1, 0, 0], np.float32), (len(rest), 1))
    uv = np.where(assets.inner_mouth[:, None, None], np.array(PLAIN["mouth"]), chart(body.vertices[body.faces]))
    kind = np.where(assets.inner_mouth, MOUTH, SKIN).astype(np.uint8)
    binding = Binding(np.stack([same] * 3, axis=1), weight, offset)
    return Part(binding, body.faces, uv.astype(np.float32), kind, trim.astype(np.float32))


def eyeballs(assets: Assets, rest: F32) -> Part:
    """Return both eyes without the cornea, which would have to be transparent."""
    mesh = assets.mesh(EYES)
    centre = mesh.uv.mean(axis=1)
    shown = (centre[:, 0] < 0.86) | (centre[:, 1] > 0.14)
    left, top, width, height = EYE_TILE
    uv = np.stack([left + mesh.uv[..., 0] * (width - 2), top + (1 - mesh.uv[..., 1]) * (height - 2)], axis=-1)
    return _part(assets.binding(EYES, rest), mesh.faces[shown], uv[shown], EYE)


def teeth(assets: Assets, rest: F32) -> Part:
    """Return the front teeth with their gums, moved back a little, or they would poke through some people's lips."""
    mesh, binding = assets.mesh(TEETH), assets.binding(TEETH, rest)
    gums = np.bincount(island := _islands(mesh))[island] > 200  # vertices; each tooth is a small island
    colour = np.where(gums[mesh.faces[:, :1]], np.array(PLAIN["gum"]), np.array(PLAIN["tooth"]))
    lower = binding.index[:, 0] < FIRST_UPPER_TOOTH
    binding.offset[:, 1] -= np.where(lower, 0.06, 0.02)
    binding.offset[:, 2] -= np.where(lower, 0.08, 0.06)
    front = np.where(lower, np.abs(mesh.vertices[:, 0]) < 0.125, mesh.vertices[:, 2] > 1.06)[mesh.faces].all(axis=1)
    return _part(binding, mesh.faces[front], np.repeat(colour[:, None], 3, axis=1)[front], TOOTH)


def lashes(assets: Assets, rest: F32, eyes: Part) -> Part:
    """Return the roots of the upper lashes, a dark line along the lid."""
    mesh, binding = assets.mesh(LASHES), assets.binding(LASHES, rest)
    upper = mesh.faces[mesh.vertices[mesh.faces][..., 1].mean(axis=1) > 7.29]
    part = _part(binding, upper, np.tile(np.array(PLAIN["lash"]), (len(upper), 3, 1)), LASH)
    # The left half is folded onto the right one.
    roots, eye = (np.abs(attach(b.index, b.weight, b.offset, rest)) for b in (binding, eyes.binding))
    distance = np.linalg.norm(roots - eye.mean(axis=0), axis=1)
    return replace(part, trim=(1 - (distance - distance.min()) / np.ptp(distance)).astype(np.float32))


def hair(assets: Assets, rest: F32, style: str) -> list[Part]:
    """Return the mesh of a hair style, an empty list if it has none.

    The texture is wrapped around the head, so that strands run down from the crown. Open edges fray, and a fringe ends
    above the eyebrows, which must stay visible.
    """
    if style in (BALD, CROPPED):
        return []
    name = f"base/hair/{style}/{style}"
    mesh, at_base = assets.mesh(name), assets.binding(name, assets.body.vertices)
    x, y, z = attach(at_base.index, at_base.weight, at_base.offset, assets.body.vertices).T
    turn = (np.arctan2(x, z - 0.1) / (2 * np.pi))[mesh.faces]
    turn = turn + (turn < turn.max(axis=1, keepdims=True) - 0.5)
    left, top, _, height = HAIR_TILE
    u = left + 1 + (turn + 0.5) * HAIR_TURN_PX
    v = top + 1 + ((y.max() - y) / np.ptp(y))[mesh.faces] * (height - 3)
    before_eyes = np.maximum((y - 7.6) / 0.2, np.maximum((np.abs(x) - 0.52) / 0.1, (0.8 - z) / 0.2))
    trim = np.minimum(np.where(_open_edge(mesh), 0.35, 1.0), before_eyes).astype(np.float32)
    return [replace(_part(assets.binding(name, rest), mesh.faces, np.stack([u, v], axis=-1), HAIR), trim=trim)]


def scalp(assets: Assets, style: str) -> F32:
    """Return where hair grows, 0 to 1, in the chart of the skin, [1024,1024]."""
    grown = np.zeros(len(assets.body.vertices), np.float32)
    if style != BALD:
        x, y, z = (assets.body.vertices - CENTRE).T
        azimuth = np.abs(np.degrees(np.arctan2(x, z)))
        hairline = np.interp(azimuth, [0, 25, 48, 62, 80, 110, 180], [0.98, 1.0, 0.8, 0.3, 0.25, 0.1, -0.5])
        grown = np.clip((y - hairline) * 8, 0, 1).astype(np.float32)
        grown[(np.abs(x) > 0.72) & (np.abs(y - 0.1) < 0.3)] = 0  # the ears
    return assets.splat(grown)


def join(parts: list[Part]) -> Part:
    """Join parts into one; vertices are renumbered in the order of the parts."""
    starts = np.cumsum([0, *(len(part.trim) for part in parts[:-1])])
    binding = Binding(
        *(np.concatenate([getattr(part.binding, name) for part in parts]) for name in ("index", "weight", "offset"))
    )
    faces = np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=True)]).astype(np.int32)
    uv, kind, trim = (np.concatenate([getattr(part, name) for part in parts]) for name in ("uv", "kind", "trim"))
    return Part(binding, faces, uv, kind, trim)


def _part(binding: Binding, faces: I32, uv: F32, kind: int) -> Part:
    trim = np.ones(len(binding.index), np.float32)
    return Part(binding, faces, uv.astype(np.float32), np.full(len(faces), kind, np.uint8), trim)


def _loosen(rest: F32, faces: I32, clothed: F32) -> F32:
    """Return the offsets from the skin to a loose shirt, [B,3], by Taubin smoothing and a shift outwards."""
    tail, head = faces.ravel(), faces[:, [1, 2, 0]].ravel()
    count = np.maximum(np.bincount(tail, minlength=len(rest)), 1)
    shirt = rest.copy()
    for step in [0.6, -0.61] * 20:
        mean = np.stack([np.bincount(tail, shirt[head, axis], len(rest)) / count for axis in range(3)], axis=1)
        shirt += (step * clothed[:, None] * (mean - shirt)).astype(np.float32)
    return np.asarray(shirt + vertex_normals(shirt, faces) * (0.1 * clothed[:, None]) - rest, np.float32)


def _islands(mesh: Mesh) -> I32:
    """Return for each vertex the lowest number of a vertex that it is connected with, [V]."""
    lowest = np.arange(len(mesh.vertices), dtype=np.int32)
    while np.ptp(lowest[mesh.faces], axis=1).any():
        np.minimum.at(lowest, mesh.faces, lowest[mesh.faces].min(axis=1, keepdims=True))
        lowest = lowest[lowest]
    return lowest


def _open_edge(mesh: Mesh) -> Bool:
    """Return which vertices lie on an edge of only one triangle, [V]."""
    edges = np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    on_edge = np.zeros(len(mesh.vertices), np.bool_)
    on_edge[unique[count == 1]] = True
    return on_edge
