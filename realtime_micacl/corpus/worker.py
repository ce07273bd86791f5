"""A worker process, which takes jobs from standard input and reports their outcomes on standard output.

It is neither forked nor a `multiprocessing` child, so scripts and notebooks need no `if __name__ ..` guard. When its
standard input is closed, because the process that started it is gone, it ends at once.
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
from realtime_micacl.corpus.job import ClipReader, Job, Outcome, Wanted
from realtime_micacl.errors import MicaclError

BEAT_S = 0.5


def main() -> None:
    """Read the Wanted, then jobs, one line of JSON each."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the process that started it
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    logging.basicConfig(level=logging.ERROR)
    import cv2

    cv2.setNumThreads(1)
    wanted = json.loads(sys.stdin.buffer.readline())  # whatever encoding the environment asks for
    wanted["settings"] = msgspec.convert(wanted["settings"], Settings)
    try:
        reader = ClipReader(Wanted(**wanted))
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


def outcome_from(fields: dict[str, Any]) -> Outcome:
    """Return an outcome from its JSON."""
    return Outcome(**{**fields, "rows": tuple(fields["rows"])})


class _Beat:
    """Reports a few times a second what share of a clip is read; without that the worker counts as hung."""

    def __init__(self, out: TextIO, path: Path) -> None:
        self._out, self._length_s, self._said_s = out, _length_s(path), monotonic()

    def __call__(self, time_s: float) -> None:
        if monotonic() - self._said_s > BEAT_S:
            self._said_s = monotonic()
            _say(self._out, share=min(1.0, time_s / self._length_s) if self._length_s else 0.0)


def _length_s(path: Path) -> float:
    """Return the duration in the header of a clip, in s; 0 if there is none."""
    try:
        with av.open(f"file:{path}", options={"protocol_whitelist": "file"}) as container:
            return (container.duration or 0) / 1e6
    except Exception:  # reading it will say what is wrong
        return 0.0


def _take(writes: int) -> None:
    """Pass on standard input; when it is closed, end the process at once."""
    while line := sys.stdin.buffer.readline():
        os.write(writes, line)
    os._exit(0)


def _say(out: TextIO, **fields: Any) -> None:
    out.write(json.dumps(fields) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
