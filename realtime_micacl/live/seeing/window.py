"""The sliding window: per track, cut by capture time, never by frame count.

Ticks lie `span / (N L)` apart, on one grid for all tracks, so that all bags of a tick make one batch. Each tick holds
the crop captured nearest to it. The bag at tick k holds the N instances that end at k, k - L, k - 2 L, ..; so every
tick gives a reading, in which only one instance is new.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import floor

import numpy as np

from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.types import GAP_S, Bag, Face

EARLY = 0.125  # of a tick: a frame this little before a tick belongs to it, else jitter would skip every other tick


@dataclass(frozen=True, eq=False)
class _Sample:
    """A face with its capture time and the number of its frame."""

    time_s: float
    face: Face
    frame: int | None


@dataclass(eq=False)
class _Run:
    """The unbroken samples of one track, one per tick."""

    newest: _Sample
    tick: int
    samples: deque[_Sample] = field(default_factory=deque)


class Window:
    """Fills one window per track and cuts bags from it.

    A bag needs a full window, unless the spec says `padded`: then the first crop of a face fills the ticks before it. A
    gap above `max_gap_s`, or a clock that goes back by more, restarts a track's window. A frame that is not newer than
    the one before is left out.
    """

    def __init__(self, spec: BagSpec, max_gap_s: float = GAP_S) -> None:
        self._spec = spec
        self._max_gap_s = max_gap_s
        self._runs: dict[int, _Run] = {}
        self._origin_s: float | None = None
        self._now_s = 0.0
        self._tick = 0
        self._stills = False

    def push(
        self, faces: Iterable[Face], time_s: float, *, still: bool = False, frame: int | None = None
    ) -> tuple[Bag, ...]:
        """Take the usable faces of frame number `frame`, captured at `time_s`; return a bag per window at a new tick.

        In a `still` every face gets a bag at once, filled with its one crop.
        """
        if still or self._stills:
            self._runs.clear()
        self._stills = still
        if still:
            return self._still(faces, time_s, frame)
        if self._origin_s is None:
            self._origin_s = time_s
        elif time_s < self._now_s - self._max_gap_s:
            self._runs.clear()
            self._origin_s = time_s - (self._tick + 1) * self._spec.tick_s  # no tick is used twice
        elif time_s <= self._now_s:
            return ()
        self._now_s = time_s
        tick = self._tick_at(time_s, self._origin_s)
        passed, self._tick = tick > self._tick, max(tick, self._tick)
        self._runs = {i: run for i, run in self._runs.items() if time_s - run.newest.time_s <= self._max_gap_s}
        bags = []
        for face in faces:
            run = self._extended(_Sample(time_s, face, frame))
            if passed and (self._spec.padded or len(run.samples) == self._spec.ticks):
                bags.append(self._bag(face.track_id, run))
        return tuple(bags)

    def due(self, time_s: float) -> bool:
        """Say whether a frame captured at `time_s` is the first of its tick; the others need no crop."""
        if self._origin_s is None or time_s < self._now_s:
            return True
        return self._tick_at(time_s, self._origin_s) > self._tick

    def filled(self, track_id: int) -> float:
        """Return the share of the track's window that is filled, 0 to 1."""
        run = self._runs.get(track_id)
        if not run:
            return 0.0
        return 1.0 if self._spec.padded else len(run.samples) / self._spec.ticks

    def _still(self, faces: Iterable[Face], time_s: float, frame: int | None) -> tuple[Bag, ...]:
        """Return a bag per face, at ticks that no other bag uses."""
        self._tick += self._spec.ticks
        self._origin_s, self._now_s = time_s - self._tick * self._spec.tick_s, time_s
        bags = []
        for face in faces:
            sample = _Sample(time_s, face, frame)
            run = _Run(sample, self._tick, deque([sample] * self._spec.ticks, maxlen=self._spec.ticks))
            self._runs[face.track_id] = run
            bags.append(replace(self._bag(face.track_id, run), still=True))
        return tuple(bags)

    def _tick_at(self, time_s: float, origin_s: float) -> int:
        return floor((time_s - origin_s) / self._spec.tick_s + EARLY)

    def _extended(self, sample: _Sample) -> _Run:
        """Return the track's run with every tick up to now filled by the crop captured nearest to it."""
        track_id = sample.face.track_id
        run = self._runs.get(track_id)
        if run is None:
            run = _Run(sample, self._tick, deque([sample], maxlen=self._spec.ticks))
            self._runs[track_id] = run
            return run
        before = run.newest
        assert self._origin_s is not None
        for tick in range(run.tick + 1, self._tick + 1):
            due_s = self._origin_s + tick * self._spec.tick_s
            run.samples.append(before if due_s - before.time_s < sample.time_s - due_s else sample)
        run.newest, run.tick = sample, self._tick
        return run

    def _bag(self, track_id: int, run: _Run) -> Bag:
        spec, samples = self._spec, list(run.samples)
        samples = [samples[0]] * (spec.ticks - len(samples)) + samples
        newest = samples[-1]
        crops = np.concatenate([s.face.crop for s in samples])
        crops = crops.reshape(spec.instances, spec.frames, *newest.face.crop.shape)
        crops.flags.writeable = False
        shapes = [s.face.shape for s in samples if s.face.shape is not None]
        distinct = 1 + sum(a is not b for a, b in pairwise(samples))
        return Bag(
            track_id=track_id,
            tick=run.tick,
            crops=crops,
            start_s=samples[0].time_s,
            end_s=newest.time_s,
            coverage=distinct / spec.ticks,
            quality=sum(s.face.quality.value for s in samples) / spec.ticks,
            shapes=np.concatenate(shapes).reshape(len(shapes), -1) if shapes else None,
            frame=newest.frame,
            box=newest.face.box,
            head=newest.face.head,
        )
