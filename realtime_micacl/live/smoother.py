"""Calm readings: smoothing over time, and a leading emotion that changes only when it is clear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime_micacl.types import F32

FORGET_S = 0.5  # a reading after a longer pause starts afresh
MARGIN = 0.08  # by how much another emotion must lead before it replaces the shown one
MOST_SMOOTHING_S, MOST_ABSTAINING = 10.0, 0.95
BAND = 0.03  # half the width of the abstention threshold's hysteresis


@dataclass
class Tuning:
    """What a person may change while it runs: the window writes, the recognize thread reads once per batch."""

    smoothing_s: float
    abstain_below: float


@dataclass(eq=False)
class _Memory:
    time_s: float
    probabilities: F32
    leader: int
    sure: bool


class Smoother:
    """Per track: an exponential average over capture time and a leader with hysteresis."""

    def __init__(self, *, abstain_below: float, time_constant_s: float) -> None:
        self._abstain_below = abstain_below
        self._time_constant_s = time_constant_s
        self._memory: dict[int, _Memory] = {}

    def tune(self, tuning: Tuning) -> None:
        """Take over what a person has chosen, within limits; the next reading is the first that it holds for."""
        self._time_constant_s = min(max(tuning.smoothing_s, 0.0), MOST_SMOOTHING_S)
        self._abstain_below = min(max(tuning.abstain_below, 0.0), MOST_ABSTAINING)

    def update(self, track_id: int, time_s: float, probabilities: F32) -> tuple[F32, int | None]:
        """Return the smoothed distribution [K] and the index of the leading emotion, None when unsure."""
        self._memory = {i: m for i, m in self._memory.items() if abs(time_s - m.time_s) <= FORGET_S}
        last = self._memory.get(track_id)
        if last is None:
            smooth, leader, sure = probabilities, int(np.argmax(probabilities)), False
        else:
            smooth = self._average(last, time_s, probabilities)
            leader = int(np.argmax(smooth))
            if smooth[leader] <= smooth[last.leader] + MARGIN:
                leader = last.leader
            sure = last.sure and leader == last.leader
        threshold = self._abstain_below + (-BAND if sure else BAND if last else 0.0)
        sure = bool(smooth[leader] >= threshold)
        self._memory[track_id] = _Memory(time_s, smooth, leader, sure)
        return smooth, leader if sure else None

    def _average(self, last: _Memory, time_s: float, probabilities: F32) -> F32:
        if self._time_constant_s <= 0:
            return probabilities
        keep = float(np.exp(-max(0.0, time_s - last.time_s) / self._time_constant_s))
        return np.asarray(keep * last.probabilities + (1 - keep) * probabilities, np.float32)
