"""Build the body of a person: one list of triangles on one atlas, bound to the base mesh so that all of it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime_micacl.render.assets import ANCESTRIES, CENTRE, EYES, LASHES, SKIN_PX, TEETH, Assets, chart
from realtime_micacl.render.expression import UNITS, target_names
from realtime_micacl.render.mesh import I32, Binding, Mesh, Target, attach, read_binding, vertex_normals
from realtime_micacl.render.paint import EYE_TILE, HAIR_TILE, HAIR_TURN_PX, PLAIN, paint, paint_folds
from realtime_micacl.render.person import Person
from realtime_micacl.render.raster import EYE, HAIR, LASH, MOUTH, SKIN, TOOTH, visibility
from realtime_micacl.types import F32, U8

FIRST_UPPER_TOOTH = 15060
"""Number of the first vertex of the base mesh's upper teeth; the lower ones come before."""


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
    eyes = _eye_part(assets, rest)
    middle = np.abs(attach_all(eyes.binding, rest)).mean(axis=0)
    parts = [eyes, skin, *_mouth_parts(assets, rest), _lash_part(assets, rest, middle), *hair]
    binding, faces, trim = _join(parts)
    uv, kind = np.concatenate([part.uv for part in parts]), np.concatenate([part.kind for part in parts])
    atlas = paint(person, assets, _scalp(person, assets))
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
        units={name: _unit(person, assets, path) for unit in UNITS for name, path in target_names(unit).items()},
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
    _lower_arms(rest, assets.body.vertices)
    return rest


def _lower_arms(rest: F32, base: F32) -> None:
    """Let the arms, which the base mesh holds away from the body, hang down."""
    for side in (1, -1):
        outward = side * base[:, 0]
        shoulder = rest[(np.abs(outward - 1.55) < 0.12) & (base[:, 1] > 4.7)].mean(axis=0)
        share = np.clip((outward - 1.25) / 0.7, 0, 1)
        angle = -side * np.radians(32) * share * share * (3 - 2 * share)
        x, y = (rest - shoulder)[:, :2].T
        rest[:, 0] = shoulder[0] + x * np.cos(angle) - y * np.sin(angle)
        rest[:, 1] = shoulder[1] + x * np.sin(angle) + y * np.cos(angle)


def _unit(person: Person, assets: Assets, path: str) -> Target:
    """Mix a unit from its three ancestries."""
    parts = [(assets.target(path.format(key)), share) for key, share in person.ancestry.items()]
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
    sleeve = 0.5 * np.maximum(np.abs(base[:, 0]) - 0.7, 0)
    trim = base[:, 1] + 0.3 * base[:, 2] - sleeve - np.float32(5.93 + person.collar)
    offset = _loosen(rest, body.faces, np.clip(-trim * 6, 0, 1))
    binding = Binding(np.stack([same] * 3, axis=1), np.tile(np.float32([1, 0, 0]), (count, 1)), offset)
    uv = np.where(assets.inner_mouth[:, None, None], np.float32(PLAIN["mouth"]), chart(base[body.faces]))
    kind = np.where(assets.inner_mouth, MOUTH, SKIN).astype(np.uint8)
    return Part(binding, body.faces, uv.astype(np.float32), kind, trim)


def _loosen(rest: F32, faces: I32, clothed: F32) -> F32:
    """Return the way from the skin to a loose shirt: smoothed without shrinking (Taubin), moved outwards, [B,3]."""
    tail, head = faces[:, [0, 1, 2]].ravel(), faces[:, [1, 2, 0]].ravel()
    count = np.maximum(np.bincount(tail, minlength=len(rest)), 1)
    shirt = rest.copy()
    for step in [0.6, -0.61] * 20:
        mean = np.stack([np.bincount(tail, shirt[head, axis], len(rest)) / count for axis in range(3)], axis=1)
        shirt += step * clothed[:, None] * (mean - shirt).astype(np.float32)
    return shirt + vertex_normals(shirt, faces) * (0.1 * clothed[:, None]) - rest


def _eye_part(assets: Assets, rest: F32) -> Part:
    mesh = assets.mesh(EYES)
    centre = mesh.uv.mean(axis=1)
    cornea = (centre[:, 0] > 0.86) & (centre[:, 1] < 0.14)
    return _proxy(assets, EYES, rest, mesh.faces[~cornea], _tile_uv(mesh.uv[~cornea], EYE_TILE), EYE)


