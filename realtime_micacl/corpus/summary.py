"""Sums up the readings of a clip: a row for the clip and one for each face."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from realtime_micacl.types import EMOTIONS, GAP_S, UNSURE, EmotionDistribution, Event, State, StateChange

COLUMNS = (
    *("clip", "track", "tracks", "first_s", "last_s", "face_s", "readings", "word"),
    *(f"share_{word}" for word in (*EMOTIONS, UNSURE)),
    *(f"mean_{emotion}" for emotion in EMOTIONS),
    *("flips", "flips_per_min", "quality", "coverage", "note"),
)


class Track:
    """The readings of one face, added up."""

    def __init__(self, first_s: float) -> None:
        self.first_s = self.last_s = first_s
        self.seen_s = 0.0
        self.words = Counter[str]()
        self.flips = 0
        self._word = ""
        self._sums = np.zeros(len(EMOTIONS) + 2)

    def add(self, reading: EmotionDistribution) -> None:
        """Take the next reading."""
        word = reading.emotion or UNSURE
        step_s = reading.time_s - self.last_s
        if 0 < step_s <= GAP_S:
            self.seen_s += step_s
        self.flips += self._word not in ("", word)
        self._word, self.last_s = word, reading.time_s
        self.words[word] += 1
        self._sums += (*reading.probabilities, reading.quality, reading.coverage)

    def joined(self, other: Track) -> Track:
        """Return both as if they were one face."""
        both = Track(min(self.first_s, other.first_s))
        both.last_s = max(self.last_s, other.last_s)
        both.seen_s, both.flips = self.seen_s + other.seen_s, self.flips + other.flips
        both.words, both._sums = self.words + other.words, self._sums + other._sums
        return both

    def row(self) -> dict[str, Any]:
        """Return the row of the summary, by column."""
        count = self.words.total()
        means = [round(float(value) / count, 4) for value in self._sums]
        shares = {f"share_{word}": round(self.words[word] / count, 4) for word in (*EMOTIONS, UNSURE)}
        return {
            "first_s": round(self.first_s, 3),
            "last_s": round(self.last_s, 3),
            "face_s": round(self.seen_s, 3),
            "readings": count,
            "word": max((*EMOTIONS, UNSURE), key=lambda word: self.words[word]),
            **shares,
            **{f"mean_{name}": mean for name, mean in zip(EMOTIONS, means, strict=False)},
            "flips": self.flips,
            "flips_per_min": round(60 * self.flips / self.seen_s, 2) if self.seen_s else 0.0,
            "quality": means[-2],
            "coverage": means[-1],
        }


class Summary:
    """A sink that sums up the readings of a clip."""

    def __init__(self, clip: str) -> None:
        self._clip = clip
        self._tracks: dict[int, Track] = {}
        self._detail = ""

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, EmotionDistribution):
            self._tracks.setdefault(event.track_id, Track(event.time_s)).add(event)
        elif isinstance(event, StateChange) and event.state is State.ENDED:
            self._detail = event.detail

    def rows(self, notes: str) -> list[dict[str, Any]]:
        """Return the row of the clip, with notes, and a row for each face."""
        note = "; ".join(filter(None, (self._detail, notes)))
        whole: dict[str, Any] = {"clip": self._clip, "tracks": len(self._tracks), "readings": 0, "note": note}
        joined: Track | None = None
        for track in self._tracks.values():
            joined = joined.joined(track) if joined else track
        faces = [{"clip": self._clip, "track": number, **track.row()} for number, track in self._tracks.items()]
        return [{**whole, **(joined.row() if joined else {})}, *faces]
