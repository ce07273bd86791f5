"""The form of a face, from the 468 landmarks of the face mesh: a second target for the frame encoder in training.

The taggers' votes tell the emotion, the landmarks tell where brows, lids and lips lie. None of this runs live.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from tqdm import tqdm

from realtime_micacl.devices import cores
from realtime_micacl.live.seeing.picture_mesh import PictureMesh
from realtime_micacl.making.data.cache import cached, key
from realtime_micacl.making.data.ferplus import ENLARGED_PX, MARGIN_PX, with_room
from realtime_micacl.making.data.workers import Died, shared_out
from realtime_micacl.types import F32, U8

log = logging.getLogger(__name__)

CHUNK = 256  # crops that a process gets at a time
Read = Callable[[U8], F32]


def read_points(crops: U8, cache: Path) -> F32:
    """Return the landmarks in luma crops [n,S,S] as [n,468,2], in parts of the crop's side; NaN where no face is found.

    They are cached in the folder `cache`.
    """
    return cached(cache / f"points-{key(crops.tobytes())}.npy", lambda: _read(crops))


def _read(crops: U8) -> F32:
    chunks = np.array_split(crops, max(1, len(crops) // CHUNK))
    found: list[F32 | None] = [None] * len(chunks)
    work = shared_out(_mesh, chunks, cores())
    for index, points in tqdm(work, desc="landmarks", total=len(chunks), leave=False, disable=None):
        if isinstance(points, Died):
            log.warning("a process crashed; %d pictures are left without landmarks", len(chunks[index]))
            points = np.full((len(chunks[index]), 468, 2), np.nan, np.float32)
        found[index] = points
    return np.concatenate([chunk for chunk in found if chunk is not None])


class FormModel:
    """A point distribution model (Cootes et al. 1995) of the symmetric part of a face.

    Place, size and rotation in the picture are removed by a Procrustes fit to the mean. So is the difference between
    left and right, which comes mostly from a turned head: a picture and its mirror image have the same form.
    """

    def __init__(self, points: F32, components: int = 96) -> None:
        """Fit the model to points [n,468,2]; faces that are NaN are left out."""
        points = points[np.isfinite(points[:, 0, 0])]
        mean = points.mean(axis=0, dtype=np.float64)
        mean -= mean.mean(axis=0)
        gaps = np.square((mean * (-1, 1))[:, None] - mean[None]).sum(axis=2)
        self._twin = gaps.argmin(axis=1)
        self._twin = np.where(self._twin[self._twin] == np.arange(len(mean)), self._twin, np.arange(len(mean)))
        self._mean = (mean + mean[self._twin] * (-1, 1)) / 2
        forms = self._aligned(points)
        self._centre = forms.mean(axis=0)
        spread, basis = np.linalg.eigh(np.cov(forms[:20_000], rowvar=False))
        spread, basis = spread[::-1][:components], basis[:, ::-1][:, :components]
        signs = np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(components)])  # whose signs are arbitrary
        weight = (spread / spread[0]) ** 0.1  # small movements tell more, so they count nearly as much as large ones
        self._basis = basis * signs * weight / np.sqrt(spread)

    def __call__(self, points: F32) -> F32:
        """Return the form of each face, [n,components]; NaN where there are no points."""
        found = np.isfinite(points[:, 0, 0])
        forms = np.full((len(points), self._basis.shape[1]), np.nan, np.float32)
        forms[found] = (self._aligned(points[found]) - self._centre) @ self._basis
        return forms

    def _aligned(self, points: F32) -> F32:
        """Return points [n,468,2] fitted to the mean and made the same on both sides, [n,936]."""
        x = points - points.mean(axis=1, keepdims=True)
        z, mean = x[..., 0] + 1j * x[..., 1], self._mean[:, 0] + 1j * self._mean[:, 1]
        turned = (np.conj(z) * mean).sum(axis=1, keepdims=True)
        z *= turned / np.abs(turned) * np.sqrt(np.square(np.abs(mean)).sum() / np.square(np.abs(z)).sum(1))[:, None]
        z = (z - np.conj(z[:, self._twin])) / 2
        return np.asarray(np.concatenate([z.real, z.imag], axis=1), np.float32)


@contextmanager
def _mesh() -> Iterator[Read]:
    mesh = PictureMesh()

    def read(crops: U8) -> F32:
        points = np.full((len(crops), 468, 2), np.nan, np.float32)
        for n, crop in enumerate(crops):
            found = mesh.points(with_room(crop))
            if found is not None:
                points[n] = (found - MARGIN_PX) / ENLARGED_PX
        return points

    with closing(mesh):
        yield read
