"""A file that holds only the current readings, for programs that can read a file: Arduino bridges, PLCs, Max.

It is replaced as a whole, so that a reader never meets half of it.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import time
from pathlib import Path
from time import monotonic

from realtime_micacl.errors import ConfigError
from realtime_micacl.files import write_whole
from realtime_micacl.live.records.rows import as_row
from realtime_micacl.live.records.slots import Board
from realtime_micacl.outlets.about import About
from realtime_micacl.outlets.thread import Ring
from realtime_micacl.types import EMOTIONS
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

BEAT_S = 1.0
COLUMNS = ("slot", "track", "emotion", *EMOTIONS, "quality", "coverage", "latency_ms", "source", "time_unix")
SIGNS = {".json": b'{"latest":', ".csv": b"slot,track,emotion,"}
"""How a file of ours begins: no other is written over."""


class Latest:
    """Writes what stands whenever it changes, and once a second, so that a reader can tell that somebody writes."""

    name = "latest"

    def __init__(self, path: Path, about: About) -> None:
        self.notice, self.lost = "", 0
        self._path, self._about = path, about
        self._board = Board(about.slots, about.stale_s)
        sign = SIGNS.get(path.suffix.lower())
        if sign is None:
            raise ConfigError(f"--latest {path}: the ending must be .json or .csv")
        try:
            own = not path.exists() or (path.is_file() and _begins(path, len(sign)) in (sign, b""))
        except OSError as cause:
            raise ConfigError(f"--latest {path} cannot be read: {why(cause)}") from cause
        if not own:
            raise ConfigError(f"--latest {path}: it exists and is something else; name another or remove it")
        try:
            self._write()
        except OSError as cause:
            raise ConfigError(f"--latest {path} cannot be written: {why(cause)}; check the folder") from cause

    def run(self, ring: Ring) -> None:
        """Write what the ring brings."""
        while not ring.over:
            for event in ring.take(BEAT_S):
                self._board.take(event)
            try:
                self._write()
                self.notice = ""
            except OSError as cause:  # a full disk, or on Windows a reader that holds the file
                self.lost += 1
                self.notice = f"{self._path} cannot be written: {why(cause)}"
                log.warning("%s cannot be written: %s; retrying", self._path, why(cause))

    def _write(self) -> None:
        write_whole(self._path, self._text())

    def _text(self) -> str:
        """Return what stands: one line a place of CSV, empty where nobody is read, or one object of JSON."""
        found = self._board.readings(monotonic())
        if self._path.suffix.lower() == ".csv":
            out = io.StringIO()
            table = csv.DictWriter(out, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
            table.writeheader()
            for slot, reading in zip(self._board.slots, found, strict=True):
                table.writerow(as_row(reading, self._about.clock) if reading else {"slot": slot})
            return out.getvalue()
        states = {source or " ".join(self._about.hello().sources): str(s) for source, s in self._board.states.items()}
        faces = [self._about.record(reading) for reading in found if reading]
        now = {"written_unix": round(time.time(), 3), "states": states, "faces": faces}
        return json.dumps({"latest": now}) + "\n"


def _begins(path: Path, length: int) -> bytes:
    with path.open("rb") as file:
        return file.read(length)
