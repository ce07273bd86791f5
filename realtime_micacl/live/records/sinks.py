"""Where readings go: numbers only, one line each, never a picture."""

from __future__ import annotations

import csv
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Lock
from typing import Protocol, TextIO, runtime_checkable

from realtime_micacl.errors import StageFailed
from realtime_micacl.live.records.record import Clock, as_record
from realtime_micacl.live.records.rows import as_row, columns
from realtime_micacl.live.records.slots import Slots
from realtime_micacl.stdio import flushed
from realtime_micacl.types import Event, State, StateChange
from realtime_micacl.wording import why

log = logging.getLogger(__name__)

Sink = Callable[[Event], None]
TROUBLES = (State.STALLED, State.RECONNECTING, State.FAILED)


@runtime_checkable
class GoesOn(Protocol):
    """A sink that goes on by itself where it cannot write, and says so."""

    @property
    def notice(self) -> str:
        """What people have to know; empty while all is well."""

    def __call__(self, event: Event, /) -> None:
        """Take an event."""


class Sinks:
    """Hands every event to every sink, with the name of its `source`, and each change of the scene to the log.

    A sink that cannot write is left out, and the rest goes on; `notice` then says so to whoever looks. Where it was the
    last one, StageFailed is raised. `changes` counts how often each state was entered, `slots` are the places of faces.
    """

    def __init__(self, sinks: Iterable[Sink], source: str = "", slots: Slots | None = None) -> None:
        self._sinks, self._source, self._slots = list(sinks), source, slots or Slots()
        self._fault = ""
        self.changes = Counter[State]()

    @property
    def notice(self) -> str:
        """What people have to know of a sink; empty while all is well."""
        notices = (sink.notice for sink in self._sinks if isinstance(sink, GoesOn))
        return self._fault or next((notice for notice in notices if notice), "")

    def write(self, events: Iterable[Event]) -> bool:
        """Hand on events; return False where whoever read our output has left."""
        read = True
        who = f"{self._source}: ".replace("%", "%%") if self._source else ""
        for event in [self._slots.placed(replace(event, source=self._source)) for event in events]:
            if isinstance(event, StateChange) and event.track_id is None:
                self.changes[event.state] += 1
                level = logging.WARNING if event.state in TROUBLES else logging.INFO
                log.log(level, f"{who}{event.state}: %s", event.detail)  # to the calm log each state is a kind
            for sink in list(self._sinks):
                try:
                    sink(event)
                except BrokenPipeError:
                    read = False
                except OSError as cause:
                    self._sinks.remove(sink)
                    if not self._sinks:
                        raise StageFailed(f"the readings cannot be written: {why(cause)}") from cause
                    reason = f"{cause.filename}: {why(cause)}" if cause.filename else why(cause)
                    self._fault = f"Nothing more is written: {reason}"
                    log.error("%s; nothing more is written there; everything else continues", reason)
        return read


def json_lines(stream: TextIO, clock: Clock) -> Sink:
    """Return a sink that writes each event as one line of JSON, at once."""

    def write(event: Event) -> None:
        try:
            stream.write(json.dumps(as_record(event, clock)) + "\n")
            stream.flush()
        except OSError:
            if stream is sys.stdout:
                flushed()  # what cannot be written is said once, and not again at the end
            raise

    return write


def one_at_a_time(sink: Sink) -> Sink:
    """Return a sink that several threads may call."""
    lock = Lock()

    def write(event: Event) -> None:
        with lock:
            sink(event)

    return write


def csv_rows(stream: TextIO, clock: Clock, instances: int) -> Sink:
    """Return a sink that writes each event as one row of CSV, at once, under a header."""
    writer = csv.DictWriter(stream, columns(instances), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()

    def write(event: Event) -> None:
        writer.writerow(as_row(event, clock))
        stream.flush()

    return write
