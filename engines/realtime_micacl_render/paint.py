"""Paints the texture atlas of a person: skin with lips, brows and beard in the chart, eyes, hair, plain colours.

Places on the face are x and y of the base head in dm: eyes at (0.31, 7.29), nose tip (0, 6.85), mouth (0, 6.6), chin
(0, 6.2), hairline (0, 8.0).
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import ConfigError
from realtime_micacl.types import F32, U8
from realtime_micacl_render.assets import IRIS, SKIN_PX, Assets, fixed_point
from realtime_micacl_render.person import Person

Tile = tuple[int, int, int, int]
ATLAS_PX = (1448, SKIN_PX)
"""Height and width; it has the skin, below it eyes and hair, then plain colours."""
EYE_TILE: Tile = (0, 1024, 384, 384)
HAIR_TILE: Tile = (384, 1024, 640, 384)
"""Left, top, width, height in texels."""
HAIR_TURN_PX = 424
"""Texels once around the head; the tile goes on beyond, so that no triangle has to wrap."""
PLAIN = {"tooth": (20, 1428), "gum": (60, 1428), "mouth": (100, 1428), "lash": (140, 1428)}
"""Centres of the squares in a plain colour, x and y in texels."""
LASH_ALPHA = 120
Line = list[tuple[float, float]]
FOLDS: tuple[list[Line], ...] = (  # of the left half of the face
    [[(0, y - 0.01), (0.18, y + 0.02), (0.3, y), (0.44, y), (0.52, y - 0.05)] for y in (7.68, 7.77, 7.87)],
    [[(0.06, 7.36), (0.075, 7.45), (0.065, 7.56)]],
    [[(0, 7.3), (0.07, 7.31)], [(0, 7.24), (0.09, 7.26)], [(0.16, 6.95), (0.25, 6.84), (0.31, 6.72)]],
    [
        [(0.18, 6.92), (0.28, 6.8), (0.34, 6.66)],
        *[[(0.5, 7.28 + dy), (0.6, 7.29 + 2.4 * dy)] for dy in (-0.03, 0, 0.03)],
        [(0.2, 7.16), (0.32, 7.12), (0.43, 7.16)],
    ],
)
"""Wrinkles of forehead, frown, nose and smile."""
BEARD: Line = [(0, 6.3), (0.3, 6.34), (0.5, 6.55), (0.62, 6.85), (0.68, 7.15), (0.62, 7.15), (0.52, 6.85)]
BEARD += [(0.42, 6.68), (0.33, 6.72), (0.2, 6.79), (0, 6.78)]
BLUSH = (((0.45, 6.95), 85, 0.9), ((0, 6.86), 60, 0.9), ((0.74, 7.05), 70, 0.8))
"""Reddish spots of the skin: place, size in texels, strength."""


def paint(person: Person, assets: Assets, scalp: F32) -> U8:
    """Return the atlas, RGBA, [1448,1024,4]; alpha is how well hair covers. `scalp` [1024,1024] is where hair grows."""
    rng = np.random.default_rng([person.seed, 2])
    atlas = np.full((*ATLAS_PX, 4), 255, np.uint8)
    atlas[:SKIN_PX, :, :3] = _skin(person, assets, scalp, rng)
    _put(atlas, EYE_TILE, _eyes(person, assets))
    _put(atlas, HAIR_TILE, _hair(person, rng))
    ivory = np.array([236, 228, 208]) * rng.uniform(0.88, 1.0) * [1, 1, 1 - 0.08 * person.age]
    plain: dict[str, npt.ArrayLike] = {
        "tooth": ivory,
        "gum": (176, 98, 96),
        "mouth": (118, 52, 50),
        "lash": (26, 20, 18),
    }
    for name, (x, y) in PLAIN.items():
        atlas[y - 20 : y + 20, x - 20 : x + 20, :3] = plain[name]
        atlas[y - 20 : y + 20, x - 20 : x + 20, 3] = LASH_ALPHA
    return atlas


@cache
def paint_folds(assets: Assets) -> U8:
    """Return the four kinds of wrinkles in FOLDS as pictures, [512,512,4]."""
    folds = np.zeros((SKIN_PX // 2, SKIN_PX // 2, len(FOLDS)), np.float32)
    for channel, lines in enumerate(FOLDS):
        picture = np.zeros((SKIN_PX, SKIN_PX), np.uint8)
        for line in lines:
            steps = np.linspace(0, len(line) - 1, 24)
            x, y = (np.interp(steps, range(len(line)), [point[axis] for point in line]) for axis in (0, 1))
            for side in (1, -1):
                points = fixed_point(assets.front(np.stack([side * x, y], axis=1)))
                cv2.polylines(picture, [points], False, [255], 5, cv2.LINE_AA, 4)
        folds[..., channel] = cv2.resize(cv2.GaussianBlur(picture, (0, 0), 3.5), folds.shape[:2])
    return np.asarray(folds / folds.max(axis=(0, 1)) * 255, np.uint8)


def _noise(rng: np.random.Generator, cells: int) -> F32:
    """Return smooth noise with a standard deviation of one over the skin, [1024,1024]."""
    grid = rng.normal(0, 1, (cells + 1, cells + 1)).astype(np.float32)
    picture = np.asarray(cv2.resize(grid, (SKIN_PX, SKIN_PX), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray(picture / picture.std(), np.float32)


def _spot(assets: Assets, x: float, y: float, size: float) -> F32:
    """Return a soft round spot, 1 in its middle, [1024,1024,1]; size is its standard deviation in texels."""
    axis = np.arange(SKIN_PX, dtype=np.float32)
    across, down = (np.exp(-((axis - middle) ** 2) / (2 * size**2)) for middle in assets.front((x, y)))
    return np.outer(down, across)[..., None].astype(np.float32)


def _skin(person: Person, assets: Assets, scalp: F32, rng: np.random.Generator) -> U8:
    picture = np.tile(person.skin, (SKIN_PX, SKIN_PX, 1))
    fair = float(np.clip((person.skin.mean() - 70) / 110, 0, 1))
    picture *= 1 + 0.02 * _noise(rng, 40)[..., None] + 0.018 * _noise(rng, 380)[..., None]
    warm = np.array([0.25, -0.9, -0.7], np.float32) * 0.08 * (0.4 + 0.6 * fair)
    for (x, y), size, strength in BLUSH:
        for side in {x, -x}:
            picture *= 1 + strength * rng.uniform(0.6, 1.3) * _spot(assets, side, y, size) * warm
    dark = np.array([0.8, 1, 0.9], np.float32)
    for side in (1, -1):
        picture *= 1 - 0.1 * _spot(assets, 0.31 * side, 7.34, 45) * dark
        picture *= 1 - (0.06 + 0.1 * person.age) * _spot(assets, 0.27 * side, 7.17, 30) * dark
        picture *= 1 - max(0, 0.3 * person.makeup - 0.09) * _spot(assets, 0.31 * side, 7.36, 30) * dark
    _freckle(picture, person, assets, rng, fair)
    lips = np.asarray(
        cv2.morphologyEx(assets.splat(assets.lips), cv2.MORPH_CLOSE, np.ones((25, 5), np.uint8)), np.float32
    )
    natural = person.skin * np.array([0.86, 0.62, 0.62]) * rng.uniform(0.88, 1.05)
    lipstick = np.array([150, 42, 54]) * rng.uniform(0.7, 1.2, 3)
    lip_rgb = natural + (lipstick - natural) * 0.7 * person.makeup
    _cover(picture, lip_rgb, 0.85 * lips)
    picture *= 1 + (0.05 * _noise(rng, 200) * lips)[..., None]
    if person.beard:
        _cover(picture, person.hair_rgb * 0.7 + person.skin * 0.12, _beard(person, assets, rng) * (1 - lips))
    roots = np.clip(scalp + 0.22 * _noise(rng, 420) * (scalp > 0.02), 0, 1)
    _cover(picture, person.hair_rgb * 0.8 + person.skin * 0.08, roots)
    brows = np.maximum(_brow(person, assets, rng, 1), _brow(person, assets, rng, -1))
    _cover(picture, person.hair_rgb * 0.5 + person.skin * 0.05, brows)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _cover(picture: F32, rgb: npt.ArrayLike, share: F32) -> None:
    """Blend a colour over the picture [H,W,3], by `share` [H,W], 0 to 1."""
    picture += (np.asarray(rgb, np.float32) - picture) * share[..., None]


def _freckle(picture: F32, person: Person, assets: Assets, rng: np.random.Generator, fair: float) -> None:
    count = int(rng.choice([2, 6, 60], p=[0.5, 0.35, 0.15]) + 12 * person.age)
    rows, columns = np.mgrid[-6:7, -6:7]
    places = assets.front(np.stack([rng.uniform(-0.6, 0.6, count), rng.uniform(6.4, 7.9, count)], axis=1))
    for x, y in places.astype(int):
        dot = np.exp(-(rows**2 + columns**2) / (2 * rng.uniform(1.2, 2.8) ** 2))
        picture[y - 6 : y + 7, x - 6 : x + 7] *= 1 - 0.22 * fair * dot[..., None]


def _beard(person: Person, assets: Assets, rng: np.random.Generator) -> F32:
    """Return the density of the beard, [1024,1024]: a shadow and single hairs."""
    ring = np.concatenate([np.array(BEARD), np.array(BEARD)[::-1] * [-1, 1]])
    mask = np.zeros((SKIN_PX, SKIN_PX), np.uint8)
    cv2.fillPoly(mask, [fixed_point(assets.front(ring))], [255], cv2.LINE_AA, 4)
    area = np.maximum(cv2.GaussianBlur(mask, (0, 0), 10) / 255, 0.7 * _spot(assets, 0, 6.22, 110)[..., 0])
    hairs = np.clip(0.5 + 0.35 * _noise(rng, 460) + 0.2 * _noise(rng, 60), 0, 1)
    return np.asarray(area * (0.16 * person.beard + 0.74 * person.beard**1.5 * hairs), np.float32)


def _brow(person: Person, assets: Assets, rng: np.random.Generator, side: int) -> F32:
    """Return the density of one eyebrow, [1024,1024]: hairs along a curve from the nose to the temple."""
    brows = person.brows
    count = int(420 * brows.density * (0.6 + 12 * brows.thickness))
    along, across = rng.random(count), rng.normal(0, 0.42, count).clip(-1, 1)
    taper = np.interp(along, [0, 0.1, 0.6, 1], [0.75, 1, 0.75, 0.18])
    x = 0.11 + 0.48 * along
    y = 7.475 + brows.height + brows.arch * np.sin(np.pi * along**1.3) - 0.025 * along**3 + brows.tilt * along
    root = np.stack([x, y + across * brows.thickness * taper], axis=1)
    angle = np.interp(along, [0, 0.25, 1], [1.25, 0.5, -0.45]) + rng.normal(0, 0.18, count) - 0.25 * across
    length = 0.05 + 0.02 * rng.random(count)
    tip = root + length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    picture = np.zeros((SKIN_PX, SKIN_PX), np.uint8)
    strokes = fixed_point(assets.front(np.stack([root, tip], axis=1) * [side, 1]))
    for stroke, level in zip(strokes, rng.uniform(120, 235, count), strict=True):
        cv2.polylines(picture, [stroke], False, [float(level)], 1, cv2.LINE_AA, 4)
    thick = np.maximum(picture, cv2.GaussianBlur(picture, (0, 0), 4.0)) / 255 * (0.75 + 0.2 * brows.density)
    return np.clip(thick, 0, 1).astype(np.float32)


def _eyes(person: Person, assets: Assets) -> U8:
    """Return the eyes of the assets with an iris of this person's colour."""
    picture = cv2.imread(str(assets.folder / IRIS))
    if picture is None:
        raise ConfigError(f"{assets.folder / IRIS} is not a picture. Unpack the assets again.")
    eyes = np.asarray(
        cv2.resize(picture, EYE_TILE[2:], interpolation=cv2.INTER_AREA)[..., ::-1] * 1.12 + 12, np.float32
    )
    rows, columns = np.mgrid[: EYE_TILE[3], : EYE_TILE[2]] / EYE_TILE[2]
    for x, y in ((0.7051, 0.297), (0.290, 0.7095)):
        radius = np.hypot(columns - x, rows - y) / 0.1145
        fibres = np.clip(0.55 + eyes.mean(axis=2) / 60 * np.clip(1.4 - radius, 0.3, 1), 0.4, 1.5)
        pupil = np.interp(radius, [0, 0.34, 0.37, 0.8, 1.0], [0.03, 0.03, 1.0, 1.0, 0.3])
        _cover(eyes, person.iris_rgb * (fibres * pupil)[..., None], np.clip((1.04 - radius) * 18, 0, 1))
    return np.clip(eyes, 0, 255).astype(np.uint8)


def _hair(person: Person, rng: np.random.Generator) -> U8:
    """Return strands that run down the tile, or curls; alpha tells which of them are long."""
    width, height = HAIR_TILE[2:]

    def layer(columns: int, rows: int) -> F32:
        grid = np.tile(rng.normal(0, 1, (rows, columns)).astype(np.float32), (1, 2))
        turns = cv2.resize(grid, (2 * HAIR_TURN_PX, height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(turns[:, :width], np.float32)

    if person.hair == "afro01":
        pattern, ragged = layer(210, 60) + layer(90, 25), layer(130, 36)
    else:
        pattern = layer(424, 7) + 0.8 * layer(160, 5) + 0.7 * layer(40, 4)
        ragged = layer(300, 4) + layer(50, 3)
    tile = np.empty((height, width, 4), np.uint8)
    tile[..., :3] = np.clip(person.hair_rgb * (1 + 0.13 * pattern[..., None]), 0, 255)
    tile[..., 3] = np.clip(128 + 70 * ragged, 0, 255)
    return tile


def _put(atlas: U8, tile: Tile, picture: U8) -> None:
    left, top, width, height = tile
    atlas[top : top + height, left : left + width, : picture.shape[2]] = picture
