"""Where readings go: numbers only, one line each, never a picture."""

from __future__ import annotations

import csv
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Lock
from typing import Protocol, TextIO, runtime_checkable

from realtime_micacl.errors import StageFailed
from realtime_micacl.live.records.record import Clock, as_record
from realtime_micacl.live.records.rows import as_row, columns
from realtime_micacl.live.records.slots import Slots
from realtime_micacl.types import Event, State, StateChange
from realtime_micacl.wording import why_unwritten

log = logging.getLogger(__name__)

Sink = Callable[[Event], None]
TROUBLES = (State.STALLED, State.RECONNECTING, State.FAILED)


@runtime_checkable
class SinkWithNotice(Protocol):
    """A sink that handles its own faults, and says so in a notice."""

    @property
    def notice(self) -> str:
        """The fault that people have to know of; empty while there is none."""

    def __call__(self, event: Event, /) -> None:
        """Take an event."""


class Writable(Protocol):
    """What lines are written to, as a text file."""

    def write(self, text: str, /) -> object:
        """Write a text."""

    def flush(self) -> object:
        """Keep nothing back."""


class Sinks:
    """Hands every event to every sink, with the name of its `source`, and each change of the scene to the log.

    A sink that cannot write is dropped, `notice` says so, and the others go on; if it was the last one, StageFailed is
    raised. `changes` counts how often each state was entered; `slots` gives each face its slot.
    """

    def __init__(self, sinks: Iterable[Sink], source: str = "", slots: Slots | None = None) -> None:
        self._sinks, self._source, self._slots = list(sinks), source, slots or Slots()
        self._fault = ""
        self.changes = Counter[State]()

    @property
    def notice(self) -> str:
        """The fault of a sink that people have to know of; empty while there is none."""
        notices = (sink.notice for sink in self._sinks if isinstance(sink, SinkWithNotice))
        return self._fault or next((notice for notice in notices if notice), "")

    def write(self, events: Iterable[Event]) -> bool:
        """Hand on events; return False if nobody reads standard output any more."""
        read = True
        who = f"{self._source}: ".replace("%", "%%") if self._source else ""
        named = (event if event.source == self._source else replace(event, source=self._source) for event in events)
        for event in [self._slots.with_slot(event) for event in named]:
            if isinstance(event, StateChange) and event.track_id is None:
                self.changes[event.state] += 1
                level = logging.WARNING if event.state in TROUBLES else logging.INFO
                # the state is part of the format, as journal.Calm drops formats that repeat themselves
                log.log(level, f"{who}{event.state}: %s", event.detail)
            for sink in list(self._sinks):
                try:
                    sink(event)
                except BrokenPipeError:
                    read = False
                except OSError as cause:
                    self._sinks.remove(sink)
                    if not self._sinks:
                        raise StageFailed(f"the readings cannot be written: {why_unwritten(cause)}") from cause
                    reason = why_unwritten(cause)
                    self._fault = f"Nothing more is written: {reason}"
                    log.error("%s; nothing more is written there; everything else continues", reason)
        return read


def json_lines(stream: Writable, clock: Clock) -> Sink:
    """Return a sink that writes each event as one line of JSON, unbuffered."""

    def write(event: Event) -> None:
        stream.write(json.dumps(as_record(event, clock)) + "\n")
        stream.flush()

    return write


def one_at_a_time(sink: Sink) -> Sink:
    """Return `sink` with a lock, so that several threads may call it."""
    lock = Lock()

    def write(event: Event) -> None:
        with lock:
            sink(event)

    return write


def csv_rows(stream: TextIO, clock: Clock, instances: int) -> Sink:
    """Write the header of a CSV; return a sink that writes each event as one row, unbuffered."""
    writer = csv.DictWriter(stream, columns(instances), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()

    def write(event: Event) -> None:
        writer.writerow(as_row(event, clock))
        stream.flush()

    return write
