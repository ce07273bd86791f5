"""`table`: readings as rows and columns, for pandas, Polars, Arrow and spreadsheets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from html import escape
from importlib import import_module
from typing import Any

from realtime_micacl.api.how import path_of
from realtime_micacl.corpus.tables import FLAGS, TEXTS, arrow_schema
from realtime_micacl.corpus.tables import WHOLE as COUNTS
from realtime_micacl.errors import ConfigError, StageFailed
from realtime_micacl.installed import adding, lacking
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.rows import as_row, columns
from realtime_micacl.live.records.sinks import csv_rows
from realtime_micacl.types import EMOTIONS, EmotionDistribution, Event
from realtime_micacl.wording import counted, why

WHOLE = (*COUNTS, "latency_ms")
OTHERS = (".xlsx", ".xls", ".ods", ".gz", ".zip", ".parquet", ".feather", ".json", ".jsonl", ".sav", ".dta", ".mat")
SHOWN = 20  # rows that a notebook shows
HEAD = ("time_s", "track", "state", "emotion", *EMOTIONS, "quality")


class Table:
    """Readings, a row each, under the columns of docs/schema.md; a notebook shows the first of them."""

    def __init__(self, events: Iterable[Event] | Event) -> None:
        """Take readings; changes of state and marks become rows as well."""
        self._events = readings_in(events, "table")
        weights = (len(e.importance) for e in self._events if isinstance(e, EmotionDistribution))
        self._instances = max(weights, default=0)
        self.columns = columns(self._instances)

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._events)

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows by the names of the columns; None where there is nothing."""
        rows = []
        for event in self._events:
            row = as_row(event, Clock())
            rows.append({name: bool(row.get(name)) if name in FLAGS else row.get(name) for name in self.columns})
        return rows

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV as `--record` does; a file that is there is written over."""
        file = path_of(path, "a file")
        if file.suffix.lower() in OTHERS:
            raise ConfigError(f"to_csv writes text, not {file.suffix}; name a .csv file, or take to_pandas()")
        try:
            with file.open("w", encoding="utf-8", newline="") as stream:
                write = csv_rows(stream, Clock(), self._instances)
                for event in self._events:
                    write(event)
        except OSError as cause:
            raise StageFailed(f"{file} cannot be written: {why(cause)}") from cause

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame; counts are Int64, which may be missing."""
        pandas, rows = _package("pandas"), self.rows()
        kinds = {name: "string" if name in TEXTS else "bool" if name in FLAGS else "float64" for name in self.columns}
        kinds |= dict.fromkeys(WHOLE, "Int64")
        series = {n: pandas.Series([row[n] for row in rows], dtype=kinds[n]) for n in self.columns}
        return pandas.DataFrame(series)

    def to_polars(self) -> Any:
        """Return a polars.DataFrame."""
        polars = _package("polars")
        text, flag, whole, number = polars.String, polars.Boolean, polars.Int64, polars.Float64
        schema = {
            name: text if name in TEXTS else flag if name in FLAGS else whole if name in WHOLE else number
            for name in self.columns
        }
        return polars.DataFrame(self.rows(), schema=schema)

    def to_arrow(self) -> Any:
        """Return a pyarrow.Table, typed as the Parquet files of `process` are."""
        pyarrow = _package("pyarrow")
        return pyarrow.Table.from_pylist(self.rows(), schema=arrow_schema(pyarrow, self._instances))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the first rows, and how often each word led."""
        rows, names = self.rows(), HEAD
        words = [str(row["emotion"]) for row in rows if row["emotion"]]
        shares = [f"{word} {words.count(word) / len(words):.0%}" for word in dict.fromkeys(words)]
        more = counted(len(rows), "row") + (f", the first {SHOWN} shown" if len(rows) > SHOWN else "")
        lines = ["".join(f"<td>{escape(_shown(row[name]))}</td>" for name in names) for row in rows[:SHOWN]]
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        header = "".join(f"<th>{name}</th>" for name in names)
        caption = ": ".join(part for part in (more, ", ".join(shares)) if part)
        return f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table><p>{caption}</p>"

    def __repr__(self) -> str:
        return f"<table of {counted(len(self), 'row')} and {len(self.columns)} columns>"


def readings_in(events: Iterable[Event] | Event, what: str) -> list[Event]:
    """Return readings, changes and marks, or one of them, as a list; raise ConfigError for anything else."""
    if not isinstance(events, Iterable | Event):
        raise ConfigError(f"a {what} is made of readings; this is of type {type(events).__name__}")
    found = [events] if isinstance(events, Event) else list(events)
    for event in found:
        if not isinstance(event, Event):
            raise ConfigError(f"a {what} is made of readings; there is one of type {type(event).__name__}")
    return found


def table(readings: Iterable[Event] | Event) -> Table:
    """Return readings as a table; an iterator is read to its end.

    >>> found = table(read("clip.mp4"))
    >>> frame = found.to_pandas()
    >>> len(frame) == len(found), frame["emotion"].mode()[0]
    (True, 'neutral')
    >>> found.to_csv("clip.csv")
    """
    return Table(readings)


def _package(name: str) -> Any:
    """Return a package that tables are made with; raise ConfigError where it is not installed or does not load."""
    try:
        return import_module(name)
    except Exception as cause:  # one that was made for another NumPy raises ValueError
        mend = adding(f"--upgrade {name}")
        raise ConfigError(f"this needs {name}, which {lacking(name, cause)}: {mend}") from cause


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
