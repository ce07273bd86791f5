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
BEGINNINGS = {".json": b'{"latest":', ".csv": b"slot,track,emotion,"}
"""How a file of this outlet begins; no other file is overwritten."""


class Latest:
    """Writes the present readings whenever they change, and once a second, so that readers know it is still running."""

    name = "latest"

    def __init__(self, path: Path, about: About) -> None:
        self.notice, self.lost = "", 0
        self._path, self._about = path, about
        self._board = Board(about.slots, about.stale_s)
        beginning = BEGINNINGS.get(path.suffix.lower())
        if beginning is None:
            raise ConfigError(f"--latest {path}: the ending must be .json or .csv")
        try:
            own = not path.exists() or (path.is_file() and _begins(path, len(beginning)) in (beginning, b""))
        except OSError as cause:
            raise ConfigError(f"--latest {path} cannot be read: {why(cause)}") from cause
        if not own:
            raise ConfigError(f"--latest {path}: it exists and is not a file of --latest; name another or remove it")
        try:
            self._write()
        except OSError as cause:
            raise ConfigError(f"--latest {path} cannot be written: {why(cause)}; check the folder") from cause

    def run(self, ring: Ring) -> None:
        """Write whenever the ring brings events, and once a second."""
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
        """Return the present readings: a row of CSV for each slot, empty if nobody is there, or one JSON object."""
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
