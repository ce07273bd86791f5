"""Reads from a pipe: standard input, or a FIFO whose writer may leave and return."""

from __future__ import annotations

import os
import select
import stat
import sys
from pathlib import Path
from typing import Any

from realtime_micacl.errors import SourceError, SourceLost

POLL_S = 0.2
SEND = "send a video to it: `... | realtime-micacl -`"


class Pipe:
    """A pipe for FFmpeg to read; `stop` ends a read that waits."""

    def __init__(self, descriptor: int, name: str, *, owned: bool) -> None:
        self.name = name
        self._descriptor, self._owned = descriptor, owned
        self._stopped = self._some = False

    def read(self, size: int) -> bytes:
        """Return the next bytes, none if the writer has left."""
        while os.name == "posix":  # elsewhere `select` takes no pipes
            if self._stopped:
                return b""
            if select.select([self._descriptor], [], [], POLL_S)[0]:
                break
        content = os.read(self._descriptor, size)
        if not (content or self._some):
            raise SourceLost(f"{self.name} was empty; send a video to it")
        self._some = True
        return content

    def stop(self) -> None:
        """End a read that waits."""
        self._stopped = True

    def close(self) -> None:
        """Close a FIFO; standard input stays open."""
        if self._owned:
            os.close(self._descriptor)


def is_fifo(path: Path) -> bool:
    """Say whether a path is a FIFO."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def ends_for_good(value: str) -> bool:
    """Say whether a pipe cannot be opened again: standard input, and one that a shell made (`<(..)`)."""
    return value == "-" or os.path.realpath(value).startswith("/proc/")


def open_pipe(value: str) -> Any:
    """Return an open pipe: standard input for `-`, else a FIFO."""
    if value != "-":
        return Pipe(os.open(value, os.O_RDONLY | os.O_NONBLOCK), value, owned=True)
    try:
        descriptor = sys.stdin.fileno()
        os.fstat(descriptor)
    except (AttributeError, OSError, ValueError):
        raise SourceError(f"standard input is closed; {SEND}") from None
    if os.isatty(descriptor):
        raise SourceError(f"standard input is the keyboard; {SEND}")
    return Pipe(descriptor, "standard input", owned=False)
