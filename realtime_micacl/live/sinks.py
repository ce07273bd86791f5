"""Where readings go: numbers only, one line each, never a picture."""

from __future__ import annotations

import csv
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

from realtime_micacl.errors import ConfigError
from realtime_micacl.types import EMOTIONS, Baseline, Event, Mark, State, StateChange

log = logging.getLogger(__name__)

SCHEMA = 1
Sink = Callable[[Event], None]
Tape = Callable[[Event | Mark], None]
"""A sink that holds what a person marked as well."""
TROUBLES = (State.STALLED, State.RECONNECTING, State.FAILED)


class Outlets:
    """Hands every event to every sink, with the name of its `source`, and each change of the scene to the log.

    A sink that cannot write is left out, and the rest goes on; `notice` then says so to whoever looks. `changes`
    counts how often each state was entered.
    """

    def __init__(self, sinks: Iterable[Sink], source: str = "") -> None:
        self._sinks, self._source = list(sinks), source
        self.notice = ""
        self.changes = Counter[State]()

    def write(self, events: Iterable[Event]) -> bool:
        """Hand on events; return False where whoever read our output has left."""
        read = True
        who = f"{self._source}: ".replace("%", "%%") if self._source else ""
        for event in [replace(event, source=self._source) for event in events]:
            if isinstance(event, StateChange) and event.track_id is None:
                self.changes[event.state] += 1
                level = logging.WARNING if event.state in TROUBLES else logging.INFO
                log.log(level, f"{who}{event.state}: %s", event.detail)  # to the calm log each state is a kind
            for sink in list(self._sinks):
                try:
                    sink(event)
                except BrokenPipeError:
                    read = False
                except OSError as cause:
                    self.notice = f"Nothing more is written: {cause.strerror or cause}"
                    log.error("%s; nothing more is written there, the rest goes on", cause)
                    self._sinks.remove(sink)
        return read


def as_record(event: Event | Mark, origin_s: float) -> dict[str, Any]:
    """Return an event as the dictionary that JSON Lines holds; times count from `origin_s`."""
    track = None if isinstance(event, Mark) else event.track_id
    record: dict[str, Any] = {"schema": SCHEMA, "time_s": round(event.time_s - origin_s, 3), "track": track}
    if isinstance(event, Mark):
        return record | {"state": "marker", "detail": str(event.number)}
    if event.source:
        record["source"] = event.source
    if isinstance(event, StateChange):
        record["state"] = str(event.state)
        if event.detail:
            record["detail"] = event.detail
        return record
    record["state"] = "live"
    record["emotion"] = event.emotion or "unsure"
    record["probabilities"] = {name: round(float(p), 4) for name, p in zip(EMOTIONS, event.probabilities, strict=True)}
    record["importance"] = [round(float(w), 3) for w in event.importance]
    record["quality"] = round(event.quality, 3)
    record["coverage"] = round(event.coverage, 3)
    if event.latency_s is not None:
        record["latency_ms"] = round(event.latency_s * 1e3)
    if event.baseline is Baseline.SET:
        record["baseline"] = True
    return record


def json_lines(stream: TextIO, origin_s: float) -> Tape:
    """Return a sink that writes each event as one line of JSON, at once."""

    def write(event: Event | Mark) -> None:
        stream.write(json.dumps(as_record(event, origin_s)) + "\n")
        stream.flush()

    return write


def one_at_a_time(sink: Sink) -> Sink:
    """Return a sink that several threads may call."""
    lock = Lock()

    def write(event: Event) -> None:
        with lock:
            sink(event)

    return write


def csv_rows(stream: TextIO, origin_s: float, instances: int) -> Tape:
    """Return a sink that writes each event as one row of CSV, at once, under a header."""
    names = ["time_s", "track", "state", "detail", "emotion", *EMOTIONS]
    names += [f"importance_{i + 1}" for i in range(instances)]
    names += ["quality", "coverage", "latency_ms", "source", "baseline"]
    writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()

    def write(event: Event | Mark) -> None:
        record = as_record(event, origin_s)
        record |= record.get("probabilities", {})
        record |= {f"importance_{i + 1}": w for i, w in enumerate(record.get("importance", ()))}
        writer.writerow(record)
        stream.flush()

    return write


@contextmanager
def recording(
    path: Path, origin_s: float, instances: int, *, rotate_mb: float | None = None, rotate_s: float | None = None
) -> Iterator[Tape]:
    """Open a recording, .jsonl or .csv by its ending, and close it in the end; never overwrite a file.

    After `rotate_mb` or `rotate_s` it goes on in another file, whose name has a number.
    """
    if path.suffix.lower() not in (".jsonl", ".csv"):
        raise ConfigError(f"--record {path}: the ending must be .jsonl or .csv")
    try:
        book = _Recording(path, origin_s, instances, (rotate_mb or inf) * 1e6, rotate_s or inf)
    except FileExistsError:
        raise ConfigError(f"--record {path}: it exists and is not overwritten; name another or remove it") from None
    except OSError as cause:
        raise ConfigError(f"--record {path} cannot be written: {cause.strerror}; check the folder") from cause
    try:
        yield book.write
    finally:
        book.close()


class _Recording:
    """A row of files, each begun when the one before is full."""

    def __init__(self, path: Path, origin_s: float, instances: int, limit_bytes: float, limit_s: float) -> None:
        self._path, self._origin_s, self._instances = path, origin_s, instances
        self._limit_bytes, self._limit_s = limit_bytes, limit_s
        self._number = 1
        self._begun_s: float | None = None
        self._begin(path)

    def write(self, event: Event | Mark) -> None:
        self._begun_s = event.time_s if self._begun_s is None else self._begun_s
        full = os.fstat(self._stream.fileno()).st_size >= self._limit_bytes
        if full or event.time_s - self._begun_s >= self._limit_s:
            self.close()
            self._begun_s = event.time_s
            self._begin(self._free_path())
        self._sink(event)

    def close(self) -> None:
        with suppress(OSError):  # a full disk was told when it was met
            self._stream.close()

    def _begin(self, path: Path) -> None:
        self._stream = path.open("x", encoding="utf-8", newline="")
        if path.suffix.lower() == ".csv":
            self._sink = csv_rows(self._stream, self._origin_s, self._instances)
        else:
            self._sink = json_lines(self._stream, self._origin_s)

    def _free_path(self) -> Path:
        while True:
            self._number += 1
            path = self._path.with_stem(f"{self._path.stem}-{self._number}")
            if not path.exists():
                return path
