"""A recording as numbers to draw: its faces, the states of its scene, its markers, and where it came from."""

from __future__ import annotations

import json
import math
from array import array
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from realtime_micacl.errors import SourceError
from realtime_micacl.installed import require
from realtime_micacl.live.records.reader import First, read_recording
from realtime_micacl.live.records.record import BACK_S
from realtime_micacl.live.records.recording import origin_file
from realtime_micacl.live.records.rows import from_row
from realtime_micacl.types import EMOTIONS, EmotionDistribution, Event, Mark, State, StateChange
from realtime_micacl.wording import why

F64 = npt.NDArray[np.float64]
NAN = float("nan")


@dataclass
class Face:
    """The readings of one track, oldest first."""

    source: str
    track: int
    _times: array[float] = field(default_factory=lambda: array("d"))
    _values: array[float] = field(default_factory=lambda: array("f"))

    def add(self, reading: EmotionDistribution) -> None:
        """Take the next reading."""
        lead = EMOTIONS.index(reading.emotion) if reading.emotion else -1
        latency_s = NAN if reading.latency_s is None else reading.latency_s
        self._times.append(reading.time_s)
        self._values.extend((*reading.probabilities, reading.quality, latency_s, lead))

    @property
    def times_s(self) -> F64:
        """The times of the readings, [n]."""
        return np.frombuffer(self._times, np.float64)

    @property
    def shares(self) -> npt.NDArray[np.float32]:
        """The shares of the emotions, [n,K]."""
        return self._table()[:, : len(EMOTIONS)]

    @property
    def quality(self) -> npt.NDArray[np.float32]:
        """The quality of the face, [n]."""
        return self._table()[:, -3]

    @property
    def latency_s(self) -> npt.NDArray[np.float32]:
        """The latencies, NaN if none was recorded, [n]."""
        return self._table()[:, -2]

    @property
    def leads(self) -> npt.NDArray[np.int64]:
        """Index of the word, -1 for unsure, [n]."""
        return self._table()[:, -1].astype(np.int64)

    def _table(self) -> npt.NDArray[np.float32]:
        return np.frombuffer(self._values, np.float32).reshape(-1, len(EMOTIONS) + 3)


@dataclass
class Session:
    """What a recording holds."""

    name: str
    faces: dict[tuple[str, int], Face] = field(default_factory=dict)
    states: dict[str, list[tuple[float, State, str]]] = field(default_factory=dict)
    """By source: time, state and detail of each change."""
    marks: list[Mark] = field(default_factory=list)
    origin: dict[str, Any] = field(default_factory=dict)
    """The fields of the recording's Hello, or of process.json; empty without one."""
    start_s: float = 0.0
    end_s: float = 0.0
    has_events: bool = False

    def take(self, event: Event) -> None:
        """Take the next event."""
        self.start_s = min(self.start_s, event.time_s) if self.has_events else event.time_s
        self.end_s = max(self.end_s, event.time_s) if self.has_events else event.time_s
        self.has_events = True
        match event:
            case EmotionDistribution():
                key = event.source, event.track_id
                self.faces.setdefault(key, Face(*key)).add(event)
            case StateChange() if event.track_id is None:
                self.states.setdefault(event.source, []).append((event.time_s, event.state, event.detail))
            case Mark():
                self.marks.append(event)


def read_session(paths: Iterable[Path]) -> Session:
    """Read recordings that follow one another as one, in the order of their times.

    Raise SourceError if one is not a recording, if two overlap in time, or if all are empty.
    """
    begun = sorted(((_begins_s(file), file) for file in paths), key=itemgetter(0))
    (since_s, before), files = begun[0], [file for _, file in begun]
    session = Session(before.name)
    for at_s, file in begun:
        if session.has_events and at_s < session.end_s - min(BACK_S, (session.end_s - since_s) / 2):
            raise SourceError(f"{file} and {before} overlap in time, so they are of two runs: make a page of each")
        since_s, before = at_s, file
        for event in _events(file):
            session.take(event)
        session.origin = session.origin or origin_of(file)
    if not session.has_events:
        raise SourceError(f"{files[0]} is empty; nothing was recorded")
    return session


def origin_of(file: Path) -> dict[str, Any]:
    """Return where a recording comes from: from its first line, the file beside it, or a process.json above it."""
    try:
        if file.suffix.lower() == ".jsonl":
            with file.open("rb") as stream:
                return dict(
                    msgspec.to_builtins(msgspec.json.decode(stream.readline().removeprefix(BOM_UTF8), type=First).hello)
                )
        return dict(json.loads(origin_file(file).read_text("utf-8"))["hello"])
    except (OSError, ValueError, KeyError, TypeError, msgspec.MsgspecError):
        pass
    for folder in file.resolve().parents[:8]:
        if (made := folder / "process.json").is_file():
            try:
                return dict(json.loads(made.read_text("utf-8")))
            except (OSError, ValueError, TypeError):
                return {}
    return {}


def _begins_s(file: Path) -> float:
    """Return the first time in a recording; minus infinity if it is empty."""
    return next((event.time_s for event in _events(file)), -math.inf)


def _events(file: Path) -> Iterator[Event]:
    if file.suffix.lower() != ".parquet":
        yield from read_recording(file)
        return
    parquet = require("pyarrow.parquet", "parquet", f"reading {file.name}")
    try:
        rows = parquet.read_table(file).to_pylist()
        for row in rows:
            row.pop("clip", None)
            given = {name: value for name, value in row.items() if value is not None and value is not False}
            yield from_row({name: str(value) for name, value in given.items()}).event()
    except (OSError, ValueError, msgspec.MsgspecError) as cause:
        raise SourceError(f"{file} is not a recording of this program: {why(cause)}") from cause