def _mouth_parts(assets: Assets, rest: F32) -> list[Part]:
    """The teeth are many small pieces; the gums and tongue are the one big piece."""
    mesh = assets.mesh(TEETH)
    label = np.arange(len(mesh.vertices))
    while (joined := label[mesh.faces].min(axis=1, keepdims=True)).tolist() != label[mesh.faces].max(
        axis=1, keepdims=True
    ).tolist():
        np.minimum.at(label, mesh.faces, joined)
        label = label[label]
    size = np.bincount(label, minlength=len(label))[label[mesh.faces[:, 0]]]
    colour = np.where((size > 200)[:, None], np.float32(PLAIN["gum"]), np.float32(PLAIN["tooth"]))
    uv = np.repeat(colour[:, None], 3, axis=1).astype(np.float32)
    part = _proxy(assets, TEETH, rest, mesh.faces, uv, TOOTH)
    lower = part.binding.index[:, 0] < FIRST_UPPER_TOOTH
    middle = np.where(lower, np.abs(mesh.vertices[:, 0]) < 0.125, mesh.vertices[:, 2] > 1.06)[mesh.faces].all(axis=1)
    part = Part(part.binding, part.faces[middle], part.uv[middle], part.kind[middle], part.trim)
    part.binding.offset[:, 2] -= np.where(lower, 0.08, 0.06)  # or the teeth of some faces show through their lips
    part.binding.offset[:, 1] -= np.where(lower, 0.06, 0.02)
    return [part]


def _lash_part(assets: Assets, rest: F32, eye: F32) -> Part:
    mesh = assets.mesh(LASHES)
    upper = mesh.faces[mesh.vertices[mesh.faces][..., 1].mean(axis=1) > 7.29]
    uv = np.tile(np.float32(PLAIN["lash"]), (len(upper), 3, 1))
    part = _proxy(assets, LASHES, rest, upper, uv, LASH)
    points = attach_all(part.binding, rest)
    points[:, 0] = np.abs(points[:, 0])
    distance = np.linalg.norm(points - eye, axis=1)
    trim = np.float32(1) - (distance - distance.min()) / np.float32(np.ptp(distance))
    return Part(part.binding, part.faces, part.uv, part.kind, trim)


def _hair_part(person: Person, assets: Assets, rest: F32) -> list[Part]:
    """Strands run away from the crown: the texture goes around the head, and the open edges fray."""
    if person.hair in ("bald", "cropped"):
        return []
    name = f"base/hair/{person.hair}/{person.hair}"
    mesh = assets.mesh(name)
    base = assets.body.vertices
    x, y, z = attach_all(read_binding(assets.folder / f"{name}.mhclo", base), base).T
    azimuth = np.arctan2(x, z - 0.1)[mesh.faces] / (2 * np.pi)
    azimuth = azimuth + (azimuth < azimuth.max(axis=1, keepdims=True) - 0.5)
    left, top, _, height = HAIR_TILE
    u = left + 1 + (azimuth + 0.5) * HAIR_TURN_PX
    v = top + 1 + ((y.max() - y) / np.ptp(y))[mesh.faces] * (height - 3)
    edge = _open_edge(mesh)
    part = _proxy(assets, name, rest, mesh.faces, np.stack([u, v], axis=-1).astype(np.float32), HAIR)
    before_eyes = np.maximum((y - 7.6) / 0.2, np.maximum((np.abs(x) - 0.52) / 0.1, (0.8 - z) / 0.2))
    trim = np.minimum(np.where(edge, 0.35, 1.0), before_eyes).astype(np.float32)
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


def _scalp(person: Person, assets: Assets) -> F32:
    """Return where hair grows from the skin, [1024,1024]."""
    grown = np.zeros(len(assets.body.vertices), np.float32)
    if person.hair != "bald":
        direction = assets.body.vertices - CENTRE
        azimuth = np.abs(np.degrees(np.arctan2(direction[:, 0], direction[:, 2])))
        hairline = np.interp(azimuth, [0, 25, 48, 62, 80, 110, 180], [0.98, 1.0, 0.8, 0.3, 0.25, 0.1, -0.5])
        grown = np.clip((direction[:, 1] - hairline) * 8, 0, 1).astype(np.float32)
        grown[(np.abs(direction[:, 0]) > 0.72) & (np.abs(direction[:, 1] - 0.1) < 0.3)] = 0  # the ears
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
    openness[np.unique(faces[kind == EYE])] = 0.9
    openness[np.unique(faces[kind == TOOTH])] = 0.8
    return openness.astype(np.float32)
