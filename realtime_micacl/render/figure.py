"""Build the body of a person: one list of triangles on one atlas, bound to the base mesh so that all of it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime_micacl.render.assets import ANCESTRIES, CENTRE, EYES, LASHES, SKIN_PX, TEETH, Assets, chart
from realtime_micacl.render.mesh import I32, Binding, Mesh, Target, attach, read_binding, vertex_normals
from realtime_micacl.render.paint import EYE_TILE, HAIR_TILE, PLAIN, paint, paint_folds
from realtime_micacl.render.person import Person
from realtime_micacl.render.raster import EYE, HAIR, LASH, MOUTH, SKIN, TOOTH, visibility
from realtime_micacl.types import F32, U8


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of a figure, before the pieces are joined."""

    binding: Binding
    faces: I32
    uv: F32
    """Texels of the atlas, [F,3,2]."""
    kind: U8
    trim: F32
    """[V], see raster.visibility; on skin, height above the neckline."""


@dataclass(frozen=True, eq=False)
class Figure:
    """Somebody who can be posed and rendered."""

    person: Person
    rest: F32
    """The base mesh in this person's shape, [B,3] dm."""
    binding: Binding
    faces: I32
    uv: F32
    kind: U8
    surface: F32
    """Openness to the sky and trim of each vertex, [V,2]."""
    atlas: U8
    folds: U8
    units: dict[str, Target]
    eyes: tuple[slice, slice]
    """Vertices of the left and the right eyeball."""
    eye_y: float


def build_figure(person: Person, assets: Assets) -> Figure:
    """Shape, clothe and paint a person."""
    rest = _shape(person, assets)
    skin = _skin_part(person, assets, rest)
    hair = _hair_part(person, assets, rest)
    parts = [_eye_part(assets, rest), skin, *_mouth_parts(assets, rest), _lash_part(assets, rest), *hair]
    binding, faces, trim = _join(parts)
    uv, kind = np.concatenate([part.uv for part in parts]), np.concatenate([part.kind for part in parts])
    scalp = _scalp(person, assets, attach_all(hair[0].binding, rest) if hair else None, rest)
    atlas = paint(person, assets, scalp)
    points = attach_all(binding, rest)
    eye_vertices = len(parts[0].trim)
    right = int((points[:eye_vertices, 0] > 0).argmin()) or eye_vertices // 2
    return Figure(
        person=person,
        rest=rest,
        binding=binding,
        faces=faces,
        uv=uv,
        kind=kind,
        surface=np.stack([_openness(points, faces, uv, kind, trim, atlas), trim], axis=1),
        atlas=atlas,
        folds=paint_folds(assets),
        units={name: _unit(person, assets, name) for name in assets.units},
        eyes=(slice(0, right), slice(right, eye_vertices)),
        eye_y=float(points[:eye_vertices, 1].mean()),
    )


def attach_all(binding: Binding, base: F32) -> F32:
    """Return the bound vertices, [V,3]."""
    return attach(binding.index, binding.weight, binding.offset, base)


def _shape(person: Person, assets: Assets) -> F32:
    rest = assets.body.vertices.copy()

    def morph(name: str, strength: float) -> None:
        target = assets.target(name)
        rest[target.index] += np.float32(strength) * target.delta

    for gender, of_gender in (("male", person.male), ("female", 1 - person.male)):
        for age, of_age in (("young", 1 - person.age), ("old", person.age)):
            for ancestry in ANCESTRIES:
                morph(f"macrodetails/{ancestry}-{gender}-{age}", of_gender * of_age * person.ancestry[ancestry])
            for weight, share in zip(("min", "average", "max"), person.weight, strict=True):
                name = f"macrodetails/universal-{gender}-{age}-averagemuscle-{weight}weight"
                morph(name, of_gender * of_age * share)
    for name, strength in person.details.items():
        morph(name, strength)
        if (folder_l := name.replace("/l-", "/r-")) != name:
            morph(folder_l, strength)
    return rest


def _unit(person: Person, assets: Assets, name: str) -> Target:
    """Mix a unit from its three ancestries."""
    parts = [(assets.target(f"expression/units/{key}/{name}"), share) for key, share in person.ancestry.items()]
    total = np.zeros_like(assets.body.vertices)
    for target, share in parts:
        total[target.index] += np.float32(share) * target.delta
    index = np.flatnonzero(np.abs(total).max(axis=1) > 1e-5).astype(np.int32)
    return Target(index, total[index])


