"""The log: on standard error, without passwords, and a fault that repeats itself only once every five seconds."""

from __future__ import annotations

import logging
import sys
from time import monotonic

from realtime_micacl.live.sources.source import redacted
from realtime_micacl.wording import plain

QUIET_S = 5.0
KEPT = 256  # kinds of lines that are remembered


def configure_log(level: str) -> None:
    """Send the log to standard error, warnings of libraries included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redacting("%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(Calm())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.DEBUG if level == "debug" else logging.ERROR)


class Redacting(logging.Formatter):
    """Formats a record and removes the passwords of addresses, in tracebacks too."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the message as one line; a traceback follows it."""
        return plain(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, or lines."""
        return redacted(super().format(record))


class Calm(logging.Filter):
    """Lets one line of each kind through every five seconds; the next one says how many were left out.

    A kind is a logger and a format. Lines below a warning were asked for with --log-level, and all pass.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record is written."""
        if record.levelno < logging.WARNING:
            return True
        now_s, kind = monotonic(), (record.name, str(record.msg))
        since_s, left_out = self._kinds.pop(kind, (-QUIET_S, 0))
        if now_s - since_s < QUIET_S:
            self._kinds[kind] = (since_s, left_out + 1)
            return False
        self._kinds[kind] = (now_s, 0)
        if len(self._kinds) > KEPT:
            del self._kinds[next(iter(self._kinds))]
        if left_out:
            record.msg = f"{record.msg} (and {left_out} more since)"
        return True
