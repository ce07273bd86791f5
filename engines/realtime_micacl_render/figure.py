"""Builds the body of a person: one list of triangles on one atlas, bound to the base mesh so that all of it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime_micacl.types import F32
from realtime_micacl_render.assets import Assets
from realtime_micacl_render.expression import UNITS, target_names
from realtime_micacl_render.mesh import Binding, Target, attach, vertex_normals
from realtime_micacl_render.paint import paint, paint_folds
from realtime_micacl_render.parts import eyeballs, hair, join, lashes, scalp, skin_and_shirt, teeth
from realtime_micacl_render.person import Person
from realtime_micacl_render.raster import EYE, TOOTH, Surface, visibility

DIRECTIONS = 48
"""Number of directions from which the openness to the sky is measured."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A person that can be posed and rendered."""

    person: Person
    rest: F32
    """The base mesh in this person's shape, [B,3] dm."""
    binding: Binding
    surface: Surface
    units: dict[str, Target]
    """Shape targets of the expression units, by name with side."""
    eyes: tuple[slice, slice]
    """Vertices of the two eyeballs."""
    eye_level: float
    """Height of the eyes in dm."""


def build_figure(person: Person, assets: Assets) -> Figure:
    """Return the figure of a person."""
    rest = _shape(person, assets)
    eyes = eyeballs(assets, rest)
    skin = skin_and_shirt(assets, rest, person.collar)
    whole = join([eyes, skin, teeth(assets, rest), lashes(assets, rest, eyes), *hair(assets, rest, person.hair)])
    points = attach(whole.binding.index, whole.binding.weight, whole.binding.offset, rest)
    atlas = paint(person, assets, scalp(assets, person.hair))
    bare = Surface(whole.faces, whole.uv, whole.kind, whole.trim, np.ones_like(whole.trim), atlas, paint_folds(assets))
    count = len(eyes.trim)
    return Figure(
        person=person,
        rest=rest,
        binding=whole.binding,
        surface=bare._replace(openness=_openness(points, bare)),
        units={name: _unit(person, assets, path) for unit in UNITS for name, path in target_names(unit).items()},
        eyes=(slice(0, count // 2), slice(count // 2, count)),
        eye_level=float(points[:count, 1].mean()),
    )


def _shape(person: Person, assets: Assets) -> F32:
    """Return the base mesh with the person's age, gender, ancestry, weight and details, and with arms down, [B,3]."""
    rest = assets.body.vertices.copy()

    def morph(name: str, strength: float) -> None:
        target = assets.target(name)
        rest[target.index] += np.float32(strength) * target.delta

    for gender, of_gender in (("male", person.male), ("female", 1 - person.male)):
        for age, of_age in (("young", 1 - person.age), ("old", person.age)):
            for ancestry, share in person.ancestry.items():
                morph(f"macrodetails/{ancestry}-{gender}-{age}", of_gender * of_age * share)
            for weight, share in zip(("min", "average", "max"), person.weight, strict=True):
                morph(f"macrodetails/universal-{gender}-{age}-averagemuscle-{weight}weight", of_gender * of_age * share)
    for name, strength in person.details.items():
        morph(name, strength)
        if "/l-" in name:
            morph(name.replace("/l-", "/r-"), strength)
    for side in (1, -1):
        outward = side * assets.body.vertices[:, 0]
        shoulder = rest[(np.abs(outward - 1.55) < 0.12) & (assets.body.vertices[:, 1] > 4.7)].mean(axis=0)
        bent = np.clip((outward - 1.25) / 0.7, 0, 1)
        angle = -side * np.radians(32) * bent * bent * (3 - 2 * bent)
        x, y = (rest - shoulder)[:, :2].T
        rest[:, 0] = shoulder[0] + x * np.cos(angle) - y * np.sin(angle)
        rest[:, 1] = shoulder[1] + x * np.sin(angle) + y * np.cos(angle)
    return rest


def _unit(person: Person, assets: Assets, path: str) -> Target:
    """Return an expression unit, mixed by the person's ancestry."""
    total = np.zeros_like(assets.body.vertices)
    for ancestry, share in person.ancestry.items():
        target = assets.target(path.format(ancestry))
        total[target.index] += np.float32(share) * target.delta
    index = np.flatnonzero(np.abs(total).max(axis=1) > 1e-5).astype(np.int32)
    return Target(index, total[index])


def _openness(points: F32, surface: Surface) -> F32:
    """Return the share of the sky that each vertex sees, from depth maps of many directions, [V]."""
    side, scale = 220, 44.0
    normals = vertex_normals(points, surface.faces)
    seen, possible = np.zeros(len(points), np.float32), np.full(len(points), 1e-6, np.float32)
    golden = np.pi * (3 - np.sqrt(5))
    for k in range(DIRECTIONS):
        height = 1 - 1.5 * (k + 0.5) / DIRECTIONS
        ring = np.sqrt(1 - height**2)
        way = np.array([ring * np.sin(golden * k), height, ring * np.cos(golden * k)])
        across = np.cross([0, 0, 1] if abs(height) > 0.9 else [0, 1, 0], way)
        across /= np.linalg.norm(across)
        view = np.stack([across, np.cross(way, across), way]).astype(np.float32)
        local = (points - np.array([0, 6.9, 0.3], np.float32)) @ view.T
        screen = np.stack([side / 2 + local[:, 0] * scale, side / 2 - local[:, 1] * scale, local[:, 2]], axis=1)
        depth, _, _ = visibility(screen.astype(np.float32), surface, side, side)
        column, row = (screen[:, axis].astype(np.int32).clip(0, side - 1) for axis in (0, 1))
        toward = np.maximum(normals @ view[2], 0)
        seen += toward * (local[:, 2] > depth[row, column] - 0.06)
        possible += toward
    openness = np.asarray(np.clip(seen / possible, 0, 1), np.float32)
    for kind, always in ((EYE, 0.9), (TOOTH, 0.8)):  # they are measured with lids and lips closed
        openness[np.unique(surface.faces[surface.kind == kind])] = always
    return openness
