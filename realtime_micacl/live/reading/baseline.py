"""A person's own neutral face as baseline: five seconds of it shift the logits of this track from then on.

For engines that read no shapes; `neutrals.py` is for those that do.

Let z be the calibrated logits (those of the engine, divided by its temperature), d_e = z_e - z_neutral the log-odds of
an emotion against neutral, m_e and v_e its mean and variance over the readings of the five seconds, and w how many
windows without a common frame they hold. A neutral face is to read as neutral with a share of NEUTRAL, the rest spread
evenly: d_e = R = log((1 - NEUTRAL) / (K - 1) / NEUTRAL) at most. What this face shows beyond that is taken for its own,

    x_e = max(0, m_e - R) * P^2 / (P^2 + v_e / w),

the posterior mean of a person's offset under a normal prior of width P, and divided out from then on:

    z_e <- z_e - min(x_e, CAP).

A neutral face that reads as neutral is left alone; a baseline can only lower an emotion against neutral. The five
seconds are refused if there were too few readings, if the expression changed, or if even the shifted face would not
read as neutral: then it hardly was. A baseline belongs to a track and ends with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.types import EMOTIONS, F32, GAP_S, Baseline

SECONDS = 5.0
NEUTRAL = 0.8
PRIOR = 2.0  # log-odds
CAP = 1.0  # log-odds; if the face was not neutral its recall falls by .02, with 4 by .31 (tests/bench/baseline.py)
STEADY = 0.2  # the mean distance of the readings from their mean, as total variation, must not be above this
LEAST = 0.3  # share of the ticks in five seconds that must have a reading; neighbours share most of their frames
FORGET_S = 60.0  # how long a track is remembered after its last reading

PLACE = EMOTIONS.index("neutral")
OTHERS = np.arange(len(EMOTIONS)) != PLACE
REFERENCE = float(np.log((1 - NEUTRAL) / (len(EMOTIONS) - 1) / NEUTRAL))


@dataclass(frozen=True)
class BaselineRequest:
    """A person asks for a baseline, or to drop it. It is passed on as a value, so its number says whether it is new."""

    number: int = 0
    """One higher each time."""
    track_id: int | None = None
    """None: every face in the picture."""


class BaselineRequests:
    """Answers each request once."""

    def __init__(self, before: BaselineRequest) -> None:
        """Take the last request made `before` this session: it is not answered any more."""
        self._number = before.number

    def meant(self, request: BaselineRequest, present: Sequence[int]) -> list[int]:
        """Return which of the tracks that are present a new request is for; none if it was answered before."""
        if request.number == self._number:
            return []
        self._number = request.number
        return [track_id for track_id in present if request.track_id in (None, track_id)]


@dataclass(eq=False)
class _Track:
    state: Baseline
    unasked: bool
    """Whether it begins by itself, as --baseline has it, and not because a person asked."""
    seen_s: float = np.inf
    since_s: float | None = None
    """When the first of the collected readings was."""
    rows: list[tuple[float, F32]] = field(default_factory=list)
    """Their times and calibrated logits."""
    shift: F32 = field(default_factory=lambda: np.zeros(len(EMOTIONS), np.float32))


class Baselines:
    """The baselines of all tracks; `each` takes one from the first five good seconds of every track, unasked."""

    def __init__(self, spec: BagSpec, *, each: bool, asked: BaselineRequest) -> None:
        """Take the last request before this session, `asked`."""
        self._spec, self._each, self._requests = spec, each, BaselineRequests(asked)
        self._tracks: dict[int, _Track] = {}

    def request(self, request: BaselineRequest, present: Sequence[int]) -> None:
        """Begin to collect for the tracks that a request is for; if one of them has a baseline, drop theirs instead."""
        meant = self._requests.meant(request, present)
        known = [self._tracks[track_id] for track_id in meant if track_id in self._tracks]
        drops = any(t.state is Baseline.SET or (t.state is Baseline.TAKING and not t.unasked) for t in known)
        for track_id in meant:
            self._tracks[track_id] = _Track(Baseline.NONE if drops else Baseline.TAKING, unasked=False)

    def shifted(self, track_id: int, time_s: float, logits: F32) -> tuple[F32, Baseline]:
        """Return the calibrated logits [K] of a reading plus the track's shift, and the state of its baseline."""
        self._tracks = {i: t for i, t in self._tracks.items() if time_s - t.seen_s <= FORGET_S}
        if track_id not in self._tracks:
            self._tracks[track_id] = _Track(Baseline.TAKING if self._each else Baseline.NONE, unasked=True)
        track = self._tracks[track_id]
        track.seen_s = time_s
        if track.state is Baseline.TAKING:
            self._collect(track, time_s, logits)
        return np.asarray(logits + track.shift, np.float32), track.state

    def _collect(self, track: _Track, time_s: float, logits: F32) -> None:
        """Collect a reading; after five seconds decide on a shift, or on the reason why there is none."""
        if track.unasked:
            broken = track.rows and not 0 <= time_s - track.rows[-1][0] <= GAP_S
            track.rows = [] if broken else [row for row in track.rows if time_s - row[0] <= SECONDS]
            track.since_s = track.rows[0][0] if track.rows else None
        track.since_s = time_s if track.since_s is None else track.since_s
        track.rows.append((time_s, logits))
        if time_s - track.since_s < SECONDS - self._spec.tick_s:
            return
        enough = len(track.rows) >= LEAST * SECONDS / self._spec.tick_s
        rows = np.stack([row for _, row in track.rows])
        shift, state = offset(rows, windows=SECONDS / self._spec.span_s) if enough else (track.shift, Baseline.SPARSE)
        if state is Baseline.SET or not track.unasked:  # if nobody asked, it goes on until five seconds are good
            track.state, track.shift = state, shift
            track.rows.clear()


def offset(logits: F32, windows: float, cap: float = CAP) -> tuple[F32, Baseline]:
    """Return what to add to calibrated logits, [K], given those [n,K] of a neutral face, and SET or why not.

    `windows` is how many windows without a common frame the n readings come from, `cap` the largest shift.
    """
    nothing = np.zeros(logits.shape[1], np.float32)
    shares = softmax(logits)
    if np.abs(shares - shares.mean(axis=0)).sum(axis=1).mean() / 2 > STEADY:
        return nothing, Baseline.UNSTEADY
    odds = logits - logits[:, [PLACE]]
    mean, variance = odds.mean(axis=0), odds.var(axis=0)
    own = np.maximum(0, mean - REFERENCE) * PRIOR**2 / (PRIOR**2 + variance / windows)
    shift = np.where(OTHERS, -np.minimum(own, cap), 0)
    if (mean + shift)[OTHERS].max() > 0:
        return nothing, Baseline.UNLIKE
    return shift.astype(np.float32), Baseline.SET
