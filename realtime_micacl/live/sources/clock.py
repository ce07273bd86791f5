"""What the time stamps of a stream say about when its pictures were taken, and when they are due."""

from __future__ import annotations

import logging
from dataclasses import dataclass

log = logging.getLogger(__name__)

LEAST_S = 3.0  # of a stream, before its clock is judged
MOST_DRIFT = 0.25
ALIKE = 0.02  # two measurements of one clock differ by less
STEADY_S = 0.15  # a clock is this steady; a slow line is not
BACK_S, AHEAD_S = 0.5, 5.0  # a time stamp that jumps back by more, or ahead of its arrival by more, begins a new clock
HOLE_S = 10.0  # a hole in what was recorded takes its time up to this
RESYNC_S = 0.5


class StreamClock:
    """Turns the time stamps of a stream into monotonic capture times.

    The frame that came soonest after its time stamp gives the offset of the two clocks, so that a frame delayed on
    its way keeps the time at which it was taken. The offset forgets slowly, as the two clocks drift; `drift` is what
    is known of that, in seconds per second: .1 for a camera whose second lasts 1.1. Where the time stamps jump, it
    begins again.
    """

    DRIFT = 1e-3  # seconds per second

    def __init__(self, drift: float = 0.0) -> None:
        self.drift = drift
        self._offset_s = float("inf")
        self._arrived_s = self._pts_s = 0.0
        self._track = Track()

    def capture_time(self, pts_s: float, arrived_s: float) -> float:
        """Return when the frame with time stamp `pts_s` was taken, in the seconds of `arrived_s`."""
        pts_s *= 1 + self.drift
        step_s = pts_s - self._pts_s
        if step_s < -BACK_S or step_s > arrived_s - self._arrived_s + AHEAD_S:
            self._offset_s = float("inf")
            self._track = Track()
        self._pts_s = pts_s
        offset_s = arrived_s - pts_s
        expected_s = self._offset_s + self.DRIFT * (arrived_s - self._arrived_s)
        self._arrived_s = arrived_s
        self._offset_s = min(offset_s, expected_s)
        self._track.add(pts_s, arrived_s)
        return pts_s + self._offset_s

    def measured(self) -> float | None:
        """Return the drift of the stream's clock where its pictures came as steadily as a clock, else None."""
        drift = self._track.drift()
        return None if drift is None else (1 + self.drift) * (1 + drift) - 1


@dataclass
class Track:
    """When the pictures of a stream came, against their time stamps: one point for each half second."""

    EVERY_S = 0.5

    def __post_init__(self) -> None:
        self._points: list[tuple[float, float]] = []

    def add(self, pts_s: float, arrived_s: float) -> None:
        """Take a picture; of each half second the soonest counts."""
        if not self._points or pts_s - self._points[-1][0] >= self.EVERY_S:
            self._points.append((pts_s, arrived_s))
        del self._points[:-120]

    def drift(self) -> float | None:
        """Return how much longer a second of the stream lasts; None where that is not steady, or not known yet."""
        points = self._points[1:]  # what was buffered comes at once at first
        if len(points) < 3 or (span_s := points[-1][0] - points[0][0]) < LEAST_S:
            return None
        slope = (points[-1][1] - points[0][1]) / span_s
        first_pts_s, first_s = points[0]
        off_s = max(abs(came_s - first_s - slope * (pts_s - first_pts_s)) for pts_s, came_s in points)
        drift = slope - 1
        return drift if off_s < STEADY_S and abs(drift) <= MOST_DRIFT else None


class Drift:
    """How much slower than ours a stream's clock runs, learnt over its connections; 0 where it is not known."""

    def __init__(self) -> None:
        self.value = 0.0
        self._before: float | None = None

    def learn(self, measured: float | None, shown: str) -> None:
        """Take what was measured of a connection; twice the same is its clock, and no slow line."""
        if measured is None:
            return
        if self._before is not None and abs(self._before - measured) < ALIKE:
            self.value = measured
            log.warning("%s: its clock is %.1f %% slow; it is followed", shown, 100 * measured)
        self._before = measured


class Pace:
    """Says when the pictures of a stream are due that hands them out sooner than they were taken."""

    def __init__(self) -> None:
        self._offset_s: float | None = None
        self._pts_s = 0.0

    def due(self, pts_s: float, now_s: float) -> float:
        """Return when a picture is due; one that is late, or whose time stamp jumps, is due now."""
        step_s = pts_s - self._pts_s
        late = self._offset_s is not None and now_s - self._offset_s - pts_s > RESYNC_S
        if self._offset_s is None or late or not 0 <= step_s <= HOLE_S:
            self._offset_s = now_s - pts_s
        self._pts_s = pts_s
        return self._offset_s + pts_s
