"""Copes with standard streams that are closed, full, without a reader, or in an old encoding."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from realtime_micacl.wording import plain


def make_usable() -> None:
    """Make standard input, output and error usable, whatever state they are in.

    Closed ones are opened, or else a file or socket would get their number; writing to a standard output that was
    closed still fails. Characters that the encoding lacks are escaped. Python's standard error gets a descriptor of its
    own, so that it is seen while messages of libraries are kept away.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number, which is this one
        with suppress(OSError, AttributeError):  # Windows has no such thing before Python 3.12
            os.set_blocking(number, True)  # ssh leaves it non-blocking; Python then loses what a pipe has no room for
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    sys.stderr = os.fdopen(os.dup(2), "w", 1, encoding=encoding, errors="backslashreplace")


def say(text: str) -> None:
    """Write a line for a person to standard error; ignore it if that fails."""
    with suppress(OSError):
        sys.stderr.write(f"realtime-micacl: {plain(text)}\n")


def flushed() -> OSError | None:
    """Flush standard error and output; return the error if the output cannot be written.

    It is no error if nobody reads it any more.
    """
    found: OSError | None = None
    for stream in (sys.stderr, sys.stdout):
        try:
            stream.flush()
            found = None
        except OSError as cause:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # or else Python would try again at exit
            found = cause
    return None if isinstance(found, BrokenPipeError) else found
