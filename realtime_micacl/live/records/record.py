"""The form of a record, defined once for JSON, CSV, replay and docs/schema.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from time import monotonic, time
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from realtime_micacl.types import EMOTIONS, F32, Baseline, EmotionDistribution, Event, Mark, Mean, State, StateChange
from realtime_micacl.wording import plain

SCHEMA = 2
MARKER = "marker"
TEXT = 4096  # the longest text, in letters
BACK_S = 5.0  # a change of state is stamped when it is noticed, a reading when its picture was taken
ROUNDED = 0.035  # by so much may the sum of seven shares of two digits differ from 1
STEP_S = 0.1  # a smaller step of the wall clock is not followed
ANGLES = ("yaw", "pitch", "roll")

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Emotion = Literal["happy", "sad", "neutral", "angry", "surprise", "disgust", "fear"]
Pixel = Annotated[int, Meta(ge=-(10**6), le=10**6)]
Degrees = Annotated[float, Meta(ge=-360.0, le=360.0)]
Weights = Annotated[list[Annotated[float, Meta(ge=0.0, le=1e3)]], Meta(min_length=1, max_length=64)]


@dataclass
class Clock:
    """Where the times of a run count from, `origin_s` (monotonic).

    `ahead_s` is how far the wall clock is ahead of the monotonic one; None if records have no time of day.
    """

    origin_s: float = 0.0
    ahead_s: float | None = None

    @classmethod
    def started(cls) -> Clock:
        """Return a clock that counts from now and knows the time of day."""
        return cls(monotonic(), time() - monotonic())

    def unix_s(self, time_s: float) -> float | None:
        """Return the time of day at a monotonic time, in s since 1970, or None; it jumps if the wall clock was set."""
        if self.ahead_s is None:
            return None
        ahead_s = time() - monotonic()
        if abs(ahead_s - self.ahead_s) > STEP_S:
            self.ahead_s = ahead_s
        return time_s + self.ahead_s


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line of JSON or a row of CSV; what is at its default is left out of a line and empty in a row."""

    schema: Annotated[Literal[1, 2], Meta(description=f"which form this is; {SCHEMA} is written, 1 is read as well")]
    time_s: Annotated[
        float,
        Meta(ge=-BACK_S, le=1e9, description="seconds since the start; offline since the first picture of the file"),
    ]
    time_unix: Annotated[
        Annotated[float, Meta(ge=0.0, le=1e11)] | None,
        Meta(description="the same moment in seconds since 1970-01-01 UTC, by this machine's clock; live only"),
    ] = None
    track: Annotated[
        Annotated[int, Meta(ge=1, le=1 << 53)] | None,
        Meta(description="number of the person, used once; null for the whole scene"),
    ]
    slot: Annotated[
        Annotated[int, Meta(ge=1, le=64)] | None,
        Meta(description="slot of the face, the lowest that was free when it came; missing if all were taken"),
    ] = None
    source: Annotated[
        str, Meta(max_length=TEXT, description="name of the source, if there are several; without password")
    ] = ""
    state: Annotated[
        str,
        Meta(
            pattern=rf"^({'|'.join([*State, MARKER])})$",
            description=f"{', '.join(State)}; or {MARKER}: a person marked this moment",
        ),
    ]
    detail: Annotated[str, Meta(max_length=TEXT, description="why, in words; the number of a marker")] = ""
    emotion: Annotated[
        Emotion | Literal["unsure"] | None,
        Meta(
            description="the leading emotion, up to 0.16 s late so that it does not flash, or unsure, up to 1 s late; "
            "in readings"
        ),
    ] = None
    probabilities: Annotated[
        dict[Emotion, Share] | None, Meta(description="calibrated and smoothed shares, their sum is 1; in readings")
    ] = None
    importance: Annotated[
        Weights | None, Meta(description="WIAN's weight of each instance, oldest first, mean 1; in readings")
    ] = None
    quality: Annotated[Share | None, Meta(description="how usable the face is, 0 to 1; in readings")] = None
    coverage: Annotated[
        Share | None, Meta(description="share of distinct pictures in the window, 0 to 1; in readings")
    ] = None
    latency_ms: Annotated[
        Annotated[int, Meta(ge=-1000, le=10**9)] | None,
        Meta(description="milliseconds from the picture to the reading; in live readings"),
    ] = None
    baseline: Annotated[
        bool, Meta(description="true if the face is compared with its own neutral one; else missing")
    ] = False
    known: Annotated[
        Share | None,
        Meta(description="how well this face's own neutral is known, 0 to 1; readings of engines that compare with it"),
    ] = None
    mean: Annotated[
        dict[str, Any] | None,
        Meta(
            description="of a mean that `--every` sends to outlets: `over_s` in seconds, number of `readings`, and the "
            "`shares` of the words that led"
        ),
    ] = None
    still: Annotated[
        bool,
        Meta(description="true if the face was read from a single picture, such as a photograph; else missing"),
    ] = False
    frame: Annotated[
        Annotated[int, Meta(ge=0, le=1 << 53)] | None,
        Meta(description="number of the newest picture that it was read from, from 0; in readings"),
    ] = None
    box: Annotated[
        Annotated[list[Pixel], Meta(min_length=4, max_length=4)] | None,
        Meta(
            description="where the face was in that picture, turned and cut as set: left, top, right, bottom in px; "
            "part of it may lie outside; in readings"
        ),
    ] = None
    head: Annotated[
        dict[Literal["yaw", "pitch", "roll"], Degrees] | None,
        Meta(
            description="with `--head`, how the head was turned in it, in degrees: `yaw` above 0 to the right of the "
            "picture, `pitch` above 0 down, `roll` above 0 where its top leans to the right"
        ),
    ] = None

    def event(self) -> Event:
        """Return what was recorded; raise ValueError where that is no change, no marker and no whole reading."""
        reading: tuple[object, ...] = (self.emotion, self.probabilities, self.importance, self.quality, self.coverage)
        reading += (self.latency_ms, self.known, self.frame, self.box, self.head)
        if any(part is not None for part in reading) or self.baseline or self.still:
            return self._reading()
        if self.state != MARKER:
            return StateChange(self.time_s, self.track, State(self.state), self.detail, self.source, self.slot)
        if self.track is not None or not re.fullmatch(r"[1-9]\d{0,8}", self.detail):
            raise ValueError("a marker has a number in its detail and no track")
        return Mark(self.time_s, int(self.detail), self.source)

    def _reading(self) -> EmotionDistribution:
        if (
            self.emotion is None
            or self.probabilities is None
            or self.importance is None
            or self.quality is None
            or self.coverage is None
            or self.track is None
        ):
            raise ValueError("a reading needs track, emotion, probabilities, importance, quality and coverage")
        if self.detail or self.state != State.LIVE:
            raise ValueError("a reading is live and has no detail")
        if len(self.probabilities) != len(EMOTIONS) or abs(sum(self.probabilities.values()) - 1.0) > ROUNDED:
            raise ValueError(f"there must be a probability of {', '.join(EMOTIONS)}, and 1 in all")
        if self.head is not None and len(self.head) != len(ANGLES):
            raise ValueError(f"a head has {', '.join(ANGLES)}")
        return EmotionDistribution(
            self.track,
            self.time_s,
            np.array([self.probabilities[name] for name in EMOTIONS], np.float32),  # type: ignore[index]
            np.array(self.importance, np.float32),
            None if self.emotion == "unsure" else self.emotion,
            self.quality,
            self.coverage,
            None if self.latency_ms is None else self.latency_ms / 1e3,
            self.source,
            Baseline.SET if self.baseline else Baseline.NONE,
            self.slot,
            self.still,
            self.known,
            self.frame,
            None if self.box is None else np.array(self.box, np.float32),
            None if self.head is None else np.array([self.head[name] for name in ANGLES], np.float32),  # type: ignore[index]
        )


