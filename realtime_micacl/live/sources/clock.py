"""From the time stamps of a stream to when its pictures were taken, and when they are due."""

from __future__ import annotations

import logging
from dataclasses import dataclass

log = logging.getLogger(__name__)

LEAST_S = 3.0  # of a stream, before the drift of its clock is measured
MOST_DRIFT = 0.25
ALIKE = 0.02  # two measurements that differ by less are of the same clock
STEADY_S = 0.15  # pictures of a clock that drifts come this steadily; those of a slow line do not
BACK_S, AHEAD_S = 0.5, 5.0  # a time stamp that jumps back by more, or ahead of its arrival by more, begins a new clock
GAP_S = 10.0  # a gap in a recording keeps its length up to this
RESYNC_S = 0.5
LATE_S = 1.0  # an older picture is stale


class StreamClock:
    """Turns the time stamps of a stream into monotonic capture times.

    The offset of the two clocks is taken from the frame that came soonest after its time stamp, so a frame that the
    network delayed keeps the time at which it was taken. As the clocks drift, an old offset slowly loses its weight.
    `drift` is the known drift in seconds per second: .1 for a camera whose second lasts 1.1. When the time stamps
    jump, the offset is measured anew.
    """

    DRIFT = 1e-3  # seconds per second

    def __init__(self, drift: float = 0.0) -> None:
        self.drift = drift
        self._offset_s = float("inf")
        self._arrived_s = self._pts_s = 0.0
        self._track = Track()

    def capture_time(self, pts_s: float, arrived_s: float, newest: tuple[float, float] | None = None) -> float:
        """Return when the frame with time stamp `pts_s` was taken, on the clock of `arrived_s`.

        `newest` is the time stamp and the arrival of what came since: much of that at once is what a server kept.
        """
        pts_s *= 1 + self.drift
        step_s = pts_s - self._pts_s
        if step_s < -BACK_S or step_s > arrived_s - self._arrived_s + AHEAD_S:
            self._offset_s = float("inf")
            self._track = Track()
        self._pts_s = pts_s
        offset_s = arrived_s - pts_s
        if newest:
            offset_s = min(offset_s, newest[1] - newest[0] * (1 + self.drift))
        expected_s = self._offset_s + self.DRIFT * (arrived_s - self._arrived_s)
        self._arrived_s = arrived_s
        self._offset_s = min(offset_s, expected_s)
        self._track.add(pts_s, arrived_s)
        return pts_s + self._offset_s

    def measured(self) -> float | None:
        """Return the measured drift of the stream's clock; None if its pictures came too unsteadily to tell."""
        drift = self._track.drift()
        return None if drift is None else (1 + self.drift) * (1 + drift) - 1


@dataclass
class Track:
    """Arrivals of a stream's pictures against their time stamps: one point for each half second."""

    EVERY_S = 0.5

    def __post_init__(self) -> None:
        self._points: list[tuple[float, float]] = []

    def add(self, pts_s: float, arrived_s: float) -> None:
        """Take a picture; the first of each half second counts."""
        if not self._points or pts_s - self._points[-1][0] >= self.EVERY_S:
            self._points.append((pts_s, arrived_s))
        del self._points[:-120]

    def drift(self) -> float | None:
        """Return by how much a second of the stream is too long; None if that is not steady, or not known yet."""
        points = self._points[1:]  # the first may have been buffered
        if len(points) < 3 or (span_s := points[-1][0] - points[0][0]) < LEAST_S:
            return None
        slope = (points[-1][1] - points[0][1]) / span_s
        first_pts_s, first_s = points[0]
        off_s = max(abs(came_s - first_s - slope * (pts_s - first_pts_s)) for pts_s, came_s in points)
        drift = slope - 1
        return drift if off_s < STEADY_S and abs(drift) <= MOST_DRIFT else None


class Drift:
    """How much slower than ours a stream's clock runs, learnt from its connections; 0 while that is unknown."""

    def __init__(self) -> None:
        self.value = 0.0
        self._before: float | None = None

    def learn(self, measured: float | None, shown: str) -> None:
        """Take the drift measured in one connection; if two in a row agree it is the clock and not a slow line."""
        if measured is None:
            return
        if self._before is not None and abs(self._before - measured) < ALIKE:
            self.value = measured
            log.warning("%s: its clock is %.1f %% slow; it is followed", shown, 100 * measured)
        self._before = measured


class Pace:
    """Says when pictures are due that a stream sends faster than they were taken."""

    def __init__(self) -> None:
        self._offset_s: float | None = None
        self._pts_s = 0.0

    def due(self, pts_s: float, now_s: float) -> float:
        """Return when a picture is due: now, if it is late or its time stamp jumps."""
        step_s = pts_s - self._pts_s
        late = self._offset_s is not None and now_s - self._offset_s - pts_s > RESYNC_S
        if self._offset_s is None or late or not 0 <= step_s <= GAP_S:
            self._offset_s = now_s - pts_s
        self._pts_s = pts_s
        return self._offset_s + pts_s


class Lag:
    """Says which pictures of a live stream are too old to be shown, and whether there will be any that are not."""

    def __init__(self) -> None:
        self._since: tuple[float, float] | None = None
        self.lost = False
        """Whether they have been too old for a while, and catch up too slowly."""

    def late(self, behind_s: float, now_s: float) -> bool:
        """Take how far a picture is behind; say whether that is too far."""
        if behind_s <= LATE_S:
            self._since = None
            return False
        since_s, before_s = self._since or (now_s, behind_s)
        caught_up = now_s - since_s > LATE_S and before_s - behind_s > LATE_S / 2
        self._since = (now_s, behind_s) if caught_up else (since_s, before_s)
        self.lost = now_s - self._since[0] > LATE_S
        return True
