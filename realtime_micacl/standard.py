"""Standard input, output and error as people leave them: closed, full, without a reader, in an old encoding."""

from __future__ import annotations

import errno
import io
import os
import sys

CLOSED = {errno.EBADF: "standard output is closed"}


def made_usable() -> None:
    """Open what is closed, lest a file or socket takes its number; let no letter stop a line from being written.

    A standard output that was closed cannot be written to afterwards either, and says so. What Python writes to
    standard error has a way of its own, so that it is seen while the chatter of a library is kept away.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # takes the lowest free number, which is this one
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    sys.stderr = os.fdopen(os.dup(2), "w", 1, encoding=encoding, errors="backslashreplace")


def why(cause: OSError) -> str:
    """Return why something could not be written, in words."""
    return CLOSED.get(cause.errno or 0) or cause.strerror or str(cause)


def flushed() -> OSError | None:
    """Write out what standard output still holds; return why that is impossible. A reader who has left is no error."""
    try:
        sys.stdout.flush()
    except OSError as cause:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python itself would try once more at the end
        return None if isinstance(cause, BrokenPipeError) else cause
    return None