def record_of(event: Event, clock: Clock) -> Record:
    """Return the record of an event."""
    unix_s = clock.unix_s(event.time_s)
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "time_s": round(event.time_s - clock.origin_s, 3),
        "time_unix": None if unix_s is None else round(unix_s, 3),
        "track": None if isinstance(event, Mark) else event.track_id,
        "slot": None if isinstance(event, Mark) else event.slot,
        "source": one_line(event.source),
    }
    match event:
        case Mark():
            return Record(**fields, state=MARKER, detail=str(event.number))
        case StateChange():
            return Record(**fields, state=str(event.state), detail=one_line(event.detail))
    return Record(
        **fields,
        state=str(State.LIVE),
        emotion=event.emotion or "unsure",  # type: ignore[arg-type]  # one of EMOTIONS
        probabilities={name: round(float(p), 4) for name, p in zip(EMOTIONS, event.probabilities, strict=True)},  # type: ignore[misc]
        importance=[round(float(w), 3) for w in event.importance],
        quality=round(event.quality, 3),
        coverage=round(event.coverage, 3),
        known=None if event.known is None else round(event.known, 2),
        latency_ms=None if event.latency_s is None else round(event.latency_s * 1e3),
        baseline=event.baseline is Baseline.SET,
        mean=_mean(event) if isinstance(event, Mean) else None,
        still=event.still,
        frame=event.frame,
        box=None if event.box is None else [round(float(side)) for side in event.box],
        head=None if event.head is None else _head(event.head),
    )


def _head(head: F32) -> dict[Any, float]:
    return {name: round(float(angle), 1) for name, angle in zip(ANGLES, head, strict=True)}


def _mean(event: Mean) -> dict[str, Any]:
    shares = {word: round(share, 3) for word, share in event.shares.items()}
    return {"over_s": round(event.over_s, 3), "readings": event.count, "shares": shares}


def as_record(event: Event, clock: Clock) -> dict[str, Any]:
    """Return an event as the dictionary that a line of JSON holds."""
    fields: dict[str, Any] = msgspec.to_builtins(record_of(event, clock))
    return fields


def one_line(text: str) -> str:
    """Return a text as one line, in letters that any file can hold, at most TEXT of them."""
    return plain(text.encode("utf-8", "replace").decode("utf-8"))[:TEXT]
