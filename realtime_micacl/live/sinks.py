"""Where readings go: numbers only, one line each, never a picture."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from realtime_micacl.errors import ConfigError
from realtime_micacl.types import EMOTIONS, Event, Mark, StateChange

SCHEMA = 1
Sink = Callable[[Event], None]
Tape = Callable[[Event | Mark], None]
"""A sink that holds what a person marked as well."""


def as_record(event: Event | Mark, origin_s: float) -> dict[str, Any]:
    """Return an event as the dictionary that JSON Lines holds; times count from `origin_s`."""
    track = None if isinstance(event, Mark) else event.track_id
    record: dict[str, Any] = {"schema": SCHEMA, "time_s": round(event.time_s - origin_s, 3), "track": track}
    if isinstance(event, Mark):
        return record | {"state": "marker", "detail": str(event.number)}
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
    return record


def json_lines(stream: TextIO, origin_s: float) -> Tape:
    """Return a sink that writes each event as one line of JSON, at once."""

    def write(event: Event | Mark) -> None:
        stream.write(json.dumps(as_record(event, origin_s)) + "\n")
        stream.flush()

    return write


def csv_rows(stream: TextIO, origin_s: float, instances: int) -> Tape:
    """Return a sink that writes each event as one row of CSV, at once, under a header."""
    names = ["time_s", "track", "state", "detail", "emotion", *EMOTIONS]
    names += [f"importance_{i + 1}" for i in range(instances)] + ["quality", "coverage", "latency_ms"]
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
def recording(path: Path, origin_s: float, instances: int) -> Iterator[Tape]:
    """Open a recording, .jsonl or .csv by its ending, and close it in the end; never overwrite a file."""
    if path.suffix.lower() not in (".jsonl", ".csv"):
        raise ConfigError(f"--record {path}: the ending must be .jsonl or .csv")
    try:
        stream = path.open("x", encoding="utf-8", newline="")
    except FileExistsError:
        raise ConfigError(f"--record {path}: it exists and is not overwritten; name another or remove it") from None
    except OSError as cause:
        raise ConfigError(f"--record {path} cannot be written: {cause.strerror}; check the folder") from cause
    with stream:
        if path.suffix.lower() == ".csv":
            yield csv_rows(stream, origin_s, instances=instances)
        else:
            yield json_lines(stream, origin_s)
