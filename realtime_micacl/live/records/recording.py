"""Writes recordings: files of numbers, .jsonl or .csv, with where they come from."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from errno import ENOENT
from math import inf
from pathlib import Path
from typing import Any, TypedDict, Unpack

import msgspec

from realtime_micacl.errors import ConfigError
from realtime_micacl.files import write_whole
from realtime_micacl.live.records.on_thread import OnThread
from realtime_micacl.live.records.origin import Hello
from realtime_micacl.live.records.record import SCHEMA, Clock
from realtime_micacl.live.records.sinks import Sink, csv_rows, json_lines
from realtime_micacl.types import Event
from realtime_micacl.wording import plain, why

ENDINGS = (".jsonl", ".csv")
KEPT = 10_000  # events that wait for a disk: a face for a quarter of an hour


class Limits(TypedDict, total=False):
    """When a recording goes on in another file."""

    rotate_mb: float | None
    rotate_s: float | None


@contextmanager
def recording(
    path: Path,
    clock: Clock,
    instances: int,
    origin: Callable[[], Hello] | None = None,
    all_until: Callable[[], bool] | None = None,
    **limits: Unpack[Limits],
) -> Iterator[Sink]:
    """Open a recording, .jsonl or .csv by its ending; yield its sink and close it at the end. No file is overwritten.

    `origin` tells where it comes from: that is the first line, or the JSON file beside a CSV, and follows again when it
    has changed. After `rotate_mb` or `rotate_s` the recording goes on in another file, whose name has a number.
    While the disk does not answer, events wait; with `all_until` as `OnThread` says.
    Raise ConfigError if the file exists or cannot be written.
    """
    if path.suffix.lower() not in ENDINGS:
        raise ConfigError(f"--record {path}: the ending must be .jsonl or .csv")
    limit_bytes, limit_s = (limits.get("rotate_mb") or inf) * 1e6, limits.get("rotate_s") or inf
    try:
        files = _Recording(path, clock, instances, origin, limit_bytes, limit_s)
    except FileExistsError as cause:
        file = cause.filename or path
        raise ConfigError(f"--record {file}: it exists and is not overwritten; name another or remove it") from None
    except OSError as cause:
        raise ConfigError(f"--record {path} cannot be written: {why(cause)}; check the folder") from cause
    behind = f"{plain(str(path))}: the disk does not answer; {KEPT} readings wait for it, later ones are left out"
    with closing(OnThread(files.write, plain(str(path)), KEPT, all_until, finish=files.close, behind=behind)) as sink:
        yield sink


def origin_file(path: Path) -> Path:
    """Return the file beside the CSV `path` that says where that comes from."""
    return path.with_name(f"{path.name}.json")


def _appending(path: str, flags: int) -> int:
    """Open a file so that each line is put at its end, even after logrotate has emptied it."""
    return os.open(path, flags | os.O_APPEND, 0o666)


class _Recording:
    """One file after the other, each begun when the one before is full."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        instances: int,
        origin: Callable[[], Hello] | None,
        limit_bytes: float,
        limit_s: float,
    ) -> None:
        self._path, self._clock, self._instances, self._origin = path, clock, instances, origin
        self._limit_bytes, self._limit_s = limit_bytes, limit_s
        self._number = 1
        self._begun_s: float | None = None
        self._hellos: list[dict[str, Any]] = []
        self._last_hello: Hello | None = None
        self._begin(path)

    def write(self, event: Event) -> None:
        try:
            self._write(event)
        except OSError as cause:
            cause.filename = str(self._file)  # of several things that are written to
            raise

    def _write(self, event: Event) -> None:
        self._begun_s = event.time_s if self._begun_s is None else self._begun_s
        file = os.fstat(self._stream.fileno())
        if self._linked and not file.st_nlink:
            raise OSError(ENOENT, "the file was removed while it was written to")
        full = file.st_size >= self._limit_bytes
        if full or event.time_s - self._begun_s >= self._limit_s:
            self.close()
            self._begun_s = event.time_s
            self._begin(self._free_path())
        if self._origin and (now := self._origin()) != self._last_hello:
            self._write_origin(now, event.time_s)
        self._sink(event)

    def close(self) -> None:
        with suppress(OSError):  # a full disk was reported when it was met
            self._stream.close()

    def _begin(self, path: Path) -> None:
        self._file, self._last_hello, self._hellos = path, None, []
        self._stream = open(path, "x", encoding="utf-8", newline="", opener=_appending)  # noqa: SIM115
        self._linked = bool(os.fstat(self._stream.fileno()).st_nlink)  # some file systems always count 0
        if path.suffix.lower() == ".csv":
            self._sink = csv_rows(self._stream, self._clock, self._instances)
        else:
            self._sink = json_lines(self._stream, self._clock)
        if self._origin is None:
            return
        try:
            self._write_origin(self._origin(), self._begun_s)
        except OSError:
            self.close()
            path.unlink()
            raise

    def _write_origin(self, hello: Hello, time_s: float | None) -> None:
        """Write where the recording comes from, from `time_s` (monotonic) on; None: from its beginning."""
        since_s = 0.0 if time_s is None else round(time_s - self._clock.origin_s, 3)
        line = {"schema": SCHEMA, "time_s": since_s, "hello": msgspec.to_builtins(hello)}
        if self._file.suffix.lower() == ".csv":
            first, *later = [*self._hellos, line]
            text = json.dumps(first | ({"later": later} if later else {}), indent=1, ensure_ascii=False) + "\n"
            if self._hellos:
                write_whole(origin_file(self._file), text)
            else:
                with origin_file(self._file).open("x", encoding="utf-8") as stream:  # it must not exist yet
                    stream.write(text)
            self._hellos.append(line)
        else:
            self._stream.write(json.dumps(line) + "\n")
            self._stream.flush()
        self._last_hello = hello

    def _free_path(self) -> Path:
        while True:
            self._number += 1
            path = self._path.with_stem(f"{self._path.stem}-{self._number}")
            if not path.exists() and not origin_file(path).exists():
                return path
