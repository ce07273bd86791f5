"""Makes a scene of each item of a source: live, paused, stalled, reconnecting, or without analysis if that failed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import monotonic

from realtime_micacl.live.pace import Pace
from realtime_micacl.live.sources.frozen import FrozenFilter
from realtime_micacl.live.supervision import Perceives, SupervisedStage, Supervision
from realtime_micacl.live.tally import Tally
from realtime_micacl.meter import Meter
from realtime_micacl.types import Bag, Frame, Retry, Scene, State

log = logging.getLogger(__name__)

SceneAndBags = tuple[Scene, tuple[Bag, ...]]


class SceneMaker:
    """Makes scenes on the perceive thread.

    `scene` is the newest one, None before the first; `left_out` counts the pictures that were taken but not analysed.
    """

    def __init__(
        self,
        stages: Supervision,
        meters: Mapping[str, Meter],
        *,
        stall_s: float,
        holds: bool,
        recorded: bool = False,
    ) -> None:
        self._stages, self._meter, self._stall_s, self._holds = stages, meters["perceive"], stall_s, holds
        self._pace = Pace(meters)
        self._frozen = FrozenFilter()
        self.scene: Scene | None = None
        self.left_out, self.tally, self._recorded = 0, Tally(), recorded
        self._last = Scene(monotonic(), None, (), State.STARTING)

    def make(
        self, stage: SupervisedStage[Perceives], item: Frame | Retry | None, *, paused: bool
    ) -> SceneAndBags | None:
        """Take what the source gave, None for nothing new; return scene and bags if there are bags or a new state."""
        analysed = self._meter.count
        scene, bags = self._made(stage, item, self._last, paused)
        self.left_out += isinstance(item, Frame) and self._meter.count == analysed
        return None if scene is self._last else self._next(self._pace.judged(scene, bags), bags)

    def after_a_hang(self) -> SceneAndBags | None:
        """Return the last picture without analysis; the first call of a thread that replaces one that hangs."""
        return self._next(self._unanalysed(self._last.frame), ()) if self._last.frame else None

    def _next(self, scene: Scene, bags: tuple[Bag, ...]) -> SceneAndBags | None:
        news = bags or _states(scene) != _states(self._last)
        self.scene = self._last = scene
        return (scene, bags) if news else None

    def _made(
        self, stage: SupervisedStage[Perceives], item: Frame | Retry | None, last: Scene, paused: bool
    ) -> SceneAndBags:
        now_s = monotonic()
        if isinstance(item, Retry):
            return Scene(now_s, last.frame, (), State.RECONNECTING, item.detail), ()
        if paused:
            return last if last.state is State.PAUSED else Scene(now_s, last.frame, (), State.PAUSED), ()
        if item is not None and (self._holds or now_s - item.time_s < self._stall_s):
            return self._analysed(stage, item)
        if item is not None and last.frame is None and last.state is not State.STALLED:
            late_s = now_s - item.time_s
            return Scene(now_s, None, (), State.STALLED, f"its pictures are {late_s:.0f} s old when they come"), ()
        already_said = last.state in (State.RECONNECTING, State.STALLED, State.PAUSED)
        old = last.frame is not None and now_s - last.frame.time_s >= self._stall_s
        if already_said or self._holds or not old:  # a file may have gaps, and waits at its first picture
            return last, ()
        return Scene(now_s, last.frame, (), State.STALLED, f"no new picture for {self._stall_s:.0f} s"), ()

    def why_unread(self, name: str) -> str:
        """Log and return why the source called `name` gave no reading; empty for a recording, which has its own."""
        if self._recorded:
            return ""
        log.warning("%s with %s", f"{name} ended" if name else "ended", self.tally.advice)
        return str(self.tally)

    def _analysed(self, stage: SupervisedStage[Perceives], frame: Frame) -> SceneAndBags:
        """Return what is seen in a fresh frame, or the picture alone while the analysis has failed."""
        if not self._stages.fault:
            seen = stage.attempt(lambda perceiver: perceiver.perceive(frame))
            if seen is not None:
                self.tally.add(seen[0])
                return seen if self._holds else self._frozen.filtered(*seen)  # in a file it may stay the same
        return self._unanalysed(frame), ()

    def _unanalysed(self, frame: Frame | None) -> Scene:
        """Return a scene of the picture alone, and why it is not analysed."""
        if fault := self._stages.fault:
            return Scene(monotonic(), frame, (), State.FAILED, str(fault))
        return Scene(monotonic(), frame, (), State.STARTING, "the analysis failed and is started again")


def _states(scene: Scene) -> tuple[object, ...]:
    """Return the states of a scene and its faces: where they change, sinks have to be told."""
    return scene.state, scene.strain, tuple((face.track_id, face.state, face.quality.fault) for face in scene.faces)
