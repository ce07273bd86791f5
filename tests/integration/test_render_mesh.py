"""Wavefront files, targets and proxies: what is read, what is refused, and how shapes follow the base mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl_render.mesh import attach, read_binding, read_mesh, read_target, vertex_normals

OBJ = """# two squares
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
v 0 0 1
vt 0 0
vt 1 0
vt 1 1
vt 0 1
g front
f 1/1 2/2 3/3 4/4
g side
f 1 4 5
"""
BASE = np.array([[0, 0, 0], [2, 0, 0], [0, 4, 0], [0, 0, 1]], np.float32)


def test_a_polygon_becomes_triangles_with_their_texture(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text(OBJ)
    mesh = read_mesh(tmp_path / "a.obj")
    assert mesh.vertices.shape == (5, 3)
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 3, 4]]
    assert mesh.uv[1].tolist() == [[0, 0], [1, 1], [0, 1]]
    assert mesh.uv[2].tolist() == [[0, 0]] * 3


def test_one_group_can_be_read_alone_with_all_vertices(tmp_path: Path) -> None:
    (tmp_path / "a.obj").write_text(OBJ)
    mesh = read_mesh(tmp_path / "a.obj", group="side")
    assert mesh.faces.tolist() == [[0, 3, 4]]
    assert len(mesh.vertices) == 5


@pytest.mark.parametrize(
    "text", ["v 0 0 zero\n", "v 0 0 0\nf 1 2 3\n", "v 0 0 0\n", "f a b c\n", "g\n", "v 0 0 0\nf -1 1 1\n"]
)
def test_a_broken_mesh_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.obj").write_text(text)
    with pytest.raises(ConfigError, match=r"a\.obj"):
        read_mesh(tmp_path / "a.obj")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.obj cannot be read"):
        read_mesh(tmp_path / "gone.obj")


def test_a_target_moves_its_vertices(tmp_path: Path) -> None:
    (tmp_path / "a.target").write_text("# nose up\n2 0 .5 0\n0 -1 0 0 # left\n\n")
    target = read_target(tmp_path / "a.target")
    assert target.index.tolist() == [2, 0]
    assert target.delta.tolist() == [[0, 0.5, 0], [-1, 0, 0]]


def test_an_empty_target_moves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.target").write_text("# nothing\n")
    assert read_target(tmp_path / "a.target").delta.shape == (0, 3)


@pytest.mark.parametrize("text", ["1 0 0\n", "1 0 0 0 0\n", "one 0 0 0\n", "0.5 0 0 0\n"])
def test_a_broken_target_names_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.target").write_text("0 0 0 0\n" + text)
    with pytest.raises(ConfigError, match="line 2"):
        read_target(tmp_path / "a.target")


def test_a_proxy_follows_the_base_mesh(tmp_path: Path) -> None:
    text = "name hat\nx_scale 0 1 1.0\ny_scale 0 2 2.0\nz_scale 0 3 1.0\nverts 0\nmaterial hat.mhmat\n"
    (tmp_path / "a.mhclo").write_text(text + "2\n0 1 2 .5 .5 0 .25 .5 0\ndelete_verts\n7 - 9\n")
    binding = read_binding(tmp_path / "a.mhclo", BASE)
    at = attach(binding.index, binding.weight, binding.offset, BASE)
    np.testing.assert_allclose(at, [[0, 4, 0], [1.5, 1, 0]])  # offsets grow with the base: 2 / 1 in x, 4 / 2 in y
    moved = attach(binding.index, binding.weight, binding.offset, BASE + np.float32(1))
    np.testing.assert_allclose(moved, at + 1)


@pytest.mark.parametrize(
    "text", ["verts 0\n9\n", "verts 0\n-1\n", "verts 0\n0 1 2 1 0\n", "x_scale 0 1 0\nverts 0\n0\n", "name hat\n"]
)
def test_a_broken_proxy_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.mhclo").write_text(text)
    with pytest.raises(ConfigError, match=r"a\.mhclo"):
        read_binding(tmp_path / "a.mhclo", BASE)


def test_normals_look_out_of_the_counter_clockwise_side() -> None:
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]], np.float32)
    normals = vertex_normals(points, np.array([[0, 1, 2]], np.int32))
    np.testing.assert_allclose(normals[:3], [[0, 0, 1]] * 3, atol=1e-6)
    assert normals[3].tolist() == [0, 0, 0]
