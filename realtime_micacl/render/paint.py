"""Paint the texture atlas of a person: skin with lips, brows and beard in Lambert's chart, eyes, hair, plain colours.

Places on the face are x and y of the base head in dm: eyes at (0.31, 7.29), nose tip (0, 6.85), mouth (0, 6.6), chin
(0, 6.2), hairline (0, 8.0).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from realtime_micacl.render.assets import SKIN_PX, Assets
from realtime_micacl.render.person import Person
from realtime_micacl.types import F32, U8

ATLAS_PX = (1448, SKIN_PX)
"""Height and width: the skin, below it the eyes, the hair and plain colours."""
EYE_TILE = (0, 1024, 384, 384)
HAIR_TILE = (384, 1024, 640, 384)
"""Left, top, width, height in texels."""
HAIR_TURN_PX = 424
"""Texels once around the head; the tile goes on beyond, so that no triangle has to wrap."""
PLAIN = {"tooth": (20, 1428), "gum": (60, 1428), "mouth": (100, 1428), "lash": (140, 1428)}
"""Centres of the plain colours."""


def paint(person: Person, assets: Assets, scalp: F32) -> U8:
    """Return the atlas, RGBA; its alpha tells how easily hair thins out. scalp [1024,1024] is where hair grows."""
    rng = np.random.default_rng([person.seed, 2])
    atlas = np.zeros((*ATLAS_PX, 4), np.uint8)
    atlas[..., 3] = 255
    atlas[:SKIN_PX, :, :3] = _skin(person, assets, scalp, rng)
    _put(atlas, EYE_TILE, _eyes(person, assets))
    _put(atlas, HAIR_TILE, _hair(person, rng))
    ivory = np.array([236, 228, 208]) * rng.uniform(0.88, 1.0) * [1, 1, 1 - 0.15 * person.age]
    plain = {"tooth": ivory, "gum": (176, 98, 96), "mouth": (118, 52, 50), "lash": (26, 20, 18)}
    for name, (x, y) in PLAIN.items():
        atlas[y - 20 : y + 20, x - 20 : x + 20, :3] = plain[name]
    atlas[..., 3][1408:] = 120
    return atlas


def paint_folds(assets: Assets) -> U8:
    """Return where skin wrinkles: forehead, frown, nose, smile lines, [512,512,4]."""
    left = np.array([-1, 1], np.float32)
    one_side: tuple[list[list[tuple[float, float]]], ...] = (
        [[(0, y - 0.01), (0.18, y + 0.02), (0.3, y), (0.44, y), (0.52, y - 0.05)] for y in (7.68, 7.77, 7.87)],
        [[(0.06, 7.36), (0.075, 7.45), (0.065, 7.56)]],
        [[(0, 7.3), (0.07, 7.31)], [(0, 7.24), (0.09, 7.26)], [(0.16, 6.95), (0.25, 6.84), (0.31, 6.72)]],
        [
            [(0.18, 6.92), (0.28, 6.8), (0.34, 6.66)],
            *[[(0.5, 7.28 + dy), (0.6, 7.29 + 2.4 * dy)] for dy in (-0.03, 0, 0.03)],
            [(0.2, 7.16), (0.32, 7.12), (0.43, 7.16)],
        ],
    )
    folds = np.zeros((SKIN_PX // 2, SKIN_PX // 2, 4), np.float32)
    for channel, lines in enumerate(one_side):
        picture = np.zeros((SKIN_PX, SKIN_PX), np.uint8)
        for line in lines:
            for mirrored in (np.array(line), np.array(line) * left):
                steps = np.linspace(0, len(line) - 1, 24)
                smooth = np.stack([np.interp(steps, range(len(line)), mirrored[:, k]) for k in range(2)], axis=1)
                cv2.polylines(picture, _fixed(assets.front(smooth)), False, 255, 5, cv2.LINE_AA, 4)
        blurred = cv2.GaussianBlur(picture, (0, 0), 3.5).astype(np.float32)
        folds[..., channel] = cv2.resize(blurred, (SKIN_PX // 2, SKIN_PX // 2), interpolation=cv2.INTER_AREA)
    return (folds / folds.max(axis=(0, 1)) * 255).astype(np.uint8)


def noise(rng: np.random.Generator, side: int, cells: int) -> F32:
    """Smooth noise with a standard deviation of one, [side,side]."""
    grid = rng.normal(0, 1, (cells + 1, cells + 1)).astype(np.float32)
    picture: F32 = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return picture / picture.std()


def _skin(person: Person, assets: Assets, scalp: F32, rng: np.random.Generator) -> U8:
    picture = np.tile(person.skin, (SKIN_PX, SKIN_PX, 1))
    fair = float(np.clip((person.skin.mean() - 70) / 110, 0, 1))
    picture *= 1 + 0.02 * noise(rng, SKIN_PX, 40)[..., None] + 0.018 * noise(rng, SKIN_PX, 380)[..., None]
    warm = np.array([0.25, -0.9, -0.7], np.float32) * 0.08 * (0.4 + 0.6 * fair)
    for (x, y), size, strength in (((0.45, 6.95), 85, 0.9), ((0, 6.86), 60, 0.9), ((0.74, 7.05), 70, 0.8)):
        for side in {x, -x}:
            picture *= 1 + strength * rng.uniform(0.6, 1.3) * _spot(assets, side, y, size)[..., None] * warm
    for x, y, size, strength in ((0.31, 7.34, 45, 0.10), (0.27, 7.17, 30, 0.06 + 0.1 * person.age)):
        for side in (x, -x):
            picture *= 1 - strength * _spot(assets, side, y, size)[..., None] * np.array([0.8, 1, 0.9])
    _freckles(picture, person, assets, rng, fair)
    lips = cv2.morphologyEx(assets.splat(assets.lips), cv2.MORPH_CLOSE, np.ones((25, 5), np.uint8))[..., None]
    lip_rgb = person.skin * np.array([0.86, 0.62, 0.62]) * rng.uniform(0.88, 1.05)
    lipstick = np.array([150, 42, 54]) * rng.uniform(0.7, 1.2, 3)
    lip_rgb += (lipstick - lip_rgb) * 0.7 * person.makeup
    picture += (lip_rgb * (1 + 0.05 * noise(rng, SKIN_PX, 200)[..., None]) - picture) * lips * 0.85
    if person.beard:
        picture = _beard(picture, person, assets, rng, lips[..., 0])
    if person.makeup > 0.3:
        for side in (0.31, -0.31):
            picture *= 1 - 0.3 * person.makeup * _spot(assets, side, 7.36, 30)[..., None] * np.array([0.9, 1, 0.8])
    roots = np.clip(scalp + 0.22 * noise(rng, SKIN_PX, 420) * (scalp > 0.02), 0, 1)[..., None]
    picture += (person.hair_rgb * 0.8 + person.skin * 0.08 - picture) * roots
    brows = np.maximum(_brow(person, assets, rng, 1), _brow(person, assets, rng, -1))[..., None]
    picture += (person.hair_rgb * 0.55 + person.skin * 0.05 - picture) * brows
    return np.clip(picture, 0, 255).astype(np.uint8)


def _freckles(picture: F32, person: Person, assets: Assets, rng: np.random.Generator, fair: float) -> None:
    many = int(rng.choice([2, 6, 60], p=[0.5, 0.35, 0.15]) + 12 * person.age)
    where = assets.front(np.stack([rng.uniform(-0.6, 0.6, many), rng.uniform(6.4, 7.9, many)], axis=1))
    for point in where:
        dot = np.zeros((SKIN_PX, SKIN_PX), np.uint8) if many < 4 else None
        size = float(rng.uniform(1.2, 2.8))
        x, y = (int(value) for value in point)
        patch = picture[max(0, y - 6) : y + 7, max(0, x - 6) : x + 7]
        rows, columns = np.mgrid[: patch.shape[0], : patch.shape[1]] - 6
        del dot
        patch *= 1 - 0.22 * fair * np.exp(-(rows**2 + columns**2) / (2 * size**2))[..., None]


def _beard(picture: F32, person: Person, assets: Assets, rng: np.random.Generator, lips: F32) -> F32:
    outline = [(0, 6.3), (0.3, 6.34), (0.5, 6.55), (0.62, 6.85), (0.68, 7.15), (0.62, 7.15), (0.52, 6.85)]
    outline += [(0.42, 6.68), (0.33, 6.72), (0.2, 6.79), (0, 6.78)]
    right = np.array(outline)
    ring = np.concatenate([right, right[::-1] * [-1, 1]])
    mask = np.zeros((SKIN_PX, SKIN_PX), np.uint8)
    cv2.fillPoly(mask, _fixed(assets.front(ring)), 255, cv2.LINE_AA, 4)
    below = _spot(assets, 0, 6.22, 110)
    area = cv2.GaussianBlur(mask, (0, 0), 10).astype(np.float32) / 255
    area = np.clip(np.maximum(area, below * 0.7) - lips, 0, 1)
    hairs = np.clip(0.5 + 0.35 * noise(rng, SKIN_PX, 460) + 0.2 * noise(rng, SKIN_PX, 60), 0, 1)
    cover = area * (0.16 * person.beard + 0.74 * person.beard**1.5 * hairs)
    colour = person.hair_rgb * 0.7 + person.skin * 0.12
    mixed: F32 = (picture + (colour - picture) * cover[..., None]).astype(np.float32)
    return mixed


def _brow(person: Person, assets: Assets, rng: np.random.Generator, side: int) -> F32:
    """Draw single hairs along a curve from the nose to the temple."""
    brows = person.brows
    count = int(420 * brows.density * (0.6 + 12 * brows.thickness))
    along, across = rng.random(count), rng.normal(0, 0.42, count).clip(-1, 1)
    taper = np.interp(along, [0, 0.1, 0.6, 1], [0.75, 1, 0.75, 0.18])
    x = 0.11 + 0.48 * along
    y = 7.475 + brows.height + brows.arch * np.sin(np.pi * along**1.3) - 0.025 * along**3 + brows.tilt * along
    y = y + across * brows.thickness * taper
    angle = np.interp(along, [0, 0.25, 1], [1.25, 0.5, -0.45]) + rng.normal(0, 0.18, count) - 0.25 * across
    length = 0.05 + 0.02 * rng.random(count)
    start = np.stack([x, y], axis=1)
    end = start + length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    picture = np.zeros((SKIN_PX, SKIN_PX), np.uint8)
    strokes = assets.front(np.stack([start, end], axis=1) * [side, 1])
    for stroke, shade in zip(strokes, rng.uniform(120, 235, count), strict=True):
        layer = _fixed(stroke)
        cv2.polylines(picture, layer, False, int(shade), 1, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(picture, (0, 0), 4.0).astype(np.float32)
    return np.clip(np.maximum(picture, soft) / 255 * (0.75 + 0.2 * brows.density), 0, 1)


def _eyes(person: Person, assets: Assets) -> U8:
    picture = cv2.imread(str(assets.folder / "makehuman/data/eyes/materials/brown_eye.png"))
    eyes: F32 = cv2.resize(picture, EYE_TILE[2:], interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32)
    rows, columns = np.mgrid[: EYE_TILE[3], : EYE_TILE[2]] / EYE_TILE[2]
    eyes = eyes * 1.12 + 12
    for x, y in ((0.7051, 0.297), (0.290, 0.7095)):
        radius = np.hypot(columns - x, rows - y) / 0.1145
        fibre = 0.55 + eyes.mean(axis=2) / 60 * np.clip(1.4 - radius, 0.3, 1)
        iris = person.iris_rgb * fibre[..., None].clip(0.4, 1.5)
        iris *= np.interp(radius, [0, 0.34, 0.37, 0.8, 1.0], [0.03, 0.03, 1.0, 1.0, 0.3])[..., None]
        eyes += (iris - eyes) * np.clip((1.04 - radius) * 18, 0, 1)[..., None]
    return np.clip(eyes, 0, 255).astype(np.uint8)


def _hair(person: Person, rng: np.random.Generator) -> U8:
    """Strands run down the tile; curls are the same in all directions."""
    width, height = HAIR_TILE[2:]
    curly = person.hair == "afro01"

    def layer(columns: int, rows: int) -> F32:
        grid = rng.normal(0, 1, (rows, columns)).astype(np.float32)
        turn = cv2.resize(
            np.concatenate([grid, grid], axis=1), (2 * HAIR_TURN_PX, height), interpolation=cv2.INTER_CUBIC
        )
        return turn[:, :width]

    pattern = layer(210, 60) + layer(90, 25) if curly else layer(424, 7) + 0.8 * layer(160, 5) + 0.7 * layer(40, 4)
    ragged = layer(130, 36) if curly else layer(300, 4) + layer(50, 3)
    tile = np.empty((height, width, 4), np.uint8)
    tile[..., :3] = np.clip(person.hair_rgb * (1 + 0.13 * pattern[..., None]), 0, 255)
    tile[..., 3] = np.clip(128 + 70 * ragged, 0, 255)
    return tile


def _spot(assets: Assets, x: float, y: float, size: float) -> F32:
    """Return a soft round spot, 1 in its middle, [1024,1024]; size is its standard deviation in texels."""
    column, row = assets.front((x, y))
    axis = np.arange(SKIN_PX, dtype=np.float32)
    across, down = np.exp(-((axis - column) ** 2) / (2 * size**2)), np.exp(-((axis - row) ** 2) / (2 * size**2))
    return np.outer(down, across).astype(np.float32)


def _put(atlas: U8, tile: tuple[int, int, int, int], picture: U8) -> None:
    left, top, width, height = tile
    atlas[top : top + height, left : left + width, : picture.shape[2]] = picture


def _fixed(points: F32) -> list[npt.NDArray[np.int32]]:
    """OpenCV's fixed point with four binary digits."""
    return [np.round(points * 16).astype(np.int32)]
