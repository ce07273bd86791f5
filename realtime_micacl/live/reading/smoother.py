"""Calm readings: smoothing over time, and a leading emotion that changes only when it is clear."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from realtime_micacl.config import MOST_SMOOTHING_S
from realtime_micacl.live.reading.baseline import BaselineRequest
from realtime_micacl.types import F32, GAP_S

MARGIN = 0.08  # how far another emotion must be ahead of the leader to replace it
DWELL_S = 0.08  # how long another emotion must lead without a break before its word is shown: a tick
UNSURE_S = 0.88  # the same for "unsure", which says less and may come later
GRIMACE = 0.7  # how much of a lopsided face's shares is spread evenly over all emotions, as it shows none of them
GRIMACE_S = 1.0  # time constant with which that fades: between two grimaces there is little to read, either


@dataclass(frozen=True)
class Tuning:
    """What a person may change while it runs."""

    smoothing_s: float
    """0 to MOST_SMOOTHING_S; 0 turns it off."""
    abstain_below: float
    """0 to 1."""
    baseline: BaselineRequest = field(default_factory=BaselineRequest)

    def __post_init__(self) -> None:
        for name, most in (("smoothing_s", MOST_SMOOTHING_S), ("abstain_below", 1.0)):
            if not 0.0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be 0 to {most:g}")


@dataclass
class Tuned:
    """Holds the present tuning: the window replaces it as a whole, the recognize thread reads it once per batch."""

    now: Tuning


@dataclass(eq=False)
class _Memory:
    time_s: float
    probabilities: F32
    leader: int
    word: int | None
    """What is shown: the leader, or None while unsure, up to a dwell late."""
    due: int | None
    """What would be shown without the dwell."""
    since_s: float
    """Since when that has been so."""
    lopsided: float


class Smoother:
    """Per track: an exponential average over capture time, a leader with hysteresis, and a word that does not flash.

    On its way from one emotion to another a face is unsure for a tick or two; the dwell keeps that off the screen.
    """

    def __init__(
        self,
        *,
        abstain_below: float,
        time_constant_s: float,
        margin: float = MARGIN,
        dwell_s: float = DWELL_S,
        unsure_s: float = UNSURE_S,
    ) -> None:
        self._abstain_below, self._margin = abstain_below, margin
        self._dwell_s, self._unsure_s = dwell_s, unsure_s
        self._time_constant_s = time_constant_s
        self._memory: dict[int, _Memory] = {}

    def tune(self, tuning: Tuning) -> None:
        """Use what a person has chosen, from the next reading on."""
        self._time_constant_s, self._abstain_below = tuning.smoothing_s, tuning.abstain_below

    def update(
        self, track_id: int, time_s: float, probabilities: F32, *, lopsided: float = 0.0, still: bool = False
    ) -> tuple[F32, int | None]:
        """Return the smoothed distribution [K] and the index of the emotion to show, None when unsure.

        The more `lopsided` a face is or just was, 0 to 1, the more evenly its shares are spread. A `still` is not
        smoothed: the reading before it is too far away in time.
        """
        self._memory = {i: m for i, m in self._memory.items() if abs(time_s - m.time_s) <= GAP_S}
        if still:
            self._memory.pop(track_id, None)
        last = self._memory.get(track_id)
        if last is not None:
            lopsided = max(lopsided, last.lopsided * float(np.exp(-max(0.0, time_s - last.time_s) / GRIMACE_S)))
        if lopsided:
            even = np.float32(GRIMACE * lopsided)
            probabilities = (1 - even) * probabilities + even / len(probabilities)
        if last is None:
            smooth, leader = probabilities, int(np.argmax(probabilities))
        else:
            smooth = self._average(last, time_s, probabilities)
            leader = int(np.argmax(smooth))
            if smooth[leader] <= smooth[last.leader] + self._margin:
                leader = last.leader
        due = leader if smooth[leader] >= self._abstain_below else None
        since_s = last.since_s if last and last.due == due else time_s
        word = due
        if last is not None and due != last.word:
            dwell_s = self._unsure_s if due is None else self._dwell_s
            word = due if time_s - since_s >= dwell_s - 1e-6 else last.word
        self._memory[track_id] = _Memory(time_s, smooth, leader, word, due, since_s, lopsided)
        return smooth, word

    def _average(self, last: _Memory, time_s: float, probabilities: F32) -> F32:
        if self._time_constant_s <= 0:
            return probabilities
        keep = float(np.exp(-max(0.0, time_s - last.time_s) / self._time_constant_s))
        return np.asarray(keep * last.probabilities + (1 - keep) * probabilities, np.float32)