def _skin_part(person: Person, assets: Assets, rest: F32) -> Part:
    body = assets.body
    count = len(rest)
    same = np.arange(count, dtype=np.int32)
    base = body.vertices
    line = 5.72 + person.collar - 0.16 * np.exp(-((base[:, 0] / 0.5) ** 2)) * (base[:, 2] > 0.2)
    trim = (base[:, 1] - line - 0.25 * np.maximum(0.6 - np.abs(base[:, 0]), 0)).astype(np.float32)
    normals = vertex_normals(rest, body.faces)
    offset = normals * (0.06 * np.clip(-trim * 8, 0, 1))[:, None]
    binding = Binding(
        np.stack([same] * 3, axis=1), np.tile(np.float32([1, 0, 0]), (count, 1)), offset.astype(np.float32)
    )
    uv = np.where(assets.inner_mouth[:, None, None], np.float32(PLAIN["mouth"]), chart(base[body.faces]))
    kind = np.where(assets.inner_mouth, MOUTH, SKIN).astype(np.uint8)
    return Part(binding, body.faces, uv.astype(np.float32), kind, trim)


def _eye_part(assets: Assets, rest: F32) -> Part:
    mesh = assets.mesh(EYES)
    centre = mesh.uv.mean(axis=1)
    cornea = (centre[:, 0] > 0.86) & (centre[:, 1] < 0.14)
    return _proxy(assets, EYES, rest, mesh.faces[~cornea], _tile_uv(mesh.uv[~cornea], EYE_TILE), EYE)


def _mouth_parts(assets: Assets, rest: F32) -> list[Part]:
    """The teeth are many small pieces; the gums and tongue are the one big piece."""
    mesh = assets.mesh(TEETH)
    label = np.arange(len(mesh.vertices))
    for _ in range(64):
        lowest = label[mesh.faces].min(axis=1)
        for k in range(3):
            np.minimum.at(label, mesh.faces[:, k], lowest)
    size = np.bincount(label, minlength=len(label))[label[mesh.faces[:, 0]]]
    colour = np.where((size > 200)[:, None], np.float32(PLAIN["gum"]), np.float32(PLAIN["tooth"]))
    uv = np.repeat(colour[:, None], 3, axis=1).astype(np.float32)
    return [_proxy(assets, TEETH, rest, mesh.faces, uv, TOOTH)]


def _lash_part(assets: Assets, rest: F32) -> Part:
    mesh = assets.mesh(LASHES)
    uv = np.tile(np.float32(PLAIN["lash"]), (len(mesh.faces), 3, 1))
    return _proxy(assets, LASHES, rest, mesh.faces, uv, LASH)


def _hair_part(person: Person, assets: Assets, rest: F32) -> list[Part]:
    """Strands run away from the crown: the texture goes around the head, and the open edges fray."""
    if person.hair in ("bald", "cropped"):
        return []
    name = f"base/hair/{person.hair}/{person.hair}"
    mesh = assets.mesh(name)
    x, y, z = (mesh.vertices[:, axis] for axis in range(3))
    azimuth = np.arctan2(x, z - 0.1)[mesh.faces] / (2 * np.pi)
    azimuth = azimuth + (azimuth < azimuth.max(axis=1, keepdims=True) - 0.5)
    left, top, width, height = HAIR_TILE
    u = left + 1 + (azimuth + 0.5) / 1.6 * (width - 3)
    v = top + 1 + ((y.max() - y) / np.ptp(y))[mesh.faces] * (height - 3)
    edge = _open_edge(mesh)
    part = _proxy(assets, name, rest, mesh.faces, np.stack([u, v], axis=-1).astype(np.float32), HAIR)
    trim = np.where(edge, 0.35, 1.0).astype(np.float32)
    return [Part(part.binding, part.faces, part.uv, part.kind, trim)]


def _open_edge(mesh: Mesh) -> np.ndarray:
    """Return which vertices lie on an edge that only one triangle has, [V]."""
    edges = np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    unique, count = np.unique(edges, axis=0, return_counts=True)
    on_edge = np.zeros(len(mesh.vertices), bool)
    on_edge[unique[count == 1]] = True
    return on_edge


