"""What every outlet tells its receivers about this run, and the form of its records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realtime_micacl.live.records.origin import Hello
from realtime_micacl.live.records.record import Clock, as_record
from realtime_micacl.live.records.slots import SLOTS, STALE_S
from realtime_micacl.types import Event


@dataclass(frozen=True)
class About:
    """Facts about this run."""

    hello: Callable[[], Hello]
    """Returns where the numbers come from at present."""
    clock: Clock
    sources: tuple[str, ...]
    """The names of the sources at the start, no two alike, without passwords."""
    instances: int
    """The number of instances in a bag, and so of weights in a reading's importance."""
    slots: int = SLOTS
    stale_s: float = STALE_S
    """After this long without a reading a face is no longer reported."""

    def record(self, event: Event) -> dict[str, Any]:
        """Return an event as a dictionary, as in a line of standard output."""
        return as_record(event, self.clock)
