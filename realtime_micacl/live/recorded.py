"""Strict reading of recordings: every line of a .jsonl file is what the program wrote, or it is refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from realtime_micacl.errors import SourceError
from realtime_micacl.types import EMOTIONS, Baseline, EmotionDistribution, Event, State, StateChange

log = logging.getLogger(__name__)

LINE_BYTES = 1 << 16
BACK_S = 5.0  # a change of state is stamped when it is noticed, a reading when its picture was taken

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Emotion = Literal["happy", "sad", "neutral", "angry", "surprise", "disgust", "fear"]
Weights = Annotated[list[Annotated[float, Meta(ge=0.0, le=1e3)]], Meta(min_length=1, max_length=64)]


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line."""

    schema: Literal[1]
    time_s: Annotated[float, Meta(ge=-BACK_S, le=1e9)]
    track: Annotated[int, Meta(ge=1, le=1 << 53)] | None
    source: Annotated[str, Meta(max_length=4096)] = ""
    state: State
    detail: Annotated[str, Meta(max_length=4096)] = ""
    emotion: Emotion | Literal["unsure"] | None = None
    probabilities: dict[Emotion, Share] | None = None
    importance: Weights | None = None
    quality: Share | None = None
    coverage: Share | None = None
    latency_ms: Annotated[int, Meta(ge=-1000, le=10**9)] | None = None
    baseline: bool | None = None

    def event(self) -> Event:
        """Return what was recorded; raise ValueError where the line is neither a change nor a whole reading."""
        reading = (self.emotion, self.probabilities, self.importance, self.quality, self.coverage)
        if all(part is None for part in (*reading, self.latency_ms, self.baseline)):
            return StateChange(self.time_s, self.track, self.state, self.detail, self.source)
        if (
            self.emotion is None
            or self.probabilities is None
            or self.importance is None
            or self.quality is None
            or self.coverage is None
            or self.track is None
        ):
            raise ValueError("a reading needs track, emotion, probabilities, importance, quality and coverage")
        if self.detail or self.state is not State.LIVE:
            raise ValueError("a reading is live and has no detail")
        if len(self.probabilities) != len(EMOTIONS) or abs(sum(self.probabilities.values()) - 1.0) > 0.01:
            raise ValueError(f"there must be a probability of {', '.join(EMOTIONS)}, and 1 in all")
        shares = np.array([share for _, share in sorted(self.probabilities.items(), key=_place)], np.float32)
        return EmotionDistribution(
            self.track,
            self.time_s,
            shares,
            np.array(self.importance, np.float32),
            None if self.emotion == "unsure" else self.emotion,
            self.quality,
            self.coverage,
            None if self.latency_ms is None else self.latency_ms / 1e3,
            self.source,
            Baseline.SET if self.baseline else Baseline.NONE,
        )


def _place(item: tuple[str, float]) -> int:
    return EMOTIONS.index(item[0])


def read_recording(path: Path) -> Iterator[Event]:
    """Yield what a .jsonl recording holds, line by line; raise SourceError at the first line that is no such thing.

    A last line that was cut off, by a full disk or a power cut, is left out.
    """
    if path.suffix.lower() != ".jsonl":
        raise SourceError(f"{path} is no .jsonl recording; --record FILE.jsonl makes one")
    try:
        stream = path.open("rb")
    except OSError as cause:
        raise SourceError(f"{path} cannot be read: {cause.strerror}; check the path") from cause
    decoder = msgspec.json.Decoder(Record)
    newest_s = -BACK_S
    with stream:
        for number, line in enumerate(iter(lambda: stream.readline(LINE_BYTES), b""), start=1):
            if not line.endswith(b"\n"):
                if len(line) >= LINE_BYTES:
                    raise SourceError(f"{path}, line {number} has more than {LINE_BYTES} bytes; it is no recording")
                log.warning("%s: the last line is cut off and left out", path)
                return
            try:
                event = decoder.decode(line).event()
            except (msgspec.MsgspecError, ValueError, RecursionError) as cause:
                raise SourceError(f"{path}, line {number} is no record of this program: {cause}") from cause
            if event.time_s < newest_s - BACK_S:
                raise SourceError(f"{path}, line {number}: time goes back by {newest_s - event.time_s:.0f} s")
            newest_s = max(newest_s, event.time_s)
            yield event
