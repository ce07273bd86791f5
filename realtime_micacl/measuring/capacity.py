"""How many faces a machine keeps up with, before anybody stands in front of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from realtime_micacl.config import Settings
from realtime_micacl.inference.engine import Engine
from realtime_micacl.inference.sidecar import Sidecar
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.lookout import Lookout
from realtime_micacl.live.seeing.mesh import FaceMesh, Region
from realtime_micacl.live.sources.source import DEMO
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import U8, Bag
from realtime_micacl.wording import counted

TIMES = 8
SPARE = 0.8  # share of the time that is for the analysis; the rest is for the picture and for other programs


@dataclass(frozen=True)
class Kept:
    """What was measured, and what follows from it."""

    faces: int
    most: int
    look_ms: float
    """To look for faces in a picture of 720p."""
    read_ms: tuple[float, float]
    """To read one face, and as many as there may be."""
    tick_s: float

    def __str__(self) -> str:
        most = counted(self.most, "face")
        looks = f"a look takes {self.look_ms:.0f} ms, {most} {self.read_ms[1]:.0f} ms"
        return f"keeps up with {self.faces or 'none'} of {most} every {1e3 * self.tick_s:.0f} ms ({looks})"


def kept(engine: Engine, sidecar: Sidecar) -> Kept:
    """Measure an engine that is open, and the detector, on a picture of the demo clip."""
    settings = Settings()
    with closing(read_file(DEMO)) as frames:  # a generator
        picture = next(frames).image
    with closing(Lookout(settings.detector, max_faces=settings.max_faces, far=settings.far)) as lookout:
        look_s = _median_s(lambda _: lookout.look(picture, 0.0))
    mesh_s = _mesh_s(picture) if sidecar.shape else 0.0
    one_s, all_s = (_read_s(engine, sidecar, faces) for faces in (1, settings.max_faces))
    room_s, cores = SPARE * sidecar.bag.tick_s, min(2, os.cpu_count() or 1)

    def fits(faces: int) -> bool:
        read_s = one_s + (all_s - one_s) * (faces - 1) / max(1, settings.max_faces - 1)
        seen_s = look_s + mesh_s * faces
        return max(seen_s, read_s) <= room_s and seen_s + read_s <= cores * room_s

    faces = max((n for n in range(1, settings.max_faces + 1) if fits(n)), default=0)
    return Kept(faces, settings.max_faces, 1e3 * look_s, (1e3 * one_s, 1e3 * all_s), sidecar.bag.tick_s)


def _mesh_s(picture: U8) -> float:
    """Return how long it takes to read the landmarks of a face."""
    middle = Region(picture.shape[1] / 2, picture.shape[0] / 2, picture.shape[0] / 2, 0.0)
    with closing(FaceMesh()) as mesh:
        return _median_s(lambda _: mesh.landmarks(picture, [middle]))


def _read_s(engine: Engine, sidecar: Sidecar, faces: int) -> float:
    """Return how long it takes to read so many faces once: a new piece of each, and its window."""
    spec = sidecar.bag
    crops = np.zeros((spec.instances, spec.frames, spec.size_px, spec.size_px, 3), np.uint8)
    shapes = np.tile(np.asarray(sidecar.shape.mean, np.float32), (spec.ticks, 1)) if sidecar.shape else None
    recognizer = Recognizer(engine, sidecar, smoothing_s=0.0)

    def read(tick: int) -> None:
        end_s = tick * spec.tick_s
        recognizer.recognize(
            [Bag(n + 1, spec.ticks + tick, crops, end_s - spec.span_s, end_s, 1.0, 1.0, shapes) for n in range(faces)]
        )

    return _median_s(read)


def _median_s(work: Callable[[int], object]) -> float:
    work(0)  # the first time is another one
    took = []
    for n in range(1, TIMES + 1):
        started_s = perf_counter()
        work(n)
        took.append(perf_counter() - started_s)
    return float(np.median(took))
