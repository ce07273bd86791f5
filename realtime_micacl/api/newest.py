"""The newest reading of each face, for loops over a live source: a slow loop misses readings, but never lags."""

from __future__ import annotations

from threading import Condition

from realtime_micacl.types import EmotionDistribution, Event, State, StateChange

MOST = 1024  # changes of state that are kept until they are fetched


class Newest:
    """A sink that is read by a loop. A newer reading of a face replaces one that was not fetched yet."""

    def __init__(self, *, states: bool) -> None:
        self._states = states
        self._changed = Condition()
        self._waiting: dict[object, Event] = {}  # readings by track, changes by number, in order
        self._latest: dict[int, EmotionDistribution] = {}
        self._count = 0
        self.state = State.STARTING
        self.dropped = 0
        """Readings that were replaced before the loop fetched them."""

    def __call__(self, event: Event) -> None:
        """Take the next event."""
        with self._changed:
            if isinstance(event, EmotionDistribution):
                key = ("reading", event.track_id)
                self.dropped += self._waiting.pop(key, None) is not None
                self._waiting[key] = self._latest[event.track_id] = event
            elif isinstance(event, StateChange):
                self._entered(event)
            self._changed.notify_all()

    def _entered(self, change: StateChange) -> None:
        if change.track_id is None:
            self.state = change.state
            if change.state is not State.LIVE:
                self._latest.clear()
        elif change.state is not State.LIVE:
            self._latest.pop(change.track_id, None)
        if self._states:
            self._count += 1
            self._waiting[self._count] = change
            self._waiting.pop(self._count - MOST, None)

    def take(self, timeout_s: float) -> list[Event]:
        """Wait up to `timeout_s` for events and return those not fetched yet, in order."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout_s)
            found = list(self._waiting.values())
            self._waiting.clear()
            return found

    def latest(self, since_s: float) -> dict[int, EmotionDistribution]:
        """Return the newest reading of each track that is present, if it is from `since_s` or later."""
        with self._changed:
            self._latest = {track: reading for track, reading in self._latest.items() if reading.time_s >= since_s}
            return dict(self._latest)
