"""Strict reading of recordings: every line of a .jsonl or .csv file is what the program wrote, or it is refused."""

from __future__ import annotations

import csv
import logging
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from io import BufferedReader
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from realtime_micacl.errors import SourceError
from realtime_micacl.live.records.origin import Hello
from realtime_micacl.live.records.record import BACK_S, TEXT, Record
from realtime_micacl.live.records.rows import ADDED, WEIGHT, columns, from_row
from realtime_micacl.types import Event
from realtime_micacl.wording import counted, why

log = logging.getLogger(__name__)

LINE_BYTES = 64 * TEXT
RESAVED = {";": "semicolons", "\t": "tabs"}
MEND = "give the recording itself, or save it with commas there and points in its numbers"
SPREAD = {b"[{": ".[]", b"[\n": ".[]", b"{\n": "."}  # how JSON begins that is not in lines, and what jq makes them with


class First(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line that says where a recording comes from; it holds from `time_s` on."""

    schema: Literal[2]
    time_s: float
    hello: Hello


def read_recording(path: Path) -> Iterator[Event]:
    """Yield the events of a recording, line by line; raise SourceError at the first line that is none.

    A last line that was cut off, by a full disk or a power cut, is left out. A byte order mark and blank lines, which
    editors and shells add, are ignored.
    """
    kind = path.suffix.lower()
    if kind not in (".jsonl", ".csv"):
        raise SourceError(f"{path} is not a recording; --record FILE.jsonl or FILE.csv makes one")
    try:
        stream = path.open("rb")
    except OSError as cause:
        raise SourceError(f"{path} cannot be read: {why(cause)}; check the path") from cause
    newest_s = -BACK_S
    with stream:
        mark = stream.peek(3)[:3]
        if mark[:2] in (BOM_UTF16_LE, BOM_UTF16_BE):
            raise SourceError(f"{path} is in UTF-16, which PowerShell writes; save it as UTF-8")
        if mark == BOM_UTF8:
            stream.read(3)
        begin = stream.peek(2)[:2].replace(b"\r", b"\n")
        if kind == ".jsonl" and begin in SPREAD:
            mend = f"jq -c '{SPREAD[begin]}' makes that of it"
            raise SourceError(f"{path} is JSON, but does not have one record a line: {mend}")
        parse = _json_line if kind == ".jsonl" else _rows(path, stream)
        for number, line in _lines(path, stream, 1 + (kind == ".csv")):
            try:
                event = parse(line)
            except (msgspec.MsgspecError, ValueError, RecursionError, csv.Error) as cause:
                raise SourceError(f"{path}, line {number} is not a record of this program: {why(cause)}") from cause
            if event is None:
                continue
            if event.time_s < newest_s - BACK_S:
                back_s = newest_s - event.time_s
                raise SourceError(f"{path}, line {number}: time goes back by {back_s:.0f} s; sort it by time_s")
            newest_s = max(newest_s, event.time_s)
            yield event


def _lines(path: Path, stream: BufferedReader, first: int) -> Iterator[tuple[int, bytes]]:
    """Yield the whole lines from number `first` on."""
    for number, line in enumerate(iter(lambda: stream.readline(LINE_BYTES), b""), start=first):
        if line.endswith(b"\n"):
            if line.strip() or number == 1:
                yield number, line
            continue
        if len(line) >= LINE_BYTES:
            raise SourceError(f"{path}, line {number} has more than {LINE_BYTES} bytes; it is not a recording")
        log.warning("%s: the last line is cut off and left out", path)


def _json_line(line: bytes) -> Event | None:
    """Return the event of a line; None if the line says where the recording comes from."""
    if b'"hello"' in line and b'"probabilities"' not in line:
        try:
            msgspec.json.decode(line, type=First)
        except msgspec.MsgspecError:
            return _record(line).event()
        return None
    return _record(line).event()


def _record(line: bytes) -> Record:
    """Return the record of a line; pandas and R write null for what is missing, and 1.0 for 1."""
    try:
        return msgspec.json.decode(line, type=Record)
    except msgspec.ValidationError:
        found = msgspec.json.decode(line, type=dict[str, Any])
        said = {name: value for name, value in found.items() if value is not None or name == "track"}
        whole = {name: int(v) for name, v in said.items() if isinstance(v, float) and v.is_integer()}
        return msgspec.convert(said | whole, Record)


def _rows(path: Path, stream: BufferedReader) -> Callable[[bytes], Event | None]:
    """Read the header of a table; return a function from a row to its event."""
    line = stream.readline(LINE_BYTES).decode("utf-8", "replace").strip("\r\n")
    if "\r" in line:
        raise SourceError(f"{path}: its lines end with carriage returns alone; save it as CSV with line feeds")
    header = _cells(line, ",")
    if not _is_header(header):
        resaved = next((name for mark, name in RESAVED.items() if _is_header(_cells(line, mark))), "")
        why_not = (
            f"a spreadsheet has saved it with {resaved} between its columns; {MEND}" if resaved else _difference(header)
        )
        raise SourceError(f"{path}, line 1 is not a header of this program's recordings: {why_not}")

    def parsed(line: bytes) -> Event | None:
        (cells,) = csv.reader([line.decode("utf-8")], strict=True)
        if not any(cells):  # spreadsheets add such rows
            return None
        if cells[:2] == header[:2]:
            raise ValueError("the header comes again, as where two recordings were put into one file; give them apart")
        if len(cells) != len(header):
            raise ValueError(f"it has {counted(len(cells), 'cell')}, the header {len(header)}")
        return from_row(dict(zip(header, cells, strict=True))).event()

    return parsed


def _is_header(header: list[str]) -> bool:
    """Say whether these are the columns of a recording; columns were only ever added at the end."""
    expected = _expected(header)
    return header == expected[: len(header)] and len(header) >= len(expected) - len(ADDED)


def _expected(header: list[str]) -> list[str]:
    """Return the columns of a recording with as many instances as this header has."""
    return columns(sum(name.startswith(WEIGHT) for name in header))


def _difference(header: list[str]) -> str:
    """Return in words where a header first differs from that of a recording."""
    if header[:1] in ([""], ["Unnamed: 0"]):
        return "its first column holds row numbers; write it without them (R: row.names = FALSE, pandas: index=False)"
    if header[:1] == ["clip"]:
        return "it is a summary of `realtime-micacl process`; `realtime-micacl report` reads its folder"
    pairs = enumerate(zip_longest(header, _expected(header)), start=1)
    number, (found, wanted) = next((n, pair) for n, pair in pairs if pair[0] != pair[1])
    return f"column {number} is {'missing' if found is None else repr(found)}, expected {wanted or 'none'}"


def _cells(line: str, mark: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:  # such as a cell that is too long
        return []
