"""The state of a session at one moment, as one value for everybody who looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.types import Bag, EmotionDistribution, Frame, Retry, Scene, State


@dataclass(frozen=True, eq=False, kw_only=True)
class Snapshot:
    """What `LiveSession.look` returns; it never changes afterwards."""

    now_s: float
    """When it was taken, by `time.monotonic`."""
    newest: Frame | Retry | None = None
    """What the source gave last; None before the first picture."""
    scene: Scene | None = None
    """The newest; None before the first picture was analysed."""
    bags: tuple[Bag, ...] = ()
    """The windows that were handed on last; their readings may be still to come."""
    readings: tuple[EmotionDistribution, ...] = ()
    """The newest, one for each face that was read."""
    running: bool = True
    """Whether any stage is at work."""
    stopping: bool = False
    """Whether somebody asked it to end."""
    paused: bool = False
    error: MicaclError | None = None
    """What ended it."""
    fault: StageFailed | None = None
    """What ended the analysis for good; the picture stays live."""
    notice: str = ""
    """A fault of an outlet or a file that people have to know of; empty while there is none."""
    dropped: int = 0
    """Captured pictures that were not analysed; those on their way are not counted yet."""
    damaged: int = 0
    """Pictures and packets that the source left out as damaged."""
    failures: Mapping[str, int] = field(default_factory=dict)
    """How often each stage was started again, by its name."""
    changes: Mapping[State, int] = field(default_factory=dict)
    """How often each state was entered."""

    @property
    def state(self) -> State:
        """The state of the newest scene."""
        return self.scene.state if self.scene else State.STARTING

    @property
    def over(self) -> bool:
        """Whether it failed, was stopped or has nothing left to do."""
        return self.error is not None or self.stopping or not self.running
