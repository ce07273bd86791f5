"""Tells whether the machine keeps up with the faces it sees, from meters that run anyway."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from realtime_micacl.meter import Meter
from realtime_micacl.types import Bag, Scene, State, Strain

TICK_S = 0.08  # assumed until the first bag tells
SAMPLE_S, SAMPLES = 0.5, 11  # counts are compared over five seconds
STRAINED, WELL = 0.8, 0.9  # strained when fewer than this share of the readings come, well again from this share on


class _Counts(NamedTuple):
    time_s: float
    captured: int
    analysed: int
    bags: int
    readings: int


class Pace:
    """Compares the readings that should come with those that do; used on the perceive thread.

    It counts ticks at which no faces were looked for, and bags that the engine had no time for. A source that gives
    fewer pictures than there are ticks is not the machine's fault.
    """

    def __init__(self, meters: Mapping[str, Meter]) -> None:
        self._meters = meters
        self._samples: deque[_Counts] = deque(maxlen=SAMPLES)
        self._bags = 0
        self._tick_s = TICK_S
        self._strain: Strain | None = None

    def judged(self, scene: Scene, bags: tuple[Bag, ...]) -> Scene:
        """Return the scene, with its `strain` set while the machine does not keep up."""
        if scene.state is not State.LIVE:
            self._samples.clear()
            return scene
        self._bags += len(bags)
        for bag in bags[:1]:
            ticks = bag.crops.shape[0] * bag.crops.shape[1]
            if bag.end_s > bag.start_s:
                self._tick_s = (bag.end_s - bag.start_s) / (ticks - 1)
        if not self._samples or scene.time_s - self._samples[-1][0] >= SAMPLE_S:
            captured, analysed, readings = (self._meters[name].count for name in ("capture", "perceive", "reading"))
            self._samples.append(_Counts(scene.time_s, captured, analysed, self._bags, readings))
            if len(self._samples) == SAMPLES:
                self._judge(scene)
        return replace(scene, detail=str(self._strain), strain=self._strain) if self._strain else scene

    def _judge(self, scene: Scene) -> None:
        faces = sum(face.state is not State.LOW_QUALITY for face in scene.faces)
        share = self._share()
        strained = faces > 0 and share < (WELL if self._strain else STRAINED)
        strain = Strain(int(share * faces), faces) if strained else None
        if strain != self._strain:
            self._strain = strain
            self._samples.clear()  # the next judgement is about what comes from now on

    def _share(self) -> float:
        """Return the share of the possible readings that came, 0 to 1."""
        first, last = self._samples[0], self._samples[-1]
        wanted = min(last.captured - first.captured, (last.time_s - first.time_s) / self._tick_s)
        looked = min(1.0, (last.analysed - first.analysed) / max(1, wanted))
        bags = last.bags - first.bags
        read = min(1.0, (last.readings - first.readings) / bags) if bags and last.readings else 1.0
        return looked * read
