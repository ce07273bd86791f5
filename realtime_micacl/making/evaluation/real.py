"""Measures engines on photographs and clips of real people, beside the engine that ships."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import ConfigError
from realtime_micacl.files import replacing
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.making.evaluation.candidates import Candidate, read_candidates
from realtime_micacl.making.evaluation.photographs import photograph_predictions
from realtime_micacl.making.evaluation.predictions import Read, pooled
from realtime_micacl.making.evaluation.results import Result, result
from realtime_micacl.making.evaluation.stretches import Stretch, read_stretches, stretch_predictions
from realtime_micacl.making.evaluation.videos import BagCache, LiveReader
from realtime_micacl.making.figures import Comparison, RealRow
from realtime_micacl.making.figures import Real as RealFigures
from realtime_micacl.making.scores import compare, confusion, report, spread, uar, war

SHIPS = "the engine that ships"
HALF = 0
"""The half of the photographs to choose an engine with; the other half measures the chosen one."""
WHERE: tuple[Literal["photographs", "clips"], ...] = ("photographs", "clips")


@dataclass(frozen=True)
class Real:
    """Which photographs and clips are measured on."""

    photographs: Path | None
    clips: Path | None
    stretches: tuple[Stretch, ...]


def read_real(photographs: Path | None, stretches: Sequence[Path] | None) -> Real | None:
    """Return what to measure on, None for nothing; raise ConfigError if a file does not exist."""
    if photographs and not photographs.is_file():
        raise ConfigError(f"--photographs {photographs}: there is no such file")
    if not stretches:
        return Real(photographs, None, ()) if photographs else None
    clips, file = stretches
    return Real(photographs, clips, tuple(read_stretches(clips, file)))


class RealRows:
    """Makes rows of the table; the engines must share crop and window. Their readings are cached in `folder`."""

    def __init__(self, real: Real, folder: Path) -> None:
        self._real, self._folder, self._bags = real, folder, BagCache()
        self._shipped = replace(read_candidates([default_engine()])[0], name=SHIPS)

    def shipped(self) -> RealRow:
        """Return the row of the engine that ships."""
        return _row([self._results(self._shipped, None)])

    def row(self, name: str, engines: Sequence[Path]) -> RealRow:
        """Return the row of a system that has an engine for each seed."""
        candidates = [replace(one, name=name) for one in read_candidates(engines)]
        each = [self._results(candidate, self._bags) for candidate in candidates]
        row = _row(each)
        shipped = {one.where: one.read for one in self._results(self._shipped, None)}
        for where in WHERE:
            if where in row:
                reads = [one.read for found in each for one in found if one.where == where]
                row[where]["against"] = _against(shipped[where], reads)
        return row

    def _results(self, candidate: Candidate, bags: BagCache | None) -> list[Result]:
        """Return the results of a candidate; its readings are cached in a file."""
        about = repr((self._real, candidate.sidecar))
        file = self._folder / f"real-{hashlib.sha256(about.encode()).hexdigest()[:16]}.npz"
        if not file.is_file():
            with replacing(file) as part:
                np.savez(part, **_read(candidate, self._real, bags))  # type: ignore[arg-type]  # its other argument is no array
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


def _read(candidate: Candidate, real: Real, bags: BagCache | None) -> dict[str, npt.ArrayLike]:
    """Return the readings of a candidate as arrays."""
    found = {}
    with (
        closing(open_engine(candidate.folder, candidate.sidecar, "cpu")) as engine,
        closing(LiveReader(engine, candidate.sidecar, bags)) as reader,
    ):
        if real.photographs:
            found["photographs"] = photograph_predictions(reader, real.photographs, HALF)
        if real.clips:
            found["clips"] = stretch_predictions(reader, real.clips, real.stretches)
    arrays: dict[str, npt.ArrayLike] = {}
    for where, (read, about) in found.items():
        for name in ("names", "probabilities", "labels", "unread"):
            arrays[f"{where}/{name}"] = getattr(read, name)
        arrays[f"{where}/about"] = json.dumps(about)
    return arrays


def _row(each: Sequence[Sequence[Result]]) -> RealRow:
    """Return the row of a system from what each of its seeds scored."""
    row: RealRow = {"system": each[0][0].candidate, "seeds": len(each)}
    for where in WHERE:
        if seeds := [one for found in each for one in found if one.where == where]:
            row[where] = _figures(seeds)
    return row


def _figures(seeds: Sequence[Result]) -> RealFigures:
    """Return means over seeds, intervals over pictures and stretches, each of which is drawn with all seeds."""
    read, abouts = pooled([one.read for one in seeds]), [one.about for one in seeds]
    scores = report(read.probabilities, read.labels, np.unique(read.names, return_inverse=True)[1])
    matrices = [confusion(one.read.labels, one.read.probabilities.argmax(axis=1)) for one in seeds]
    found: RealFigures = {
        "n": seeds[0].scores["n"],
        "war": scores["war"],
        "war_95": scores["war_95"],
        "war_sd": spread([war(m) for m in matrices]),
        "uar": scores["uar"],
        "uar_95": scores["uar_95"],
        "uar_sd": spread([uar(m) for m in matrices]),
        "ece": scores["ece"],
        "words": sum(about["words"] for about in abouts),
        "words_shown": sum(about["words_shown"] for about in abouts),
        "words_wrong": sum(about["words_wrong"] for about in abouts),
    }
    if "changes" in abouts[0]:
        changes = sum(sum(about["changes"].values()) for about in abouts)
        found["changes_a_minute"] = round(60 * changes / sum(about["seconds"] for about in abouts), 1)
    return found


def _against(first: Read, seeds: Sequence[Read]) -> Comparison:
    """Return how seeds differ from what `first` read, wherever both read the same."""
    shared = [np.intersect1d(first.names, one.names, return_indices=True)[1:] for one in seeds]
    before = np.concatenate([i for i, _ in shared])
    after = np.concatenate([one.probabilities[j].argmax(axis=1) for one, (_, j) in zip(seeds, shared, strict=True)])
    return compare(first.labels[before], first.probabilities[before].argmax(axis=1), after, before)
