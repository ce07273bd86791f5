"""The files for the readings of a clip: JSON Lines, CSV or Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from realtime_micacl.installed import require
from realtime_micacl.live.records.record import ANGLES, Clock
from realtime_micacl.live.records.rows import BOX, WEIGHT, as_row, columns
from realtime_micacl.live.records.sinks import Sink, csv_rows, json_lines
from realtime_micacl.types import EMOTIONS, Event
from realtime_micacl.wording import spelled

Form = Literal["jsonl", "csv", "parquet"]
FORMS: tuple[Form, ...] = ("jsonl", "csv", "parquet")
GROUP = 4096  # rows that are written at a time
TEXTS, FLAGS, WHOLE = ("state", "detail", "emotion", "source"), ("baseline", "still"), ("track", "slot", "frame", *BOX)


@contextmanager
def table(path: Path, form: Form, instances: int, clip: str) -> Iterator[Sink]:
    """Open a new file for the readings of a clip, without a wall clock: the same readings give the same bytes."""
    if form == "parquet":
        with _parquet(path, instances, clip) as sink:
            yield sink
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        yield json_lines(stream, Clock()) if form == "jsonl" else csv_rows(stream, Clock(), instances)


def check_form(form: Form) -> None:
    """Raise ConfigError if the package that a form needs is not installed."""
    if form == "parquet":
        require("pyarrow", "parquet", "--format parquet")


@contextmanager
def _parquet(path: Path, instances: int, clip: str) -> Iterator[Sink]:
    """Write the columns of CSV, typed, and before them the clip's name."""
    pa, parquet = require("pyarrow", "parquet", "--format parquet"), require("pyarrow.parquet", "parquet")
    names = columns(instances)
    schema = arrow_schema(pa, instances).insert(0, pa.field("clip", pa.string()))
    rows: list[dict[str, Any]] = []

    def flush() -> None:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        rows.clear()

    def write(event: Event) -> None:
        row = as_row(event, Clock())
        flags = {name: bool(row.get(name)) for name in FLAGS}
        rows.append({name: row.get(name) for name in names} | flags | {"clip": spelled(clip)})
        if len(rows) >= GROUP:
            flush()

    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        yield write
        flush()


def arrow_schema(pa: Any, instances: int) -> Any:
    """Return the columns of CSV as an Arrow schema."""
    return pa.schema([(name, _type(pa, name)) for name in columns(instances)])


def _type(pa: Any, name: str) -> Any:
    """Return the type of a column."""
    if name in TEXTS:
        return pa.string()
    if name in FLAGS:
        return pa.bool_()
    if name in WHOLE or name == "latency_ms":
        return pa.int64()
    small = name in (*EMOTIONS, *ANGLES, "quality", "coverage", "known") or name.startswith(WEIGHT)
    return pa.float32() if small else pa.float64()
