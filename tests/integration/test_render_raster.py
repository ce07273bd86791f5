"""The z-buffer on hand-made triangles: what is covered, what hides what, and how it is lit."""

from __future__ import annotations

import numpy as np

from realtime_micacl.types import F32, U8
from realtime_micacl_render.raster import EYE, HAIR, MATERIALS, MOUTH, SKIN, Lamp, Surface, shade, visibility

TRIANGLE = np.array([[2, 2, 0], [2, 18, 0], [18, 18, 0]], np.float32)
"""Right-angled, px; counter-clockwise with y up, so seen from outside."""
NO_FOLDS = np.zeros(4, np.float32)


def surface(
    count: int = 1, kind: int = SKIN, trim: float = 1.0, rgba: tuple[int, int, int, int] = (200, 100, 50, 255)
) -> Surface:
    atlas = np.empty((8, 8, 4), np.uint8)
    atlas[:] = rgba
    return Surface(
        faces=np.arange(3 * count, dtype=np.int32).reshape(count, 3),
        uv=np.full((count, 3, 2), 2, np.float32),
        kind=np.full(count, kind, np.uint8),
        trim=np.full(3 * count, trim, np.float32),
        openness=np.ones(3 * count, np.float32),
        atlas=atlas,
        folds=np.full((4, 4, 4), 255, np.uint8),
    )


def lit(seen: Surface, normal: tuple[float, float, float], *, folds: F32 = NO_FOLDS, open_sky: float = 1.0) -> U8:
    """Shade the triangle with a white lamp in front of it and return its middle, RGBA."""
    _, owner, weights = visibility(TRIANGLE, seen, 20, 20)
    white, grey, red = (np.array(rgb, np.float32) for rgb in ((0.8, 0.8, 0.8), (0.2, 0.2, 0.2), (1, 0, 0)))
    lamp = Lamp(np.array([0, 0, 1], np.float32), white, grey, grey, red)
    normals = np.tile(np.array(normal, np.float32), (3, 1))
    crevices = np.full(owner.shape, open_sky, np.float32)
    picture: U8 = shade(owner, weights, seen, normals, folds, crevices, lamp, MATERIALS)
    assert not picture[2, 17].any(), "beside the triangle all is transparent"
    return picture[14, 6]


def test_a_triangle_covers_its_area_and_no_more() -> None:
    depth, owner, weights = visibility(TRIANGLE, surface(), 20, 20)
    rows, columns = np.mgrid[:20, :20] + 0.5
    inside = (columns > 2) & (rows < 18) & (rows > columns)
    np.testing.assert_array_equal(owner[inside], 0)
    beyond = (columns < 2) | (rows > 18) | (rows < columns)
    np.testing.assert_array_equal(owner[beyond], -1)
    assert np.isneginf(depth[beyond]).all()
    second = weights[inside]
    at = TRIANGLE[0, :2] + second @ (TRIANGLE[1:, :2] - TRIANGLE[0, :2])
    np.testing.assert_allclose(at, np.stack([columns[inside], rows[inside]], axis=1), atol=1e-4)


def test_the_back_of_closed_surfaces_is_not_seen_but_that_of_hair_is() -> None:
    back = TRIANGLE[[0, 2, 1]].copy()
    assert (visibility(back, surface(), 20, 20)[1] == -1).all()
    assert (visibility(back, surface(kind=HAIR), 20, 20)[1] == 0).any()


def test_the_nearer_triangle_hides_the_farther_in_any_order() -> None:
    near, far = TRIANGLE + np.float32([0, 0, 2]), TRIANGLE
    for points, expected in ((np.concatenate([far, near]), 1), (np.concatenate([near, far]), 0)):
        depth, owner, _ = visibility(points, surface(2), 20, 20)
        assert set(owner.ravel()) == {-1, expected}
        assert depth[14, 6] == 2


def test_what_crosses_is_hidden_pixel_by_pixel() -> None:
    tilted = TRIANGLE.copy()
    tilted[:, 2] = [-1, -1, 1]
    _, owner, _ = visibility(np.concatenate([TRIANGLE, tilted]), surface(2), 20, 20)
    assert owner[16, 3] == 0
    assert owner[16, 15] == 1


def test_a_triangle_outside_the_picture_or_without_area_is_harmless() -> None:
    for points in (TRIANGLE + np.float32([100, 0, 0]), TRIANGLE - np.float32([100, 100, 0]), TRIANGLE * 0):
        assert (visibility(points.astype(np.float32), surface(), 20, 20)[1] == -1).all()
    assert (visibility(TRIANGLE * 50 - np.float32(300), surface(), 20, 20)[1] == 0).any()


def test_hair_frays_where_trim_and_alpha_stay_below_one() -> None:
    thick, thin = surface(kind=HAIR, trim=0.5, rgba=(9, 9, 9, 200)), surface(kind=HAIR, trim=0.5, rgba=(9, 9, 9, 90))
    assert (visibility(TRIANGLE, thick, 20, 20)[1] == 0).any()
    assert (visibility(TRIANGLE, thin, 20, 20)[1] == -1).all()
    assert (visibility(TRIANGLE, thin._replace(kind=np.array([SKIN], np.uint8)), 20, 20)[1] == 0).any()


def test_light_from_the_front_is_brighter_than_from_the_side() -> None:
    front, side = lit(surface(), (0, 0, 1)), lit(surface(), (1, 0, 0.05))
    assert front[3] == side[3] == 255
    assert (front[:3].astype(int) > side[:3].astype(int) + 20).all()
    assert front[0] > front[1] > front[2], "the colour of the atlas"


def test_skin_below_the_neckline_is_shirt() -> None:
    red, _, blue, _ = lit(surface(trim=-1.0), (0, 0, 1))
    assert red > 150
    assert blue == 0


def test_wrinkles_darken_skin_only() -> None:
    deep = np.full(4, 0.1, np.float32)
    assert (lit(surface(), (0, 0, 1), folds=deep)[:3] < lit(surface(), (0, 0, 1))[:3]).all()
    mouth = surface(kind=MOUTH)
    np.testing.assert_array_equal(lit(mouth, (0, 0, 1), folds=deep), lit(mouth, (0, 0, 1)))


def test_crevices_are_dark() -> None:
    assert (lit(surface(), (0, 0, 1), open_sky=0.3)[:3] < lit(surface(), (0, 0, 1))[:3]).all()


def test_eyes_shine() -> None:
    dark = (20, 20, 20, 255)
    assert lit(surface(kind=EYE, rgba=dark), (0, 0, 1))[0] > lit(surface(kind=EYE, rgba=dark), (0.6, 0, 0.8))[0] + 100
