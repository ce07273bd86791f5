"""Turns the time stamps of a file into times that start at 0 and always increase."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

LEAP_S = 60.0  # a gap longer than this, and than that many pictures, is where two recordings were joined
LEAP_PICTURES = 20
BACK_S = 0.5  # time stamps that go back by more than this have started over
STANDING = 2  # so many pictures in a row may repeat a time stamp


class FileClock:
    """Gives each picture of one file its time in seconds since the first.

    Gaps keep their length. A picture comes one step after the one before if it has no time stamp, or if the time stamps
    start over, leap or stand still.
    """

    def __init__(self, step_s: float, shown: str) -> None:
        """Take the usual time between pictures, and the name of the file for the log."""
        self._step_s, self._shown = step_s, shown
        self._offset_s = self._last_s = 0.0
        self._begun = self._warned = False
        self._standing = 0

    def time(self, stamp_s: float | None) -> float:
        """Return the time of the next picture; its time stamp is None if it has none."""
        if not self._begun:
            self._begun, self._offset_s = True, -(stamp_s or 0.0)
        elif stamp_s is None:
            self._last_s += self._step_s
        else:
            self._last_s = self._later(stamp_s)
        return self._last_s

    def _later(self, stamp_s: float) -> float:
        time_s = stamp_s + self._offset_s
        ahead_s = time_s - self._last_s
        if ahead_s > max(LEAP_S, LEAP_PICTURES * self._step_s) or ahead_s < -BACK_S:
            self._warn(ahead_s)
            return self._joined(stamp_s)
        if ahead_s > 0:
            self._standing = 0
            return time_s
        self._standing += 1
        return self._joined(stamp_s) if self._standing > STANDING else self._last_s + self._step_s / 4

    def _joined(self, stamp_s: float) -> float:
        """Return the time one step on; later time stamps count from there."""
        time_s = self._last_s + self._step_s
        self._offset_s = time_s - stamp_s
        return time_s

    def _warn(self, ahead_s: float) -> None:
        if not self._warned:
            kind = f"leap by {ahead_s:.0f} s" if ahead_s > 0 else "start over"
            log.warning(
                "%s: the time stamps %s at %.2f s; from there they are joined on", self._shown, kind, self._last_s
            )
        self._warned = True
