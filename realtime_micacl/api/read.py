"""`read`: the readings of a file, of pictures or of an address, one after the other."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, Unpack, overload

import numpy as np

from realtime_micacl.api.ending import ENDING
from realtime_micacl.api.how import How, settings_of, spec_of
from realtime_micacl.api.live import Live
from realtime_micacl.api.loaded import EngineLike, engine_for
from realtime_micacl.api.picture import as_picture, as_time
from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError, MicaclError, SourceError
from realtime_micacl.live.clip import read_frames
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.sources.framing import framing
from realtime_micacl.live.sources.sparse import marked_frames
from realtime_micacl.live.sources.stills import RATE_HZ
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import EmotionDistribution, Event, Frame

Source = str | os.PathLike[str] | int | Iterable[Any]


@overload
def read(
    source: Source, *, engine: EngineLike = None, states: Literal[False] = False, **how: Unpack[How]
) -> Generator[EmotionDistribution, None, None]: ...
@overload
def read(
    source: Source, *, engine: EngineLike = None, states: bool, **how: Unpack[How]
) -> Generator[Event, None, None]: ...
def read(
    source: Source, *, engine: EngineLike = None, states: bool = False, **how: Unpack[How]
) -> Generator[Any, None, None]:
    """Yield the readings of `source` in order; with `states` also the changes of state between them.

    A video, a picture or a folder of pictures is read to its end, as with `--offline`: the same values each time. So
    are arrays, at `rate_hz` (default 25) or as pairs of a time in seconds and an array. A camera's number or an address
    is read live: then a slow loop loses readings, see `live`. Leaving the loop or `close()` frees everything.
    Raise ConfigError, SourceError, EngineError at the call if possible, else in the loop; StageFailed in the loop.

    >>> for reading in read("clip.mp4"):
    ...     if reading.emotion and reading["happy"] > 0.9:
    ...         break
    >>> pictures = [np.zeros((240, 320, 3), np.uint8)] * 50
    >>> list(read(pictures, rate_hz=25))
    []
    """
    settings = settings_of(how, "read")
    if isinstance(source, np.ndarray) and source.ndim < 4 and source.dtype != object:
        grey = source.ndim == 3 and source.shape[2] not in (1, 3, 4)
        mend = "list(..) makes a row of grey pictures of it" if grey else "read_image reads it, and read a row of them"
        raise ConfigError(f"{list(source.shape)} is one picture; {mend}")
    if isinstance(source, io.IOBase):
        raise ConfigError("the source is an open file; give its path")
    if isinstance(source, Iterable) and not isinstance(source, str | bytes | os.PathLike):
        pictures = source
        return _offline(
            lambda: marked_frames(frames_of(pictures, settings.rate_hz), "the row"), engine, settings, states
        )
    spec = spec_of(source)
    if spec.live or spec.kind == "synthetic":
        named = os.fsdecode(source) if isinstance(source, bytes) else source
        return _live(Live(named, engine=engine, states=states, **how))
    path = Path(spec.value)
    return _offline(lambda: read_file(path, settings.rate_hz), engine, settings, states)


class FromCaller(MicaclError):
    """Carries an exception of the caller's own pictures, which is its cause, out of the program."""


def frames_of(pictures: Iterable[Any], rate_hz: float | None) -> Iterator[Frame]:
    """Yield arrays, or pairs of time and array, as frames; raise ConfigError for anything else.

    Raise SourceError if there is none.
    """
    before_s, index, first_s = None, -1, 0.0
    for index, item in enumerate(_given(pictures)):
        paired = isinstance(item, tuple | list) and len(item) == 2
        given_s, image = item if paired else (index / (rate_hz or RATE_HZ), item)
        try:
            before_s = as_time(given_s, before_s, "give the pictures in order")
            first_s = first_s if index else before_s
            yield Frame(as_picture(image), before_s - first_s, index)
        except ConfigError as cause:
            raise ConfigError(f"picture {index}: {cause}") from None
    if index < 0:
        raise SourceError("there is no picture to read")


def _given(pictures: Iterable[Any]) -> Iterator[Any]:
    try:
        yield from pictures
    except Exception as cause:
        raise FromCaller from cause


def _offline(
    open_frames: Callable[[], Iterator[Frame]], engine: EngineLike, settings: Settings, states: bool
) -> Generator[Event, None, None]:
    """Return a generator that reads frames to their end; engine and settings are checked at once."""
    folder, sidecar, share = engine_for(engine, settings)
    opens = openers(settings, folder, sidecar, share=share)
    framing(settings)

    def events() -> Generator[Event, None, None]:
        with closing(read_frames(open_frames, settings, opens, interrupted=ENDING.over)) as found:
            while True:
                theirs = None
                try:
                    with ENDING.at_work():
                        event = next(found, None)
                except FromCaller as error:
                    theirs = error.__cause__
                if theirs:
                    raise theirs
                if event is None:
                    return
                if states or isinstance(event, EmotionDistribution):
                    yield event

    return events()


def _live(live: Live) -> Generator[Event, None, None]:
    with live:
        yield from live
