"""Numbered slots for faces: outlets have a fixed shape while people come and go."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock

from realtime_micacl.types import EmotionDistribution, Event, Mark, State, StateChange

SLOTS = 4
STALE_S = 2.0  # without a reading for this long a face is no longer reported


class Slots:
    """Gives each face the lowest free slot, from 1, and takes it back when the face has left.

    A person who is lost and found again is another track, but gets the same slot if nobody else took it. Several
    threads may call it.
    """

    def __init__(self, count: int = SLOTS) -> None:
        self.count = count
        self._lock = Lock()
        self._held: dict[int, tuple[str, int]] = {}
        """Slot -> source and track."""

    def with_slot(self, event: Event) -> Event:
        """Return the event with the slot of its face; None without a face or without a free slot."""
        if isinstance(event, Mark):
            return event
        who = (event.source, event.track_id)
        with self._lock:
            if event.track_id is None:
                if isinstance(event, StateChange) and event.state in (State.ENDED, State.FAILED):
                    self._held = {slot: held for slot, held in self._held.items() if held[0] != event.source}
                return event
            slot = next((slot for slot, held in self._held.items() if held == who), None)
            if isinstance(event, StateChange) and event.state is State.NO_FACE:
                self._held.pop(slot or 0, None)
            elif slot is None:
                slot = next((slot for slot in range(1, self.count + 1) if slot not in self._held), None)
                if slot is not None:
                    self._held[slot] = (event.source, event.track_id)
        return replace(event, slot=slot)


class Board:
    """The newest reading of each slot and the state of each source, kept from events."""

    def __init__(self, slots: int, stale_s: float = STALE_S) -> None:
        self.slots = range(1, slots + 1)
        self._stale_s = stale_s
        self.states: dict[str, State] = {}
        self._readings: dict[int, EmotionDistribution] = {}

    def take(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, EmotionDistribution):
            if event.slot is not None:
                self._readings[event.slot] = event
        elif isinstance(event, StateChange) and event.track_id is None:
            self.states[event.source] = event.state
            if event.state is not State.LIVE:
                self._readings = {k: r for k, r in self._readings.items() if r.source != event.source}
        elif isinstance(event, StateChange) and event.state is not State.LIVE and event.slot is not None:
            self._readings.pop(event.slot, None)

    @property
    def occupied(self) -> set[int]:
        """The slots that have a reading, however old."""
        return set(self._readings)

    def reading(self, slot: int, now_s: float) -> EmotionDistribution | None:
        """Return the reading of a slot at `now_s` (monotonic); None if there is none or it is stale."""
        found = self._readings.get(slot)
        return found if found and now_s - found.time_s < self._stale_s else None

    @property
    def live(self) -> bool:
        """Whether any source is live."""
        return State.LIVE in self.states.values()

    def readings(self, now_s: float) -> list[EmotionDistribution | None]:
        """Return the readings of all slots in order, None for an empty one."""
        return [self.reading(slot, now_s) for slot in self.slots]
