"""Engines on faces of real people, photographs and stretches of clips, beside the engine that ships."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from realtime_micacl.errors import ConfigError
from realtime_micacl.files import replacing
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.making.evaluation.candidates import Candidate, read_candidates
from realtime_micacl.making.evaluation.photographs import photograph_predictions
from realtime_micacl.making.evaluation.predictions import Read
from realtime_micacl.making.evaluation.results import Result, compared, result
from realtime_micacl.making.evaluation.stretches import Stretch, read_stretches, stretch_predictions
from realtime_micacl.making.evaluation.videos import LiveReader, Seen

SHIPS = "the engine that ships"
HALF = 0
"""Of the photographs, the one to choose with; the other is for the engine that was chosen."""
WHERE = ("photographs", "clips")
KEPT = ("n", "war", "war_95", "uar", "uar_95", "ece", "words", "words_shown", "words_wrong")


@dataclass(frozen=True)
class Real:
    """What is to be read of real people."""

    photographs: Path | None
    clips: Path | None
    stretches: tuple[Stretch, ...]


def read_real(photographs: Path | None, stretches: Sequence[Path] | None) -> Real | None:
    """Return what is to be read, None for nothing; raise ConfigError where it is not there."""
    if photographs and not photographs.is_file():
        raise ConfigError(f"--photographs {photographs}: there is no such file")
    if not stretches:
        return Real(photographs, None, ()) if photographs else None
    clips, file = stretches
    return Real(photographs, clips, tuple(read_stretches(clips, file)))


class RealRows:
    """The rows of the engine that ships and of others, which have one crop and one window; `folder` keeps readings."""

    def __init__(self, real: Real, folder: Path) -> None:
        self._real, self._folder, self._seen = real, folder, Seen()
        self._shipped = replace(read_candidates([default_engine()])[0], name=SHIPS)

    def shipped(self) -> dict[str, Any]:
        """Return the row of the engine that ships."""
        return _row(self._results(self._shipped, None))

    def row(self, name: str, engine: Path) -> dict[str, Any]:
        """Return the row of an engine."""
        candidate = replace(read_candidates([engine])[0], name=name)
        found = self._results(candidate, self._seen)
        row = _row(found)
        for title, difference in compared(
            [*self._results(self._shipped, None), *found], self._shipped, candidate
        ).items():
            row[title.rpartition(" on ")[2]]["against"] = difference
        return row

    def _results(self, candidate: Candidate, seen: Seen | None) -> list[Result]:
        """Return what a candidate scores; what it reads of these pictures is kept."""
        about = repr((self._real, candidate.sidecar))
        file = self._folder / f"real-{hashlib.sha256(about.encode()).hexdigest()[:16]}.npz"
        if not file.is_file():
            with replacing(file) as part:
                np.savez(part, **_read(candidate, self._real, seen))
        with np.load(file) as stored:
            return [
                result(
                    candidate,
                    where,
                    Read(
                        tuple(stored[f"{where}/names"].tolist()),
                        stored[f"{where}/probabilities"],
                        stored[f"{where}/labels"],
                        None,
                        stored[f"{where}/unread"],
                    ),
                    json.loads(str(stored[f"{where}/about"])),
                )
                for where in WHERE
                if f"{where}/names" in stored
            ]


def _read(candidate: Candidate, real: Real, seen: Seen | None) -> dict[str, Any]:
    """Return what a candidate reads, as arrays."""
    found = {}
    with (
        closing(open_engine(candidate.folder, candidate.sidecar, "cpu")) as engine,
        closing(LiveReader(engine, candidate.sidecar, seen)) as reader,
    ):
        if real.photographs:
            found["photographs"] = photograph_predictions(reader, real.photographs, HALF)
        if real.clips:
            found["clips"] = stretch_predictions(reader, real.clips, real.stretches)
    arrays: dict[str, Any] = {}
    for where, (read, about) in found.items():
        for name in ("names", "probabilities", "labels", "unread"):
            arrays[f"{where}/{name}"] = getattr(read, name)
        arrays[f"{where}/about"] = json.dumps(about)
    return arrays


def _row(found: Sequence[Result]) -> dict[str, Any]:
    row: dict[str, Any] = {"system": found[0].candidate}
    for one in found:
        row[one.where] = {name: one.scores[name] for name in KEPT}
        if "changes" in one.scores:
            changes = 60 * sum(one.scores["changes"].values()) / one.scores["seconds"]
            row[one.where]["changes_a_minute"] = round(changes, 1)
    return row
