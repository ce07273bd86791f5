"""The figures of a face and of a session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realtime_micacl.report.session import Face, Session
from realtime_micacl.types import EMOTIONS, GAP_S, UNSURE, State


@dataclass(frozen=True)
class Figures:
    """The figures of one face, or of several together."""

    readings: int
    seen_s: float
    words: dict[str, float]
    """The share of the readings for each word, `unsure` among them; together 1."""
    means: dict[str, float]
    flips: int
    quality: float
    missed: float
    """The share of the readings that were due but did not come."""
    latency_s: tuple[float, float] | None
    """The median and the 95th percentile; None if none was recorded."""

    @property
    def flips_per_min(self) -> float:
        """The changes of word per minute in which the face was seen."""
        return 60 * self.flips / self.seen_s if self.seen_s else 0.0


def figures_of(faces: list[Face]) -> Figures:
    """Return the figures of faces taken together; there must be at least one reading."""
    leads, shares = np.concatenate([f.leads for f in faces]), np.concatenate([f.shares for f in faces])
    quality, latency = np.concatenate([f.quality for f in faces]), np.concatenate([f.latency_s for f in faces])
    names = {**dict(enumerate(EMOTIONS)), -1: UNSURE}
    flips, seen_s, due, there = 0, 0.0, 0, 0
    for face in faces:
        steps = np.diff(face.times_s)
        flips += int(np.count_nonzero(np.diff(face.leads)))
        within = steps[(steps > 0) & (steps <= GAP_S)]
        seen_s += float(within.sum())
        if len(within):
            due += int(np.rint(within / np.median(within)).clip(1).sum())
            there += len(within)
    timed = latency[np.isfinite(latency)]
    return Figures(
        readings=len(leads),
        seen_s=seen_s,
        words={name: float(np.mean(leads == index)) for index, name in names.items()},
        means={name: float(share) for name, share in zip(EMOTIONS, shares.mean(axis=0), strict=True)},
        flips=flips,
        quality=float(quality.mean()),
        missed=1 - there / due if due else 0.0,
        latency_s=(float(np.median(timed)), float(np.percentile(timed, 95))) if len(timed) else None,
    )


def seconds_in(session: Session) -> dict[State, float]:
    """Return the seconds in each state, summed over the sources of a session."""
    found: dict[State, float] = {}
    for changes in session.states.values():
        ends = [time_s for time_s, *_ in changes[1:]] + [session.end_s]
        for (time_s, state, _), end_s in zip(changes, ends, strict=True):
            found[state] = found.get(state, 0.0) + max(0.0, end_s - time_s)
    return found
