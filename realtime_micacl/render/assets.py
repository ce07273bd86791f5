"""The CC0 MakeHuman assets as they lie in their folder, and the texture chart of the head."""

from __future__ import annotations

from functools import cache, cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import ConfigError
from realtime_micacl.render.mesh import Mesh, Target, read_mesh, read_target
from realtime_micacl.types import F32

Bool = npt.NDArray[np.bool_]
SKIN_PX = 1024
"""Side of the chart of the skin."""
CENTRE = np.array([0.0, 7.0, 0.25], np.float32)
"""The point inside the base head from which the chart looks out."""
BASE = "makehuman/data/3dobjs/base.obj"
EYES = "makehuman/data/eyes/high-poly/high-poly"
TEETH = "base/teeth/teeth_base/teeth_base"
LASHES = "base/eyelashes/eyelashes01/eyelashes01"
DETAILS = ("cheek", "chin", "ears", "forehead", "head", "mouth", "nose", "eyes")
ANCESTRIES = ("african", "asian", "caucasian")


class Assets:
    """A folder with `makehuman/data` and the `base` asset pack; files are read when they are first needed."""

    def __init__(self, folder: Path) -> None:
        for needed in (BASE, EYES + ".obj", TEETH + ".obj", "makehuman/data/targets/expression/units"):
            if not (folder / needed).exists():
                raise ConfigError(
                    f"No MakeHuman assets in {folder}: looked for {needed}. Unpack makehuman-face-cc0.tar.gz into a"
                    " folder and give that folder (docs/rendering.md says where the assets come from)."
                )
        self.folder = folder
        self.targets = folder / "makehuman/data/targets"
        self.target = cache(lambda name: read_target(self.targets / f"{name}.target"))
        self.mesh = cache(lambda name: read_mesh(folder / f"{name}.obj"))

    @cached_property
    def body(self) -> Mesh:
        """The base mesh; its faces are the skin from the crown to the elbows, without the helpers."""
        body = read_mesh(self.folder / BASE, "body")
        kept = body.vertices[body.faces][..., 1].min(axis=1) > 2.2
        return Mesh(body.vertices, body.faces[kept], body.uv[kept])

    @cached_property
    def inner_mouth(self) -> Bool:
        """Which faces of the body line the mouth: they have their own island in the texture, [F]."""
        centre = self.body.uv.mean(axis=1)
        above: Bool = self.body.vertices[self.body.faces][..., 1].min(axis=1) > 5.5
        return above & (centre[:, 0] > 0.72) & (centre[:, 1] < 0.15)

    @cached_property
    def lips(self) -> F32:
        """How much each vertex of the base mesh belongs to the lips, 0 to 1, [V]."""
        lips = np.zeros(len(self.body.vertices), np.float32)
        for name in ("upperlip", "lowerlip"):
            target: Target = self.target(f"mouth/mouth-{name}-volume-incr")
            size = np.linalg.norm(target.delta, axis=1)
            lips[target.index] = np.maximum(lips[target.index], size / size.max())
        return np.clip((lips - 0.2) / 0.25, 0, 1)

    @cached_property
    def details(self) -> tuple[str, ...]:
        """Targets that make one face differ from another, without those of the right side."""
        skipped = (
            "r-",
            "head-age",
            "head-fat",
            "head-back",
            "trans-in",
            "trans-out",
            "head-trans",
            "head-angle",
            "pointed",
            "mouth-angles",
            "lip-ext",
            "lip-middle",
            "lip-height",
        )
        names = (f"{folder}/{path.stem}" for folder in DETAILS for path in (self.targets / folder).glob("*.target"))
        return tuple(sorted(name for name in names if not any(skip in name for skip in skipped)))

    def splat(self, values: F32) -> F32:
        """Draw one value of each base vertex, [V] in 0 to 1, into the chart of the skin, [1024,1024]."""
        picture = np.zeros((SKIN_PX, SKIN_PX), np.uint8)
        faces = self.body.faces[(values[self.body.faces].max(axis=1) > 0) & ~self.inner_mouth]
        corners = chart(self.body.vertices[faces])
        whole = np.ptp(corners, axis=1).max(axis=1) < SKIN_PX / 4  # others lie around the back of the head
        corners, faces = np.round(corners[whole] * 16).astype(np.int32), faces[whole]
        for corner, value in zip(corners, values[faces].mean(axis=1), strict=True):
            cv2.fillConvexPoly(picture, corner, int(value * 255), lineType=cv2.LINE_AA, shift=4)
        return cv2.GaussianBlur(picture, (0, 0), 1.2).astype(np.float32) / 255

    def front(self, xy: npt.ArrayLike) -> F32:
        """Return where points of the face, given as x and y of the base head in dm, lie in the chart, [..., 2]."""
        wanted = np.asarray(xy, np.float32)
        skin = np.unique(self.body.faces[~self.inner_mouth])
        points = self.body.vertices[skin]
        points = points[(points[:, 2] > 0.2 + 0.4 * (points[:, 1] < 6.4)) & (np.abs(points[:, 0]) < 0.75)]
        distance = ((wanted[..., None, :] - points[:, :2]) ** 2).sum(axis=-1) + 1e-5
        nearest = np.argsort(distance, axis=-1)[..., :8]
        weight = 1 / np.take_along_axis(distance, nearest, -1)
        z = (points[nearest, 2] * weight).sum(-1) / weight.sum(-1)
        return chart(np.concatenate([wanted, z[..., None]], axis=-1))


def chart(points: F32) -> F32:
    """Project points of the base head, [..., 3], to texels of the skin, [..., 2].

    Azimuthal, seen from CENTRE, with the face in the middle and the back of the head around the rim; the radius grows
    ever slower with the angle, so that half of the chart is face.
    """
    direction = points - CENTRE
    direction = direction / (np.linalg.norm(direction, axis=-1, keepdims=True) + 1e-9)
    angle = np.arccos(direction[..., 2].clip(-1, 1))
    radius = angle / (angle + 1.1) * (np.pi + 1.1) / np.pi
    length = np.linalg.norm(direction[..., :2], axis=-1) + 1e-9
    plane = direction[..., :2] * (radius / length)[..., None] * np.array([1, -1])
    texels: F32 = ((0.5 + 0.499 * plane) * (SKIN_PX - 2)).astype(np.float32)
    return texels
