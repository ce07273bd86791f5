"""Turns records into rows of CSV and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from realtime_micacl.live.records.record import ANGLES, SCHEMA, Clock, Record, as_record
from realtime_micacl.types import EMOTIONS, Event

WEIGHT = "importance_"
BOX = ("box_left", "box_top", "box_right", "box_bottom")
EMPTY = ("", "NA", "NaN")  # as R and pandas write cells that were empty; "nan" may be a text
ADDED = ("time_unix", "slot", "still", "known", "frame", *BOX, *ANGLES)  # the columns that form 2 added, in order


def columns(instances: int) -> list[str]:
    """Return the names of the columns of CSV, in order."""
    names = ["time_s", "track", "state", "detail", "emotion", *EMOTIONS]
    names += [f"{WEIGHT}{i + 1}" for i in range(instances)]
    return [*names, "quality", "coverage", "latency_ms", "source", "baseline", *ADDED]


def as_row(event: Event, clock: Clock) -> dict[str, Any]:
    """Return an event as a row of CSV, by the names of its columns."""
    fields = as_record(event, clock)
    fields |= fields.pop("probabilities", {}) | fields.pop("head", {})
    fields |= dict(zip(BOX, fields.pop("box", ()), strict=False))
    return fields | {f"{WEIGHT}{i + 1}": w for i, w in enumerate(fields.pop("importance", ()))}


def from_row(row: Mapping[str, str]) -> Record:
    """Return the record of a row of CSV, by column; raise msgspec.ValidationError if it is not one."""
    given = {name: value for name, value in row.items() if value not in EMPTY}
    weights = sorted((name for name in given if name.startswith(WEIGHT)), key=lambda name: (len(name), name))
    fields: dict[str, Any] = {name: value for name, value in given.items() if name not in (*EMOTIONS, *weights)}
    if shares := {name: given[name] for name in EMOTIONS if name in given}:
        fields["probabilities"] = shares
    for name, columns_of in (("box", BOX), ("head", ANGLES)):
        parts = {column: fields.pop(column) for column in columns_of if column in fields}
        if parts:
            fields[name] = parts if name == "head" else list(parts.values())
    if weights:
        fields["importance"] = [given[name] for name in weights]
    for mark in {"baseline", "still"} & fields.keys():
        fields[mark] = {"True": True}.get(fields[mark], fields[mark])
    return msgspec.convert({"schema": SCHEMA, "track": None} | fields, Record, strict=False)
