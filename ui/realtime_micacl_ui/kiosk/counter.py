"""Counts the visits of each day, and nothing about the visitors."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from realtime_micacl.errors import ConfigError
from realtime_micacl.files import write_whole
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

HEADER = "date,visits"


class Counter:
    """Counts the visits of each day, in memory or in a file of two columns."""

    def __init__(self, file: Path | None, today: Callable[[], date] = date.today) -> None:
        """Continue the counts in `file`; raise ConfigError if it holds anything else or cannot be written."""
        self._file, self._today = file, today
        self._days: dict[str, int] = _read(file) if file and file.exists() else {}
        if file:
            try:
                self._write(file)
            except OSError as cause:
                raise ConfigError(f"counter {file} cannot be written: {why(cause)}") from cause

    @property
    def visits(self) -> int:
        """The number of visits today."""
        return self._days.get(self._today().isoformat(), 0)

    def add(self) -> None:
        """Count a visit in the file as it is now, which others may have changed; without it, count on in memory."""
        today = self._today().isoformat()
        days = {today: self.visits}
        try:
            if self._file and self._file.exists():
                days = _read(self._file)
        except ConfigError as cause:
            self._go_on_in_memory(str(cause))
        self._days = days | {today: days.get(today, 0) + 1}
        try:
            if self._file:
                self._write(self._file)
        except OSError as cause:
            self._go_on_in_memory(f"counter {self._file} cannot be written: {why(cause)}")

    def _go_on_in_memory(self, because: str) -> None:
        log.error("%s; visits are now counted in memory only", because)
        self._file = None

    def _write(self, file: Path) -> None:
        write_whole(file, "\n".join([HEADER, *(f"{day},{n}" for day, n in self._days.items())]) + "\n")


def _read(file: Path) -> dict[str, int]:
    try:
        header, *lines = file.read_text("utf-8-sig").split() or [HEADER]
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigError(f"counter {file} cannot be read: {why(cause)}") from cause
    if header != HEADER:
        raise ConfigError(f"counter {file} does not hold {HEADER!r}; name another file")
    if wrong := [line for line in lines if not re.fullmatch(r"\d{4}-\d\d-\d\d,\d{1,9}", line)]:
        raise ConfigError(f"counter {file} holds {wrong[0][:60]!r}, but a line is such as 2026-11-30,17; mend it there")
    return {day: int(number) for day, number in (line.split(",") for line in lines)}