def _proxy(assets: Assets, name: str, rest: F32, faces: I32, uv: F32, kind: int) -> Part:
    binding = read_binding(assets.folder / f"{name}.mhclo", rest)
    trim = np.ones(len(binding.index), np.float32)
    return Part(binding, faces, uv, np.full(len(faces), kind, np.uint8), trim)


def _join(parts: list[Part]) -> tuple[Binding, I32, F32]:
    starts = np.cumsum([0, *(len(part.trim) for part in parts)])
    faces = np.concatenate([part.faces + np.int32(start) for part, start in zip(parts, starts, strict=False)])
    index, weight, offset = (
        np.concatenate([getattr(part.binding, name) for part in parts]) for name in ("index", "weight", "offset")
    )
    return Binding(index, weight, offset), faces.astype(np.int32), np.concatenate([part.trim for part in parts])


def _tile_uv(uv: F32, tile: tuple[int, int, int, int]) -> F32:
    left, top, width, height = tile
    u, v = left + uv[..., 0] * (width - 2), top + (1 - uv[..., 1]) * (height - 2)
    return np.stack([u, v], axis=-1).astype(np.float32)


def _scalp(person: Person, assets: Assets, hair: F32 | None, rest: F32) -> F32:
    """Return where hair grows from the skin, [1024,1024]."""
    if person.hair == "bald":
        return np.zeros((SKIN_PX, SKIN_PX), np.float32)
    base = assets.body.vertices
    skin = np.unique(assets.body.faces[~assets.inner_mouth])
    skin = skin[base[skin, 1] > 6.5]
    grown = np.zeros(len(base), np.float32)
    if hair is None:
        direction = base[skin] - CENTRE
        hairline = np.interp(np.abs(np.degrees(np.arctan2(direction[:, 0], direction[:, 2]))), [0, 25, 50, 62, 80, 180], [0.98, 1.0, 0.72, 0.3, 0.25, -0.5])
        grown[skin] = np.clip((direction[:, 1] - hairline) * 8, 0, 1)
    else:
        for chunk in np.array_split(skin, 16):
            distance = np.sqrt(((rest[chunk][:, None] - hair[None, ::2]) ** 2).sum(-1)).min(axis=1)
            grown[chunk] = np.clip((0.22 - distance) / 0.1, 0, 1)
    grown[(np.abs(base[:, 0]) > 0.72) & (np.abs(base[:, 1] - 7.1) < 0.3)] = 0
    return assets.splat(grown)


def _openness(points: F32, faces: I32, uv: F32, kind: U8, trim: F32, atlas: U8) -> F32:
    """Return how much of the sky each vertex sees, from depth maps of many directions, [V]."""
    side, scale = 220, 220 / 5.0
    normals = vertex_normals(points, faces)
    centre = np.array([0, 6.9, 0.3], np.float32)
    seen, possible = np.zeros(len(points), np.float32), np.full(len(points), 1e-6, np.float32)
    golden = np.pi * (3 - np.sqrt(5))
    for k in range(48):
        height = 1 - 1.5 * (k + 0.5) / 48
        ring = np.sqrt(1 - height**2)
        way = np.array([ring * np.sin(golden * k), height, ring * np.cos(golden * k)])
        across = np.cross([0, 0, 1] if abs(height) > 0.9 else [0, 1, 0], way)
        across /= np.linalg.norm(across)
        view = np.stack([across, np.cross(way, across), way]).astype(np.float32)
        local = (points - centre) @ view.T
        screen = np.stack([side / 2 + local[:, 0] * scale, side / 2 - local[:, 1] * scale, local[:, 2]], axis=1)
        depth = np.full((side, side), -np.inf, np.float32)
        owner, bary = np.full((side, side), -1, np.int32), np.zeros((side, side, 2), np.float32)
        visibility(screen, faces, uv, kind, trim, atlas, depth, owner, bary)
        column, row = (screen[:, axis].astype(np.int32).clip(0, side - 1) for axis in (0, 1))
        toward = np.maximum(normals @ view[2], 0)
        seen += toward * (local[:, 2] > depth[row, column] - 0.06)
        possible += toward
    openness = np.clip(seen / possible, 0, 1)
    openness[np.isin(np.arange(len(points)), faces[np.isin(kind, (EYE, TOOTH))])] = 0.9
    return openness.astype(np.float32)
