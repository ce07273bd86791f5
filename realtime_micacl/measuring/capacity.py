"""Measures how many faces this machine keeps up with, without a camera: from times on the demo clip."""

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

TIMES = 8  # each median is of so many
ANALYSIS_SHARE = 0.8  # of the time; the rest is for painting and for other programs


@dataclass(frozen=True)
class Capacity:
    """How many faces a machine keeps up with, and the times that follow from."""

    faces: int
    """0 if not even one."""
    max_faces: int
    """As many as the program reads at most."""
    look_ms: float
    """To search a picture of 720p for faces."""
    read_ms: tuple[float, float]
    """To read one face, and to read `max_faces`."""
    tick_s: float
    """Every face is to be read once in this time."""

    def __str__(self) -> str:
        all_faces = counted(self.max_faces, "face")
        times = f"finding faces takes {self.look_ms:.0f} ms, reading {all_faces} {self.read_ms[1]:.0f} ms"
        return f"keeps up with {self.faces or 'none'} of {all_faces} every {1e3 * self.tick_s:.0f} ms ({times})"


def measure(engine: Engine, sidecar: Sidecar) -> Capacity:
    """Time face detection and an open engine on a picture of the demo clip; see how many faces fit into a tick."""
    settings = Settings()
    with closing(read_file(DEMO)) as frames:
        picture = next(frames).image
    with closing(Lookout(settings.detector, max_faces=settings.max_faces, far=settings.far)) as lookout:
        look_s = _median_s(lambda _: lookout.look(picture, 0.0))
    mesh_s = _mesh_s(picture) if sidecar.shape else 0.0
    one_s, all_s = (_read_s(engine, sidecar, faces) for faces in (1, settings.max_faces))
    room_s, cores = ANALYSIS_SHARE * sidecar.bag.tick_s, min(2, os.cpu_count() or 1)

    def fits(faces: int) -> bool:
        read_s = one_s + (all_s - one_s) * (faces - 1) / max(1, settings.max_faces - 1)
        seen_s = look_s + mesh_s * faces
        return max(seen_s, read_s) <= room_s and seen_s + read_s <= cores * room_s

    faces = max((n for n in range(1, settings.max_faces + 1) if fits(n)), default=0)
    return Capacity(faces, settings.max_faces, 1e3 * look_s, (1e3 * one_s, 1e3 * all_s), sidecar.bag.tick_s)


def _mesh_s(picture: U8) -> float:
    """Return how long it takes to find the landmarks of one face."""
    middle = Region(picture.shape[1] / 2, picture.shape[0] / 2, picture.shape[0] / 2, 0.0)
    with closing(FaceMesh()) as mesh:
        return _median_s(lambda _: mesh.landmarks(picture, [middle]))


def _read_s(engine: Engine, sidecar: Sidecar, faces: int) -> float:
    """Return how long a tick takes with this many faces: encode a new piece of each, and classify its window."""
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
    work(0)  # the first call is slower, and not counted
    took = []
    for n in range(1, TIMES + 1):
        started_s = perf_counter()
        work(n)
        took.append(perf_counter() - started_s)
    return float(np.median(took))
