"""Reads MakeHuman's meshes: Wavefront surfaces, sparse morph targets, and proxies that follow a base mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from realtime_micacl.errors import ConfigError
from realtime_micacl.types import F32

I32 = npt.NDArray[np.int32]
Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(function: Kernel) -> Kernel:
    """Compile to machine code at the first call; numba has no type hints, so the function keeps its own."""
    return cast(Kernel, njit(cache=True)(function))


def inlined(function: Kernel) -> Kernel:
    """Inline into compiled callers: a call with arrays for each pixel would be five times slower."""
    return cast(Kernel, njit(inline="always")(function))


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle surface; lengths are in decimetres, y is up and z leaves the face."""

    vertices: F32
    """[V,3]."""
    faces: I32
    """Vertex numbers, counter-clockwise seen from outside, [F,3]."""
    uv: F32
    """Texture coordinates of each corner, v upwards, [F,3,2]."""


@dataclass(frozen=True, eq=False)
class Target:
    """A sparse change of shape: vertices `index` move by `delta` at strength 1."""

    index: I32
    """[M]."""
    delta: F32
    """[M,3]."""


@dataclass(frozen=True, eq=False)
class Binding:
    """How the V vertices of a proxy follow the base mesh: a weighted mean of three base vertices, plus an offset."""

    index: I32
    """[V,3]."""
    weight: F32
    """[V,3]."""
    offset: F32
    """[V,3]."""


def read_mesh(path: Path, group: str | None = None) -> Mesh:
    """Read a Wavefront file, all faces or those of one group, as triangles; raise ConfigError if it is malformed."""
    vertices: list[list[float]] = []
    coordinates: list[list[float]] = [[0.0, 0.0]]
    faces: list[tuple[int, int, int]] = []
    uv_faces: list[tuple[int, int, int]] = []
    current = None
    for number, words in _lines(path):
        try:
            match words[0]:
                case "v":
                    vertices.append([float(word) for word in words[1:4]])
                case "vt":
                    coordinates.append([float(word) for word in words[1:3]])
                case "g":
                    current = words[1]
                case "f" if group is None or current == group:
                    corners = [(word + "/0").split("/") for word in words[1:]]
                    v, t = [int(corner[0]) - 1 for corner in corners], [int(corner[1] or 0) for corner in corners]
                    faces += [(v[0], v[k], v[k + 1]) for k in range(1, len(v) - 1)]
                    uv_faces += [(t[0], t[k], t[k + 1]) for k in range(1, len(t) - 1)]
        except (ValueError, IndexError) as error:
            raise _malformed(path, number, "a Wavefront line") from error
    if not faces or not all(0 <= vertex < len(vertices) for face in faces for vertex in face):
        raise ConfigError(
            f"{path}: no faces{f' of group {group!r}' if group else ''}, or some of their vertices are missing."
        )
    uv = np.array(coordinates, np.float32)[np.array(uv_faces)]
    return Mesh(np.array(vertices, np.float32), np.array(faces, np.int32), uv)


def read_target(path: Path) -> Target:
    """Read a .target file: each line has the number of a vertex and its shift."""
    rows: list[list[float]] = []
    for number, words in _lines(path):
        try:
            vertex, x, y, z = words
            rows.append([int(vertex), float(x), float(y), float(z)])
        except ValueError as error:
            raise _malformed(path, number, "'vertex dx dy dz'") from error
    table = np.array(rows, np.float64).reshape(-1, 4)
    return Target(table[:, 0].astype(np.int32), table[:, 1:].astype(np.float32))


def read_binding(path: Path, base: F32) -> Binding:
    """Read a .mhclo file; offsets are scaled to the size of this base mesh, [B,3]."""
    rows: list[list[float]] = []
    scale = np.ones(3, np.float32)
    inside = False
    for number, words in _lines(path):
        try:
            if words[0] in ("x_scale", "y_scale", "z_scale"):
                axis = "xyz".index(words[0][0])
                length = float(abs(base[int(words[1]), axis] - base[int(words[2]), axis]))
                scale[axis] = length / float(words[3])
            elif words[0] in ("verts", "delete_verts"):
                inside = words[0] == "verts"
            elif not inside or words[0][0].isalpha():
                continue
            elif len(words) == 1:
                rows.append([float(words[0])] * 3 + [1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
            else:
                rows.append([float(word) for word in words[:9]])
        except (ValueError, IndexError, ZeroDivisionError) as error:
            raise _malformed(path, number, "a scale or a binding") from error
    if not rows or not all(len(row) == 9 and 0 <= min(row[:3]) <= max(row[:3]) < len(base) for row in rows):
        raise ConfigError(f"{path}: there are no bindings, or they do not fit the base mesh of {len(base)} vertices.")
    table = np.array(rows, np.float32)
    return Binding(table[:, :3].astype(np.int32), table[:, 3:6], table[:, 6:] * scale)


@compiled
def attach(index: I32, weight: F32, offset: F32, base: F32) -> F32:
    """Return the positions of bound vertices, [V,3], for the base mesh in the shape `base`, [B,3]."""
    out = np.empty_like(offset)
    for i in range(len(index)):
        for axis in range(3):
            value = offset[i, axis]
            for k in range(3):
                value += weight[i, k] * base[index[i, k], axis]
            out[i, axis] = value
    return out


@compiled
def vertex_normals(points: F32, faces: I32) -> F32:
    """Return unit normals of vertices, [V,3]: the mean over the faces around each, weighted by their area."""
    normals = np.zeros_like(points)
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        for i in (a, b, c):
            normals[i, 0] += uy * vz - uz * vy
            normals[i, 1] += uz * vx - ux * vz
            normals[i, 2] += ux * vy - uy * vx
    for i in range(len(normals)):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + np.float32(1e-12)
        normals[i] /= length
    return normals


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Split a text file into numbered lists of words, without comments and empty lines."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}). Is the assets folder complete?") from error
    rows = ((number, line.split("#", 1)[0].split()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, words) for number, words in rows if words]


def _malformed(path: Path, number: int, wanted: str) -> ConfigError:
    return ConfigError(f"{path}, line {number}: expected {wanted}. Unpack the assets again.")
