"""`realtime-micacl replay`: show a recording in the window. It holds numbers, so there is no picture to show.

The recording stands in for the source and for both stages; session and window are those of the live job.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from pathlib import Path

import numpy as np

from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.live.records.reader import read_recording
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.paced import paced
from realtime_micacl.options import VerbParser
from realtime_micacl.programs.screen import open_screen, stopped_by_signals
from realtime_micacl.types import (
    F32,
    U8,
    Bag,
    EmotionDistribution,
    Event,
    Face,
    Frame,
    Mark,
    Quality,
    Scene,
    State,
    StateChange,
)

WIDTH_PX, HEIGHT_PX, RATE_HZ = 1280, 720, 25
COLUMNS, ROWS, FACE_PX = 4, 2, 96
MARKS = 60  # as many as the window shows
GROUND = (40, 45, 52)
CROP = np.zeros((1, 1, 3), np.uint8)


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    p = VerbParser(prog="realtime-micacl replay", description="Show a recording in the window.")
    p.add_argument("file", type=Path, metavar="FILE", help="what --record wrote, .jsonl or .csv")
    p.add_argument("--source", metavar="NAME", help="which one, where it holds several")
    arguments = p.parse_args(argv)
    path = arguments.file
    source, start_s, end_s = span(path, arguments.source)
    open_screen("`realtime-micacl report FILE` makes a page of it")
    from realtime_micacl_ui.options import Options
    from realtime_micacl_ui.window import show

    shown = None
    while shown is None or shown.again:
        replay = Replay((event for event in read_recording(path) if event.source == source), start_s)
        session = replayed(replay, end_s)
        with stopped_by_signals(session.stop), session:
            name, options = f"recording {path.name}", Options(stays=True)
            shown = show(session, source_name=name, options=options, window=shown)


def replayed(replay: Replay, end_s: float) -> LiveSession:
    """Return a session that plays a recording up to `end_s`."""
    return LiveSession(paced(replay.frames(end_s)), lambda: replay, lambda: replay, holds=True, recorded=True)


def span(path: Path, source: str | None = None) -> tuple[str, float, float]:
    """Read a recording to its end; return the source to show, and its first and last time in s.

    Raise SourceError if it is empty, ConfigError if it has several sources and `source` names none of them.
    """
    spans: dict[str, tuple[float, float]] = {}
    for event in read_recording(path):
        start_s, end_s = spans.get(event.source, (inf, -inf))
        spans[event.source] = min(start_s, event.time_s), max(end_s, event.time_s)
    if not spans:
        raise SourceError(f"{path} is empty; nothing was recorded")
    shown = next(iter(spans)) if source is None and len(spans) == 1 else source
    if shown not in spans:
        raise ConfigError(f"{path} holds {len(spans)} sources; name one with --source: {', '.join(map(repr, spans))}")
    return shown, *spans[shown]


@dataclass(frozen=True, eq=False, kw_only=True)
class Recorded(Bag):
    """A bag whose crops are not known, only its reading."""

    reading: EmotionDistribution


class Replay:
    """A source and both stages of the analysis, played from a recording."""

    def __init__(self, events: Iterator[Event], start_s: float) -> None:
        self._events, self._start_s = events, start_s
        self._next = next(events, None)
        self._state, self._detail = State.STARTING, ""
        self._faces: dict[int, Face] = {}
        self._marks: tuple[Mark, ...] = ()

    def frames(self, end_s: float) -> Iterator[Frame]:
        """Yield empty pictures, RATE_HZ a second, up to `end_s` of the recording."""
        image: U8 = np.full((HEIGHT_PX, WIDTH_PX, 3), GROUND, np.uint8)
        image.flags.writeable = False
        for index in range(ceil((end_s - self._start_s) * RATE_HZ) + 1):
            yield Frame(image, index / RATE_HZ, index)

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        """Return what was recorded up to the moment of `frame`."""
        until_s = self._start_s + frame.index / RATE_HZ
        bags: dict[int, Bag] = {}
        while self._next is not None and self._next.time_s <= until_s:
            event, self._next = self._next, next(self._events, None)
            match event:
                case StateChange():
                    self._change(event)
                case Mark():
                    set_s = frame.time_s - (until_s - event.time_s)  # the window may have skipped pictures since
                    self._marks = (*self._marks, replace(event, time_s=set_s))[-MARKS:]
                case EmotionDistribution():
                    self._show(event.track_id, State.LIVE)
                    bags[event.track_id] = _bag(event, frame)
        faces = tuple(self._faces.values()) if self._state is State.LIVE else ()
        return Scene(frame.time_s, frame, faces, self._state, self._detail, self._marks), tuple(bags.values())

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        """Return the readings that were recorded."""
        return tuple(bag.reading for bag in bags if isinstance(bag, Recorded))

    def close(self) -> None:
        """Close the file."""
        self._events.close()  # type: ignore[attr-defined]  # a generator

    def _change(self, event: StateChange) -> None:
        if event.track_id is None:
            over = event.state in (State.ENDED, State.FAILED)  # the last line; what was shown stays
            self._state, self._detail = (self._state, "") if over else (event.state, event.detail)
        elif event.state is State.NO_FACE:
            self._faces.pop(event.track_id, None)
        else:
            self._show(event.track_id, event.state, event.detail)

    def _show(self, track_id: int, state: State, fault: str = "") -> None:
        """Show a face in its place, or in the first free one; if all are taken, in that of the oldest."""
        before = self._faces.pop(track_id, None)
        taken = {face.box[0] * HEIGHT_PX + face.box[1] for face in self._faces.values()}
        boxes = [box for box in BOXES if box[0] * HEIGHT_PX + box[1] not in taken]
        if not boxes:
            boxes = [self._faces.pop(next(iter(self._faces))).box]
        box = before.box if before else boxes[0]
        quality = Quality(0.0 if fault else 1.0, fault)
        self._faces[track_id] = Face(track_id, box, CROP, 1.0, quality, state, float(state is State.LIVE))


def _bag(reading: EmotionDistribution, frame: Frame) -> Recorded:
    track_id, now_s = reading.track_id, frame.time_s
    shown, crops = replace(reading, time_s=now_s), np.full((len(reading.importance), 1, 1, 1, 3), GROUND, np.uint8)
    return Recorded(track_id, frame.index, crops, now_s, now_s, reading.coverage, reading.quality, reading=shown)


def _box(column: int, row: int) -> F32:
    """Return the place of a face: left, top, right, bottom in px."""
    x = WIDTH_PX * (column + 0.25) / COLUMNS
    y = HEIGHT_PX * (row + 0.5) / ROWS
    half = FACE_PX / 2
    return np.array([x - half, y - half, x + half, y + half], np.float32)


BOXES = [_box(column, row) for row in range(ROWS) for column in range(COLUMNS)]
