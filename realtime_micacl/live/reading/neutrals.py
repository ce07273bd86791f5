"""The own neutral faces of all tracks, and what a person says of them: this is neutral, now.

Asked for, the shapes of five seconds are taken for the neutral face, as sure as after SURE_TICKS neutral ticks;
from then on it goes on learning as any other. It can raise what was missed as well as lower what was not there. The
seconds are refused where too little was read, and where the face did not keep still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from realtime_micacl.inference.sidecar import Shape
from realtime_micacl.live.reading.baseline import FORGET_S, SECONDS, Ask, Asks
from realtime_micacl.live.reading.lopsided import Lopsided
from realtime_micacl.live.reading.neutral import Neutral, own_changes, strange
from realtime_micacl.types import F32, Bag, Baseline

LEAST = 0.3  # of the ticks in these seconds
SURE_TICKS = 125.0  # ten seconds
STILL = 0.03  # how far the points of a face may move about their mean, in distances between the eyes, on average


@dataclass(eq=False)
class _Track:
    neutral: Neutral
    state: Baseline = Baseline.NONE
    seen_s: float | None = None
    since_s: float | None = None
    rows: list[F32] = field(default_factory=list)


class Neutrals:
    """Own neutral faces; `each` asks for every track at its first reading, unasked."""

    def __init__(self, shape: Shape, tick_s: float, *, each: bool, asked: Ask) -> None:
        """Take what was `asked` for before."""
        self._shape, self._tick_s, self._each, self._asks = shape, tick_s, each, Asks(asked)
        self._mean, self._lips = np.asarray(shape.mean, np.float32), Lopsided(shape)
        self._tracks: dict[int, _Track] = {}

    def ask(self, ask: Ask, present: Sequence[int]) -> None:
        """Begin with the tracks that are present and meant; where one has begun or is set, drop what they have."""
        meant = self._asks.meant(ask, present)
        known = [self._tracks[track_id] for track_id in meant if track_id in self._tracks]
        drops = any(track.state in (Baseline.SET, Baseline.TAKING) for track in known)
        for track_id in meant:
            track = self._track(track_id)
            track.state, track.since_s, track.rows = Baseline.NONE if drops else Baseline.TAKING, None, []
            if drops:
                track.neutral = self._fresh()

    def changes(self, bag: Bag) -> F32:
        """Return the shapes of a bag less the track's own neutral face, and how well that is known, [N*L,3P+1]."""
        assert bag.shapes is not None
        neutral = self._track(bag.track_id).neutral
        return own_changes(bag.shapes, neutral.shape, neutral.trust)

    def second_due(self, bag: Bag) -> bool:
        """Whether a bag is to be read a second time, as if nobody knew the face."""
        return self._track(bag.track_id).neutral.second_due

    def strange(self, bag: Bag) -> F32:
        """Return what `changes` would be if nobody knew the face yet."""
        assert bag.shapes is not None
        return strange(bag.shapes, self._mean)

    def lopsided(self, bag: Bag) -> float:
        """Return how far the lips of a bag's newest shape have moved to one side, 0 to 1."""
        assert bag.shapes is not None
        change = bag.shapes[-1] - self._track(bag.track_id).neutral.shape
        return self._lips.share(change, 0.0 if bag.head is None else float(bag.head[0]))

    def learn(self, bag: Bag, own: F32, second: F32 | None) -> tuple[float, Baseline]:
        """Take in the newest shape of a bag with the shares [K] of its reading and, where one was due, the second.

        Return how well the face is known, 0 to 1, and how it stands with what a person asked for.
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
        elif moved > STILL:
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
