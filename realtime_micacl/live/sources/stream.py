"""Streams from the network and from pipes, treated by what they hold, whatever their protocol.

A recording is played at its own rate to its end. A live stream in segments (HLS), or one that comes faster than it was
taken, is played at its own rate, too. A camera is read as fast as it sends. What stops without an end was lost.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from functools import partial
from math import inf
from time import monotonic

import av
from av.format import Flags

from realtime_micacl.errors import SourceError, SourceLost
from realtime_micacl.live.sources.address import Address, answers, parse_address
from realtime_micacl.live.sources.arrival import TooFast, known_length_s, newest, sends_too_fast, settle, until
from realtime_micacl.live.sources.attempts import PATIENCE_S, Attempts
from realtime_micacl.live.sources.clock import Drift, Lag, Pace, StreamClock
from realtime_micacl.live.sources.connection import Connection, Way
from realtime_micacl.live.sources.download import Unseekable, downloaded
from realtime_micacl.live.sources.ffmpeg_errors import reason_of
from realtime_micacl.live.sources.guesses import WHOLE, Guess, guesses, jpegs, named_rates
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.pictures import Picture, pictures
from realtime_micacl.live.sources.pipe import ends_for_good
from realtime_micacl.live.sources.polled import FORMS, RATE_HZ, WAKE_S, is_picture, polled
from realtime_micacl.live.sources.reasons import no_picture, why, why_not_piped
from realtime_micacl.live.sources.ways import SEGMENT_S, SILENT_S, way_to
from realtime_micacl.types import Frame

log = logging.getLogger(__name__)

FIRST_S = 4.0  # the first opening may take at least this long, whatever `give_up_after_s` says
ATTEMPT_S = 2.0  # after a loss the next attempt begins after this time; the one before goes on beside it
STEADY = 10  # a camera that has sent so many pictures without a long pause is not slow
END_S = 1.0  # a recording that breaks off this near to its end has ended


class Stream:
    """A stream that can be opened again, with what earlier connections told of it."""

    def __init__(
        self,
        value: str,
        shown: str,
        *,
        wait: bool = False,
        patience_s: float | None = None,
        rate_hz: float | None = None,
    ) -> None:
        """Take an address, a FIFO or `-`; `shown` is its name for messages, `rate_hz` that of a snapshot's polls.

        `patience_s` limits how long the first opening may take, down to 4 s.
        """
        self.shown = shown
        self._value, self._rate_hz = value, rate_hz
        self._patience_s = ATTEMPT_S if wait else min(PATIENCE_S, max(FIRST_S, patience_s or PATIENCE_S))
        self._address: Address | None = parse_address(value) if "://" in value else None
        self._where = self._address  # or one of the playlists that it names
        self._attempts = Attempts()
        self._form: str | None = None
        self._seen = self._paced = self._listed = False
        self._reached_s, self._silent_s = 0.0, SILENT_S
        self._drift = Drift()

    def ready(self) -> bool:
        """Say whether an earlier attempt has succeeded."""
        return self._attempts.ready

    def there(self) -> bool:
        """Say whether the server answers; True if that is unknown."""
        return not self._address or answers(self._value)

    def close(self) -> None:
        """Give up the attempts that are under way."""
        self._attempts.leave()

    def frames(self) -> Iterator[Frame | Pending]:
        """Yield its frames with their capture times until a recording ends.

        Raise SourceError if it cannot be opened, SourceLost if it is lost later.
        """
        listed = named_rates(self._address, self.shown) if self._web and self._address and not self._form else []
        if listed and (yield from self._guessed(listed)):
            return
        try:
            yield from self._looked_at()
        except SourceError as error:
            cause, known = error.__cause__, listed or self._seen or self._form
            if known or not (self._web and self._address and isinstance(cause, av.error.InvalidDataError | None)):
                raise
            found = guesses(self._address, self.shown) if cause else jpegs(self._address)
            if not (yield from self._guessed(found)):
                if cause and isinstance(error, SourceLost):
                    raise SourceError(self._not_opened(cause, 0.0)) from cause
                raise
        if self._form == WHOLE and not self._seen:
            yield from self._looked_at()

    def _looked_at(self) -> Iterator[Frame | Pending]:
        connection = yield from self._connected()
        try:
            yield from self._read(connection)
        except Unseekable:
            self._form = WHOLE
        finally:
            connection.leave()

    def _guessed(self, found: Iterable[Guess]) -> Generator[Frame | Pending, None, bool]:
        """Yield the frames of the first guess that holds some; return whether one did."""
        for where, form in found:
            self._where, self._form = where, form
            try:
                yield from self._looked_at()
                return True
            except SourceError as error:
                if isinstance(error, SourceLost) and not self._attempts.under_way:
                    raise
                self._attempts.leave()
        self._where, self._form = self._address, None
        return False

    def _connected(self) -> Generator[Pending, None, Connection]:
        first_s = self._patience_s if self._where is self._address else min(FIRST_S, self._patience_s)
        patience_s, started_s = (ATTEMPT_S if self._seen else first_s), monotonic()
        self._attempts.begin(self._way())
        while not (connection := self._attempts.take(WAKE_S)) and monotonic() - started_s < patience_s:
            yield Pending()
        if connection is None:
            raise SourceLost(self._not_opened(None, monotonic() - started_s))
        if connection.container:
            return connection
        connection.leave()
        if isinstance(cause := connection.cause, SourceError):
            raise cause
        raise SourceError(self._not_opened(cause, monotonic() - connection.started_s)) from cause

    def _not_opened(self, cause: Exception | None, waited_s: float) -> str:
        reason = why(self._address, cause, waited_s) if self._address else why_not_piped(cause, waited_s)
        return f"{self.shown} cannot be opened: {reason}"

    @property
    def _web(self) -> bool:
        return self._address is not None and self._address.scheme in ("http", "https")

    def _way(self) -> Way:
        if self._form == WHOLE and self._address:
            return Way(self.shown, self.shown, {}, 0, 0, pipe=partial(downloaded, self._address, self.shown))
        way = way_to(self._where, self._value, self.shown, self._form, self._reached_s)
        return replace(way, read_s=max(way.read_s, self._silent_s if self._seen else PATIENCE_S))

    def _read(self, connection: Connection) -> Iterator[Frame | Pending]:
        container = connection.container
        assert container is not None
        if self._web and is_picture(connection):
            form = FORMS[container.streams.video[0].codec_context.name]
            way = replace(self._way(), form=form, open_s=SILENT_S, read_s=SILENT_S)
            connection.leave()
            self._seen = True
            yield from polled(partial(Connection, way), self._rate_hz or RATE_HZ, self.shown)
        listed = container.format.name == "hls"
        length_s = known_length_s(container)
        if self._listed and length_s:
            return  # the broadcast is over, and what is there now is its recording
        self._listed = listed and not length_s
        stamped = Flags.no_timestamps not in Flags(container.format.flags)  # motion JPEG: FFmpeg makes up 25 a second
        if length_s:
            yield from self._recorded(connection, length_s)
            return
        waits = not self._address or self._address.scheme in ("http", "https", "tcp")  # if we read slowly
        judged = waits and container.format.name != "mpjpeg"
        self._paced = self._paced or listed or (judged and not self._seen and sends_too_fast(connection))
        yield from self._playing(connection, stamped=stamped, judged=judged and stamped)

    def _recorded(self, connection: Connection, length_s: float) -> Iterator[Frame | Pending]:
        """Yield a recording's frames to its end, each when it is due."""
        pace, first_s, begun_s = Pace(), None, self._reached_s
        index = 0
        for one in self._pictures(connection, SEGMENT_S):
            if isinstance(one, Pending):
                yield one
                continue
            pts_s, image, damaged, _ = one
            start_s = connection.container.start_time if connection.container else None
            first_s = first_s if first_s is not None else (pts_s if start_s is None else start_s / 1e6)
            self._seen = True
            if pts_s - first_s < begun_s:
                continue
            self._reached_s = max(self._reached_s, pts_s - first_s)
            due_s = pace.due(pts_s, monotonic())
            yield from until(due_s)
            yield Frame(image, due_s, index, damaged)
            index += 1
        if not self._seen:
            if self._web and connection.cause and self._form != WHOLE:
                raise Unseekable
            text = f"{self.shown} holds no picture that can be decoded; {no_picture(self._address)}"
            raise SourceError(text) from connection.cause
        if self._reached_s >= length_s - END_S or (connection.cause is None and length_s == inf):
            return
        whole = "" if length_s == inf else f" of {length_s:.0f}"
        if connection.cause is None or self._reached_s <= begun_s:
            log.warning("%s stops after %.1f%s s", self.shown, self._reached_s, whole)
            return
        raise SourceLost(f"{self.shown} stopped after {self._reached_s:.0f}{whole} s")

    def _playing(self, connection: Connection, *, stamped: bool, judged: bool) -> Iterator[Frame | Pending]:
        """Yield the frames of an endless stream until it is lost."""
        clock, pace, too_fast, lag = StreamClock(self._drift.value), Pace(), TooFast(), Lag()
        index = 0
        settle(connection)
        patience_s = SEGMENT_S if self._paced else self._silent_s
        self._silent_s = min(2 * self._silent_s, SEGMENT_S)  # until it proves steady it may be a slow camera
        for one in self._pictures(connection, patience_s if self._address else inf):
            if isinstance(one, Pending):
                yield one
                continue
            pts_s, image, damaged, came_s = one
            self._seen = True
            if judged and not self._paced and too_fast.now(pts_s, came_s):
                self._paced = True
            if self._paced:
                time_s = pace.due(pts_s, monotonic())
                yield from until(time_s)
            else:
                time_s = clock.capture_time(pts_s, came_s, newest(connection)) if stamped else came_s
            now_s = monotonic()
            if lag.late(now_s - time_s, now_s):
                if lag.lost:
                    self._drift.learn(clock.measured() if stamped else None, self.shown)
                    raise SourceLost(f"{self.shown} fell {now_s - time_s:.0f} s behind")
                yield Pending()
                continue
            yield Frame(image, time_s, index, damaged)
            index += 1
            self._silent_s = SILENT_S if index == STEADY else self._silent_s
        if not self._address and ends_for_good(self._value):
            return
        ended = f"{self.shown} {'was lost: ' + reason_of(connection.cause) if connection.cause else 'ended'}"
        raise SourceLost(ended) from connection.cause

    def _pictures(self, connection: Connection, patience_s: float) -> Iterator[Picture | Pending]:
        first_s = ATTEMPT_S + SILENT_S if self._seen else PATIENCE_S
        return pictures(connection, self._address, patience_s, first_s)
