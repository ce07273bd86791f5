"""Moves the drawn bars smoothly towards the newest reading."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp

from realtime_micacl_ui.view import Bars, View

TIME_CONSTANT_S = 0.07
STEP_S = 1 / 60
SETTLED = 0.003  # a difference of a third of a percent cannot be seen


def eased(last: Mapping[int, Bars], view: View, elapsed_s: float, *, reduced: bool) -> Mapping[int, Bars]:
    """Return the bars that follow `last` after `elapsed_s`; `last` itself once they stand where the readings are.

    A face that was not drawn before starts at its reading; `reduced` motion puts every bar there at once.
    """
    keep = 0.0 if reduced else exp(-elapsed_s / TIME_CONSTANT_S)
    bars = {}
    for face in view.faces:
        reading = view.reading(face)
        if reading is not None:
            goal = tuple(reading.probabilities.tolist())
            bars[face.track_id] = _towards(last.get(face.track_id, goal), goal, keep)
    return last if bars == last else bars


def _towards(now: Bars, goal: Bars, keep: float) -> Bars:
    moved = tuple(g + (n - g) * keep for n, g in zip(now, goal, strict=True))
    return goal if max(abs(m - g) for m, g in zip(moved, goal, strict=True)) < SETTLED else moved
