"""What the timeline draws: the readings of the last minute, and the bag of the newest of them.

These values are replaced, never changed; they are only in memory, and written nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realtime_micacl.types import EMOTIONS, F32, U8, Bag, EmotionDistribution

SPAN_S = 60.0
HOLD_S = 0.3  # how long a reading holds if no other comes; times without a reading that holds are a gap
STEP_S = 0.15  # how often the timeline goes on, by 2 px
MAX_TRACKS = 24

F64 = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Past:
    """The readings of one track, oldest first."""

    times_s: F64
    """Times, [n]."""
    shares: F32
    """Shares of the emotions, [n,K]."""
    importance: F32
    """Weights of the instances, [n,N]."""
    leads: Ints
    """Index of the leading emotion, -1 for unsure, [n]."""

    def at(self, time_s: float) -> int | None:
        """Return the index of the reading that holds at `time_s`, or None in a gap."""
        (index,) = self.standing(np.array([time_s]))
        return int(index) if index >= 0 else None

    def standing(self, times_s: F64) -> Ints:
        """Return the index of the reading that holds at each time, -1 in a gap."""
        index = np.searchsorted(self.times_s, times_s, side="right") - 1
        fresh = times_s - self.times_s[np.maximum(index, 0)] <= HOLD_S
        return np.where((index >= 0) & fresh, index, -1)


@dataclass(frozen=True, eq=False)
class Weighed:
    """A bag with the weight of each of its instances."""

    bag: Bag
    importance: F32
    """Mean 1, oldest first, [N]."""

    @property
    def crops(self) -> U8:
        """One crop of each instance, its middle one, [N,S,S,3]."""
        return self.bag.crops[:, self.bag.crops.shape[1] // 2]

    @property
    def instance_s(self) -> float:
        """How long an instance is."""
        instances, frames = self.bag.crops.shape[:2]
        return float((self.bag.end_s - self.bag.start_s) / max(1, instances * frames - 1) * frames)


def is_new(reading: EmotionDistribution, fresh: Sequence[EmotionDistribution], pasts: Mapping[int, Past]) -> bool:
    """Say whether a reading is neither among `fresh` ones nor in `pasts`."""
    known = pasts.get(reading.track_id)
    return reading not in fresh and (known is None or reading.time_s > known.times_s[-1])


def is_read(bag: Bag, weighed: Mapping[int, Weighed]) -> bool:
    """Say whether the reading of a bag, or that of a later one of its track, has come."""
    return bag.track_id in weighed and bag.end_s <= weighed[bag.track_id].bag.end_s


def remember(pasts: Mapping[int, Past], readings: Iterable[EmotionDistribution], now_s: float) -> Mapping[int, Past]:
    """Return the pasts with new readings and without old tracks; `pasts` itself if nothing changes."""
    new = [reading for reading in readings if is_new(reading, (), pasts)]
    kept = {track_id: past for track_id, past in pasts.items() if now_s - past.times_s[-1] <= SPAN_S}
    if not new and len(kept) == len(pasts):
        return pasts
    for reading in new:
        kept[reading.track_id] = _with(kept.get(reading.track_id), reading)
    return dict(sorted(kept.items(), key=lambda item: item[1].times_s[-1])[-MAX_TRACKS:])


def weigh(
    last: Mapping[int, Weighed], bags: Iterable[Bag], readings: Iterable[EmotionDistribution]
) -> Mapping[int, Weighed]:
    """Return each track's newest bag whose reading has come; `last` itself if none is new."""
    by_end = {(bag.track_id, bag.end_s): bag for bag in bags}
    new = {}
    for reading in readings:
        bag = by_end.get((reading.track_id, reading.time_s))
        if bag and (reading.track_id not in last or last[reading.track_id].bag is not bag):
            new[reading.track_id] = Weighed(bag, reading.importance)
    return {**last, **new} if new else last


def _with(past: Past | None, reading: EmotionDistribution) -> Past:
    lead = EMOTIONS.index(reading.emotion) if reading.emotion else -1
    new = Past(
        np.array([reading.time_s]), reading.probabilities[None], reading.importance[None], np.array([lead], np.int64)
    )
    if past is None:
        return new
    first = int(np.searchsorted(past.times_s, reading.time_s - SPAN_S))
    return Past(
        np.append(past.times_s[first:], new.times_s),
        np.concatenate([past.shares[first:], new.shares]),
        np.concatenate([past.importance[first:], new.importance]),
        np.append(past.leads[first:], new.leads),
    )
