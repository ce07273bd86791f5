"""`live`: a camera, a stream or a file at its own rate, read while it runs."""

from __future__ import annotations

import os
from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from time import monotonic
from types import TracebackType
from typing import Any, Self, Unpack
from weakref import finalize

from realtime_micacl.api.ending import ENDING
from realtime_micacl.api.how import How, path_of, settings_of, spec_of
from realtime_micacl.api.loaded import EngineLike, engine_for
from realtime_micacl.api.newest import Newest
from realtime_micacl.errors import ConfigError, StageFailed
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.live.records.origin import Origin
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.records.sinks import Sink
from realtime_micacl.live.records.slots import STALE_S, Slots
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.framing import Framer, framing
from realtime_micacl.live.sources.source import open_source
from realtime_micacl.types import EmotionDistribution, Event, Mark, State

POLL_S = 0.1
NOT_RUNNING = "it is not running; write `with live(..) as face:` and use it in that block"


class Live:
    """What `live` returns: a context manager, and within it an iterator over the newest readings of a source.

    For each face the newest reading wins: a slow loop loses readings, counted in `dropped`, but never lags behind.
    `source` is a camera's number, an address (`rtsp://..`) or a file, which runs at its own rate. Times count from the
    `with`, as in a recording. `name` becomes the `source` of the readings. With `states` changes of state are among
    them. `wait` waits for a source that is not there yet. A source that is lost is opened again, for as long as it
    takes or `give_up_after_s`. Leaving the `with` frees device, threads and engine, and raises what ended it:
    SourceError, EngineError, StageFailed. If it is never left, as in a notebook, it ends when nothing refers to it.

    >>> with live("clip.mp4") as face:
    ...     for reading in face:
    ...         if reading.emotion:
    ...             mark = face.mark()
    ...             break
    >>> mark.number, face.state
    (1, <State.ENDED: 'ended'>)
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | int = 0,
        *,
        engine: EngineLike = None,
        name: str = "",
        states: bool = False,
        wait: bool = False,
        give_up_after_s: float | None = None,
        **how: Unpack[How],
    ) -> None:
        """Check the arguments; nothing is opened before the `with`. Raise ConfigError, SourceError or EngineError."""
        if not isinstance(name, str):
            raise ConfigError(f"the name is of type {type(name).__name__}; give a text")
        more = {"wait": wait, "give_up_after_s": give_up_after_s}
        self._settings = settings_of(how, "live", **more)
        self._framer = Framer(framing(self._settings))
        self._spec = spec_of(source, waits=wait)
        self._folder, self._sidecar, self._share = engine_for(engine, self._settings)
        self._name, self._marks = name, 0
        self._found, self._ready = Newest(states=states), deque[Event]()
        self._clock = Clock()
        self._recorder: Recorder | None = None
        self._session: LiveSession | None = None
        self._left = False
        self._open = ExitStack()

    def __enter__(self) -> Self:
        if self._session:
            raise ConfigError("it was used before; call live again")
        settings, clock = self._settings, Clock.started()
        tuned = Tuned(Tuning(settings.smoothing_s, self._sidecar.calibration.abstain_below))
        origin = Origin(settings, self._folder, self._sidecar, tuned, clock)
        origin.sources = [self._name or self._spec.name]
        self._clock, self._recorder = clock, Recorder(clock, self._sidecar.bag.instances, origin)
        frames = open_source(
            self._spec,
            wait=settings.wait,
            give_up_after_s=settings.give_up_after_s,
            rate_hz=settings.rate_hz,
            framer=self._framer,
        )
        opens = openers(settings, self._folder, self._sidecar, tuned, self._share)
        found = self._found

        def keep(event: Event) -> None:  # must not refer to `self`, or it would never be freed
            found(replace(event, time_s=event.time_s - clock.origin_s))

        sinks: list[Sink] = [self._recorder, keep]
        holds = not self._spec.live
        slots = Slots(settings.slots)
        self._session = LiveSession(frames, *opens, sinks, holds=holds, name=self._name, slots=slots)
        finalize(self, self._session.stop).atexit = False
        ENDING.waits_for(self._session)
        self._open.callback(self._recorder.stop)
        self._open.enter_context(self._session)
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._left = True
        self._open.__exit__(kind, exc, tb)
        if exc is None and self._recorder and self._recorder.fault:
            raise StageFailed(f"the recording is not whole: {self._recorder.fault}")

    def close(self) -> None:
        """End it, as leaving the `with` does."""
        self.__exit__(None, None, None)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        """Wait for a new reading; raise what ended the source, StopIteration if it ended by itself."""
        session = self._session
        if session is None:
            raise ConfigError(NOT_RUNNING)
        while not self._ready:
            now = session.look()
            at_work = now.running and not now.stopping
            if not at_work:
                session.conclude()
            self._ready.extend(self._found.take(POLL_S if at_work else 0.0))
            now = session.look()
            if error := not self._ready and (now.error or now.fault):
                raise error
            if not at_work and not self._ready:
                raise StopIteration
        return self._ready.popleft()

    def latest(self, max_age_s: float = STALE_S) -> dict[int, EmotionDistribution]:
        """Return the newest reading of each face that is present, by track; for loops of your own."""
        return self._found.latest(self.now_s - max_age_s)

    @property
    def now_s(self) -> float:
        """The present time, counted like that of the readings, in s."""
        return monotonic() - self._clock.origin_s

    @property
    def running(self) -> bool:
        """Whether the source is still read; a loop around `latest()` should end with it."""
        return bool(self._session and self._session.running and not (self._left or self._session.fault))

    @property
    def state(self) -> State:
        """The state of the source."""
        return self._found.state

    @property
    def dropped(self) -> int:
        """The number of readings that the loop was too slow for."""
        return self._found.dropped

    def mark(self) -> Mark:
        """Mark this moment, in the recording too, and return the mark; marks are numbered from 1."""
        recorder = self._open_recorder()
        self._marks += 1
        mark = Mark(monotonic(), self._marks, self._name)
        recorder(mark)
        return replace(mark, time_s=mark.time_s - self._clock.origin_s)

    def record(self, path: str | os.PathLike[str] | None) -> None:
        """Begin a recording of numbers, .jsonl or .csv, and end the one before; None only ends it.

        Raise ConfigError if the file exists or cannot be made.
        """
        recorder = self._open_recorder()
        if path is None:
            recorder.stop()
        else:
            recorder.start(path_of(path, "a file"))

    def _open_recorder(self) -> Recorder:
        if self._recorder is None or self._left:
            raise ConfigError(NOT_RUNNING)
        return self._recorder
