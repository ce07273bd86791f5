"""Standard input, output and error as people leave them: closed, full, without a reader, in an old encoding."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from realtime_micacl.wording import plain


def make_usable() -> None:
    """Open what is closed, lest a file or socket takes its number; let no letter stop a line from being written.

    A standard output that was closed cannot be written to afterwards either, and says so. What Python writes to
    standard error has a way of its own, so that it is seen while the chatter of a library is kept away.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number, which is this one
        with suppress(OSError, AttributeError):  # Windows has no such thing before Python 3.12
            os.set_blocking(number, True)  # ssh and others leave it so; Python then loses what does not fit into a pipe
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    sys.stderr = os.fdopen(os.dup(2), "w", 1, encoding=encoding, errors="backslashreplace")


def say(text: str) -> None:
    """Write a line for a person to standard error; one that takes nothing is no reason to fail otherwise."""
    with suppress(OSError):
        sys.stderr.write(f"realtime-micacl: {plain(text)}\n")


def flushed() -> OSError | None:
    """Write out what standard error and output still hold; return why that is impossible for the output.

    A reader who has left is no error.
    """
    found: OSError | None = None
    for stream in (sys.stderr, sys.stdout):
        try:
            stream.flush()
            found = None
        except OSError as cause:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # Python itself would try once more at the end
            found = cause
    return None if isinstance(found, BrokenPipeError) else found
