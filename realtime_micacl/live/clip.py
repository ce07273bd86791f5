"""Reads a file from end to end, as `--offline` and `process` do."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from realtime_micacl.config import Settings
from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.records.slots import Slots
from realtime_micacl.live.sources.framing import Framer, framing
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.live.supervision import Openers
from realtime_micacl.types import Event, Frame


def read_clip(
    path: Path,
    settings: Settings,
    opens: Openers,
    *,
    interrupted: Callable[[], bool] = lambda: False,
) -> Generator[Event, None, None]:
    """Yield every change of state and every reading of a file, with the slot of each face: the same each time.

    Leaving the loop early frees file, detector and engine. Raise what `offline` raises.
    """
    return read_frames(partial(read_file, path, settings.rate_hz), settings, opens, interrupted=interrupted)


def read_frames(
    open_frames: Callable[[], Iterator[Frame]],
    settings: Settings,
    opens: Openers,
    *,
    interrupted: Callable[[], bool] = lambda: False,
) -> Generator[Event, None, None]:
    """Do as `read_clip` for any frames; `open_frames` is called after the stages are opened."""
    slots = Slots(settings.slots)
    with closing(opens.perceiver()) as perceiver, closing(opens.recognizer()) as recognizer:
        frames = Framer(framing(settings))(open_frames())
        with closing(frames):  # type: ignore[type-var]  # every source is a generator, so it has close()
            yield from map(slots.with_slot, offline(frames, perceiver, recognizer, interrupted=interrupted))
