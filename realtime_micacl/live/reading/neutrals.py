"""The own neutral faces of all tracks, learnt by themselves (`neutral.py`) or set by a person.

When a person asks for it, the mean shape of the next five seconds becomes the neutral face, counted as SURE_TICKS
neutral ticks; from then on it goes on learning like any other. That can raise an emotion as well as lower it. The five
seconds are refused if there were too few readings, or if the face moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.live.reading.baseline import FORGET_S, LEAST, SECONDS, BaselineRequest, BaselineRequests
from realtime_micacl.live.reading.lopsided import Lopsided
from realtime_micacl.live.reading.neutral import Neutral, own_changes, strange
from realtime_micacl.types import F32, Bag, Baseline

SURE_TICKS = 125.0  # ten seconds
STEADY = 0.03  # how far the points of a face may be from their mean on average, in distances between the eyes


@dataclass(eq=False)
class _Track:
    neutral: Neutral
    state: Baseline = Baseline.NONE
    seen_s: float | None = None
    since_s: float | None = None
    rows: list[F32] = field(default_factory=list)


class Neutrals:
    """The neutral faces of all tracks; with `each`, every track is set at its first five seconds, unasked."""

    def __init__(self, shape: Shape, tick_s: float, *, each: bool, asked: BaselineRequest) -> None:
        """Take the last request before this session, `asked`."""
        self._shape, self._tick_s, self._each, self._requests = shape, tick_s, each, BaselineRequests(asked)
        self._mean, self._lips = np.asarray(shape.mean, np.float32), Lopsided(shape)
        self._tracks: dict[int, _Track] = {}

    def request(self, request: BaselineRequest, present: Sequence[int]) -> None:
        """Begin to collect for the tracks that a request is for; if one has begun or is set, drop theirs instead."""
        meant = self._requests.meant(request, present)
        known = [self._tracks[track_id] for track_id in meant if track_id in self._tracks]
        drops = any(track.state in (Baseline.SET, Baseline.TAKING) for track in known)
        for track_id in meant:
            track = self._track(track_id)
            track.state, track.since_s, track.rows = Baseline.NONE if drops else Baseline.TAKING, None, []
            if drops:
                track.neutral = self._fresh()

    def changes(self, bag: Bag) -> F32:
        """Return the shapes of a bag minus the track's neutral one, and how well that is known, [N*L,3P+1]."""
        assert bag.shapes is not None
        neutral = self._track(bag.track_id).neutral
        return own_changes(bag.shapes, neutral.shape, neutral.trust)

    def second_due(self, bag: Bag) -> bool:
        """Whether a bag is to be read a second time with `strange`, as `neutral.py` explains."""
        return self._track(bag.track_id).neutral.second_due

    def strange(self, bag: Bag) -> F32:
        """Return what `changes` would be for an unknown face, [N*L,3P+1]."""
        assert bag.shapes is not None
        return strange(bag.shapes, self._mean)

    def lopsided(self, bag: Bag) -> float:
        """Return how far the lips of a bag's newest shape have moved to one side, 0 to 1."""
        assert bag.shapes is not None
        change = bag.shapes[-1] - self._track(bag.track_id).neutral.shape
        return self._lips.share(change, 0.0 if bag.head is None else float(bag.head[0]))

    def learn(self, bag: Bag, own: F32, second: F32 | None) -> tuple[float, Baseline]:
        """Learn from the newest shape of a bag, with the shares [K] of its reading and, if due, of its second one.

        Return how well the face is known, 0 to 1, and the state of its baseline.
        """
        assert bag.shapes is not None
        self._tracks = {i: t for i, t in self._tracks.items() if bag.end_s - (t.seen_s or bag.end_s) <= FORGET_S}
        track = self._track(bag.track_id)
        elapsed_s = 0.0 if track.seen_s is None else bag.end_s - track.seen_s
        track.seen_s = bag.end_s
        track.neutral.read(bag.shapes[-1], own, second, elapsed_s)
        if track.state is Baseline.TAKING:
            self._collect(track, bag)
        return float(track.neutral.known), track.state

    def _collect(self, track: _Track, bag: Bag) -> None:
        assert bag.shapes is not None
        track.since_s = bag.end_s if track.since_s is None else track.since_s
        track.rows.append(bag.shapes[-1])
        if bag.end_s - track.since_s < SECONDS - self._tick_s:
            return
        rows = np.stack(track.rows)
        moved = np.linalg.norm((rows - rows.mean(axis=0)).reshape(len(rows), -1, 3), axis=2).mean()
        if len(rows) < LEAST * SECONDS / self._tick_s:
            track.state = Baseline.SPARSE
        elif moved > STEADY:
            track.state = Baseline.UNSTEADY
        else:
            track.neutral.take(rows.mean(axis=0), SURE_TICKS)
            track.state = Baseline.SET
        track.rows, track.since_s = [], None

    def _track(self, track_id: int) -> _Track:
        if track_id not in self._tracks:
            self._tracks[track_id] = _Track(self._fresh(), Baseline.TAKING if self._each else Baseline.NONE)
        return self._tracks[track_id]

    def _fresh(self) -> Neutral:
        return Neutral(self._mean, self._shape.prior, self._shape.half_s)
