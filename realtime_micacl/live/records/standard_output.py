"""Lines of JSON on standard output, where nobody may be reading for a while: `less`, Ctrl-S, a program that hangs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from realtime_micacl.live.records.on_thread import OnThread
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.sinks import Writable, json_lines

KEPT = 64  # events that wait for a reader, as many as for an outlet


class Unbuffered:
    """Standard output by its descriptor: whoever waits in a write holds no lock that the end of the program needs."""

    def write(self, text: str) -> None:
        """Write all of `text`, ASCII."""
        data = text.encode()
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]

    def flush(self) -> None:
        """Do nothing: all is written."""


def _standard_output() -> Writable:
    """Return standard output by its descriptor, or as it is if it has none, as in a notebook."""
    try:
        sys.stdout.fileno()
    except OSError:
        return sys.stdout
    return Unbuffered()


class StandardOutput(OnThread):
    """A sink that writes events as lines of JSON; with `all_until` it leaves none out until that is True."""

    def __init__(self, clock: Clock, all_until: Callable[[], bool] | None = None) -> None:
        super().__init__(json_lines(_standard_output(), clock), "standard output", KEPT, all_until)
