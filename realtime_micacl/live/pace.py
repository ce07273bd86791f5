"""Tells whether the machine keeps up with the faces it sees, from meters that run anyway."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from realtime_micacl.meter import Meter
from realtime_micacl.types import Bag, Scene, State, Strain

TICK_S = 0.08  # until a window tells how often a face is to be read
SAMPLE_S, SAMPLES = 0.5, 11  # so judged are the last five seconds
STRAINED, WELL = 0.8, 0.9  # share of the readings that come

Counts = tuple[float, int, int, int, int]


class Pace:
    """Compares the readings that should come with those that do: on the perceive thread, by its meters and others'.

    Pictures that faces were not looked for in, although a tick was due, count, and windows that the engine had no time
    for. A source that gives fewer pictures than there are ticks is no fault of the machine's.
    """

    def __init__(self, meters: Mapping[str, Meter]) -> None:
        self._meters = meters
        self._samples: deque[Counts] = deque(maxlen=SAMPLES)
        self._bags = 0
        self._tick_s = TICK_S
        self._said: Strain | None = None

    def judged(self, scene: Scene, bags: tuple[Bag, ...]) -> Scene:
        """Return the scene with what is to be said of it."""
        if scene.state is not State.LIVE:
            self._samples.clear()
            return scene
        self._bags += len(bags)
        for bag in bags[:1]:
            ticks = bag.crops.shape[0] * bag.crops.shape[1]
            if bag.end_s > bag.start_s:
                self._tick_s = (bag.end_s - bag.start_s) / (ticks - 1)
        if not self._samples or scene.time_s - self._samples[-1][0] >= SAMPLE_S:
            counts = [self._meters[name].count for name in ("capture", "perceive", "reading")]
            self._samples.append((scene.time_s, counts[0], counts[1], self._bags, counts[2]))
            if len(self._samples) == SAMPLES:
                self._judge(scene)
        return replace(scene, detail=str(self._said), strain=self._said) if self._said else scene

    def _judge(self, scene: Scene) -> None:
        faces = sum(face.state is not State.LOW_QUALITY for face in scene.faces)
        share = self._share()
        strained = faces > 0 and share < (WELL if self._said else STRAINED)
        said = Strain(int(share * faces), faces) if strained else None
        if said != self._said:
            self._said = said
            self._samples.clear()  # what is said next is of what comes after

    def _share(self) -> float:
        """Return which share of the readings came that could have."""
        first, last = self._samples[0], self._samples[-1]
        captured, analysed, made, read = (now - before for now, before in zip(last[1:], first[1:], strict=True))
        wanted = min(captured, (last[0] - first[0]) / self._tick_s)
        looked = min(1.0, analysed / max(1, wanted))
        return looked * (min(1.0, read / made) if made and last[4] else 1.0)
