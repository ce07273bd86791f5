"""What every outlet tells its readers about the program, and the words in which it tells of events."""

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
    """A run of the program, as its readers know it."""

    hello: Callable[[], Hello]
    """Where the numbers come from, as it is now."""
    clock: Clock
    sources: tuple[str, ...]
    """Those that it began with, each by another name, without passwords."""
    instances: int
    """How many weights of importance a reading has."""
    slots: int = SLOTS
    stale_s: float = STALE_S
    """A face without a reading for so long is no longer reported."""

    def record(self, event: Event) -> dict[str, Any]:
        """Return an event as the dictionary that a line of standard output holds."""
        return as_record(event, self.clock)
