"""A recording that is started and stopped while the program runs: numbers only, into a file that the person names."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Unpack

from realtime_micacl.live.records.origin import Hello
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recording import Limits, recording
from realtime_micacl.live.records.sinks import Sink
from realtime_micacl.types import Event
from realtime_micacl.wording import why

log = logging.getLogger(__name__)


class Recorder:
    """A sink that writes between `start` and `stop`. The window calls those, the recognize thread writes.

    A file that cannot be written any more is given up, and `fault` says why; the session goes on.
    """

    def __init__(
        self, clock: Clock, instances: int, origin: Callable[[], Hello] | None = None, **limits: Unpack[Limits]
    ) -> None:
        """Take what `recording` takes."""
        self._clock, self._instances, self._origin, self._limits = clock, instances, origin, limits
        self._lock = Lock()
        self._open = ExitStack()
        self._sink: Sink | None = None
        self.path: Path | None = None
        self.since_s: float | None = None
        """When the recording began, None while there is none."""
        self.fault = ""

    def start(self, path: Path) -> None:
        """Begin a recording, .jsonl or .csv by its ending; raise ConfigError if the file exists or cannot be made."""
        self.stop()
        with self._lock:
            self.fault = ""
            opened = recording(path, self._clock, self._instances, self._origin, **self._limits)
            self._sink = self._open.enter_context(opened)
            self.path, self.since_s = path, monotonic()

    def stop(self) -> None:
        """End the recording, if there is one, and close its file."""
        with self._lock:
            self._close()

    def __call__(self, event: Event) -> None:
        """Write an event, if there is a recording."""
        with self._lock:
            if self._sink is None:
                return
            try:
                self._sink(event)
            except OSError as cause:
                self._give_up(cause)

    def _close(self) -> None:
        self._sink = self.since_s = None
        try:
            self._open.close()
        except OSError as cause:  # the disk has no room for the last lines
            self._give_up(cause)

    def _give_up(self, cause: OSError) -> None:
        self._sink = self.since_s = None
        self.fault = f"{self.path}: {why(cause)}"
        log.error("%s; nothing more is written there; everything else continues", self.fault)
        self._open.pop_all()  # closing it would only fail again
