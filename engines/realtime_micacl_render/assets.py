"""The folder of MakeHuman's CC0 assets, and the texture chart of the head."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import ConfigError
from realtime_micacl.types import F32
from realtime_micacl_render.mesh import Binding, Mesh, read_binding, read_mesh, read_target

Bool = npt.NDArray[np.bool_]
SKIN_PX = 1024
"""Side of the skin's texture chart."""
CENTRE = np.array([0.0, 7.0, 0.25], np.float32)
"""The point inside the base head from which the chart is projected."""
BASE = "makehuman/data/3dobjs/base.obj"
EYES = "makehuman/data/eyes/high-poly/high-poly"
IRIS = "makehuman/data/eyes/materials/brown_eye.png"
TEETH = "base/teeth/teeth_base/teeth_base"
LASHES = "base/eyelashes/eyelashes01/eyelashes01"
TARGETS = "makehuman/data/targets"
DETAILS = ("cheek", "chin", "ears", "forehead", "head", "mouth", "nose", "eyes")
NOT_A_DETAIL = (
    *("r-", "trans-in", "trans-out", "head-age", "head-fat", "head-back", "head-trans", "head-angle"),
    *("pointed", "mouth-angles", "lip-ext", "lip-middle", "lip-height"),
)
"""Parts of names: of right sides, crooked noses, all that looks like an expression, and all that opens the lips."""


class Assets:
    """A folder with `makehuman/data` and the `base` asset pack; files are read when they are first needed."""

    def __init__(self, folder: Path) -> None:
        for needed in (BASE, f"{EYES}.obj", IRIS, f"{TEETH}.obj", f"{LASHES}.obj", TARGETS, "base/hair"):
            if not (folder / needed).exists():
                raise ConfigError(
                    f"No MakeHuman assets in {folder}: {needed} is missing. Unpack them into a folder and name that"
                    " folder; engines/realtime_micacl_render/README.md says where they come from."
                )
        self.folder = folder
        self.target = cache(lambda name: read_target(folder / TARGETS / f"{name}.target"))
        self.mesh = cache(lambda name: read_mesh(folder / f"{name}.obj"))

    def binding(self, name: str, base: F32) -> Binding:
        """Return how the proxy `name` is bound to the base mesh in the shape `base`, [B,3]."""
        return read_binding(self.folder / f"{name}.mhclo", base)

    @cached_property
    def body(self) -> Mesh:
        """The base mesh; its faces are the skin from the crown to the elbows, without MakeHuman's helper geometry."""
        body = read_mesh(self.folder / BASE, "body")
        kept = body.vertices[body.faces][..., 1].min(axis=1) > 2.2
        return Mesh(body.vertices, body.faces[kept], body.uv[kept])

    @cached_property
    def inner_mouth(self) -> Bool:
        """Which faces of the body are the inside of the mouth, [F]; they have their own island in the texture."""
        centre = self.body.uv.mean(axis=1)
        height = self.body.vertices[self.body.faces][..., 1].min(axis=1)
        return np.asarray((height > 5.5) & (centre[:, 0] > 0.72) & (centre[:, 1] < 0.15))

    @cached_property
    def lips(self) -> F32:
        """How much each vertex of the base mesh belongs to the lips, 0 to 1, [V]."""
        lips = np.zeros(len(self.body.vertices), np.float32)
        for name in ("upperlip", "lowerlip"):
            target = self.target(f"mouth/mouth-{name}-volume-incr")
            size = np.linalg.norm(target.delta, axis=1)
            lips[target.index] = np.maximum(lips[target.index], size / size.max())
        return np.asarray(np.clip((lips - 0.2) / 0.25, 0, 1), np.float32)

    @cached_property
    def details(self) -> tuple[str, ...]:
        """Names of the shape targets in which faces differ; of a left and a right one only the left."""
        names = (f"{folder}/{path.stem}" for folder in DETAILS for path in (self.folder / TARGETS / folder).iterdir())
        return tuple(sorted(name for name in names if not any(skipped in name for skipped in NOT_A_DETAIL)))

    @cached_property
    def _front(self) -> F32:
        """Vertices of the face, [M,3]."""
        points = self.body.vertices[np.unique(self.body.faces[~self.inner_mouth])]
        deepest = 0.2 + 0.4 * (points[:, 1] < 6.4)
        return np.asarray(points[(points[:, 2] > deepest) & (np.abs(points[:, 0]) < 0.75)])

    def front(self, xy: npt.ArrayLike) -> F32:
        """Return the places in the chart, [..., 2], of points of the face, given as x and y on the base head in dm."""
        wanted = np.asarray(xy, np.float32)
        distance = ((wanted[..., None, :] - self._front[:, :2]) ** 2).sum(axis=-1) + np.float32(1e-5)
        nearest = np.argpartition(distance, 8, axis=-1)[..., :8]
        weight = 1 / np.take_along_axis(distance, nearest, -1)
        z: F32 = (self._front[nearest, 2] * weight).sum(-1) / weight.sum(-1)
        return chart(np.concatenate([wanted, z[..., None]], axis=-1))

    def splat(self, values: F32) -> F32:
        """Draw values of the base vertices, [V], 0 to 1, into the chart of the skin, [1024,1024]."""
        picture = np.zeros((SKIN_PX, SKIN_PX), np.uint8)
        faces = self.body.faces[(values[self.body.faces].max(axis=1) > 0) & ~self.inner_mouth]
        corners = chart(self.body.vertices[faces])
        whole = np.ptp(corners, axis=1).max(axis=1) < SKIN_PX / 4  # the others lie around the back of the head
        levels = np.rint(values[faces[whole]].mean(axis=1) * 255).tolist()
        for corner, level in zip(fixed_point(corners[whole]), levels, strict=True):
            cv2.fillConvexPoly(picture, corner, [level], lineType=cv2.LINE_AA, shift=4)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.2), np.float32) / np.float32(255)


def chart(points: F32) -> F32:
    """Project points of the base head, [..., 3], to texels of the skin, [..., 2].

    An azimuthal projection from CENTRE, with the face in the middle and the back of the head along the rim. The radius
    grows more slowly at larger angles, so that the face takes half of the chart.
    """
    direction = points - CENTRE
    direction = direction / (np.linalg.norm(direction, axis=-1, keepdims=True) + 1e-9)
    angle = np.arccos(direction[..., 2].clip(-1, 1))
    radius = angle / (angle + 1.1) * (np.pi + 1.1) / np.pi
    length = np.linalg.norm(direction[..., :2], axis=-1) + 1e-9
    plane = direction[..., :2] * (radius / length)[..., None] * np.array([1, -1])
    return np.asarray((0.5 + 0.499 * plane) * (SKIN_PX - 2), np.float32)


def fixed_point(points: F32) -> npt.NDArray[np.int32]:
    """Convert px to OpenCV's fixed-point coordinates with four fractional bits (shift=4)."""
    return np.asarray(np.rint(points * 16), np.int32)
