"""A worker's process: it takes jobs from standard input and reports their outcomes on standard output.

It is no fork and no `multiprocessing` child, so a script or notebook that starts it needs no `if __name__ ..` guard. It
ends at once when whoever started it is gone, however that went: then its standard input is closed.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any, TextIO

import av
import msgspec

from realtime_micacl.config import Settings
from realtime_micacl.corpus.job import Job, Outcome, Reader, Wanted
from realtime_micacl.errors import MicaclError

BEAT_S = 0.5


def main() -> None:
    """Read what is wanted, then jobs, one line of JSON each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the affair of who started it
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    logging.basicConfig(level=logging.ERROR)
    import cv2

    cv2.setNumThreads(1)
    wanted = json.loads(sys.stdin.readline())
    wanted["settings"] = msgspec.convert(wanted["settings"], Settings)
    try:
        reader = Reader(Wanted(**wanted))
    except MicaclError as error:
        _say(out, error=str(error), code=error.exit_code)
        return
    _say(out, ready=True)
    reads, writes = os.pipe()
    Thread(target=_take, args=(writes,), daemon=True).start()
    for line in os.fdopen(reads, encoding="utf-8"):
        job = Job(**json.loads(line))
        outcome = reader.read(job, _Beat(out, Path(job.path)))
        _say(out, outcome=asdict(outcome))


def outcome_of(said: dict[str, Any]) -> Outcome:
    """Return an outcome as it was before it was said."""
    return Outcome(**{**said, "rows": tuple(said["rows"])})


class _Beat:
    """Says a few times a second what share of a clip is read, so that somebody can tell work from standing still."""

    def __init__(self, out: TextIO, path: Path) -> None:
        self._out, self._length_s, self._said_s = out, _length_s(path), monotonic()

    def __call__(self, time_s: float) -> None:
        if monotonic() - self._said_s > BEAT_S:
            self._said_s = monotonic()
            _say(self._out, share=min(1.0, time_s / self._length_s) if self._length_s else 0.0)


def _length_s(path: Path) -> float:
    """Return how long a clip says it is, 0 where it does not."""
    try:
        with av.open(f"file:{path}", options={"protocol_whitelist": "file"}) as container:
            return (container.duration or 0) / 1e6
    except Exception:  # reading it will say what is wrong
        return 0.0


def _take(writes: int) -> None:
    """Hand on what standard input brings; when it is closed, end at once."""
    while line := sys.stdin.readline():
        os.write(writes, line.encode())
    os._exit(0)


def _say(out: TextIO, **said: Any) -> None:
    out.write(json.dumps(said) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
