"""The values that flow through the program: Frame -> Scene(Face..) -> Bag -> EmotionDistribution.

Shape letters: B bags, N instances per bag, L frames per instance, S crop side in px, D feature size, K emotions, H W
frame size in px. Arrays inside these types are read-only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_micacl.lazy import Lazy, made

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
Features = npt.NDArray[Any]
"""The features of pieces, [M, ..]: the numbers, or where the engine keeps them; only that engine can read them."""

EMOTIONS = ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear")
"""The one label order. Every data set and every engine is mapped to it by name."""
UNSURE = "unsure"
"""The word of a reading without a leading emotion."""
GAP_S = 0.5
"""Pictures or readings of a face that are farther apart in time do not belong together."""


class State(StrEnum):
    """The states of a source, a scene or a face; shown on the screen, and written once per change."""

    STARTING = "starting"
    LIVE = "live"
    COLLECTING = "collecting"
    NO_FACE = "no face"
    LOW_QUALITY = "low quality"
    STALLED = "stalled"
    RECONNECTING = "reconnecting"
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"


class Baseline(StrEnum):
    """The states of the neutral face that a person set for a track, or why it was refused."""

    NONE = ""
    TAKING = "taking"
    SET = "set"
    SPARSE = "too little read"
    UNSTEADY = "not steady"
    UNLIKE = "not neutral"


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source."""

    picture: U8 | Lazy
    time_s: float
    """Capture time in monotonic seconds; offline the time stamp in the file."""
    index: int
    damaged: int = 0  # pictures and packets since the frame before that were damaged and left out
    still: bool = False  # a single picture: no other one is near in time, so faces are read from it alone

    @property
    def image(self) -> U8:
        """The picture, RGB, [H,W,3], upright, with square pixels, C-contiguous and read-only."""
        return made(self.picture)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the image, [H,W,3]; does not convert it."""
        return self.picture.shape


@dataclass(frozen=True, eq=False)
class Retry:
    """Comes instead of a frame while a live source that was lost is opened again."""

    attempt: int
    wait_s: float  # until the next try; 0 while it is being opened
    reason: str

    @property
    def detail(self) -> str:
        """All of this in words."""
        when = f"next try in {self.wait_s:.0f} s" if self.wait_s else "trying now"
        return f"{self.reason}; attempt {self.attempt}, {when}"


@dataclass(frozen=True)
class Quality:
    """How usable a face is."""

    value: float  # 0 to 1
    fault: str = ""
    """Empty, or why the face is not analysed; live/seeing/quality.py names the faults."""


@dataclass(frozen=True, eq=False)
class Face:
    """One tracked face in one frame."""

    track_id: int
    box: F32
    """Left, top, right, bottom in px of the frame, [4]."""
    crop: U8  # aligned, RGB, [S,S,3]
    score: float  # the detector's, 0 to 1
    quality: Quality
    state: State = State.COLLECTING
    filled: float = 0.0  # share of the window collected so far, 0 to 1
    points: F32 | None = None
    """The person's right and left eye, nose, mouth, right and left ear, in px of the frame, [6,2]."""
    shape: F32 | None = None  # its landmarks without the head's pose, [3 P], where the engine asks for them
    head: F32 | None = None  # yaw, pitch, roll in degrees (live/seeing/pose.py), [3]; None: the mesh is unsure


@dataclass(frozen=True)
class Strain:
    """The machine does not keep up: it has time for only `kept` of the `faces`."""

    kept: int
    faces: int

    def __str__(self) -> str:
        return f"this machine keeps up with {self.kept or 'none'} of {self.faces} face{'s' * (self.faces > 1)}"


@dataclass(frozen=True, eq=False)
class Scene:
    """What is seen at one moment."""

    time_s: float
    frame: Frame | None
    faces: tuple[Face, ...]
    state: State
    detail: str = ""
    marks: tuple[Mark, ...] = ()
    """The marks so far, if a recording is shown."""
    strain: Strain | None = None  # set while the machine does not keep up
    least_px: int = 0  # without a face: about how high one must be to be found, in px


@dataclass(frozen=True, eq=False)
class Bag:
    """All crops of one track in one window."""

    track_id: int
    tick: int  # number of the newest sampling tick; instance i ends at tick - (N - 1 - i) * L
    crops: U8  # [N,L,S,S,3]
    start_s: float
    end_s: float
    coverage: float  # share of distinct frames, 1 / (N L) to 1
    quality: float
    shapes: F32 | None = None  # of the faces in the same frames, [N*L, 3 P], where the engine asks for them
    still: bool = False  # it is filled with a single picture
    frame: int | None = None  # the number of the picture that its newest crop was cut from
    box: F32 | None = None  # where the face was in it: left, top, right, bottom in px, [4]
    head: F32 | None = None  # how the head was turned in it: yaw, pitch, roll in degrees, [3]

    def pieces(self, frames: int, *, mirrored: bool = False) -> list[U8]:
        """Return views of the N*L/P pieces of P = `frames` crops, [P,S,S,3]; `mirrored` mirrors those of odd ticks."""
        pieces = self.crops.reshape(-1, frames, *self.crops.shape[2:])
        first = self.tick - len(pieces) + 1
        return [piece[:, :, ::-1] if mirrored and tick % 2 else piece for tick, piece in enumerate(pieces, first)]


@dataclass(frozen=True, eq=False)
class EmotionDistribution:
    """A reading: what one face's expression looks like at one moment."""

    track_id: int
    time_s: float
    """The capture time of the newest frame in its bag."""
    probabilities: F32
    """Calibrated and smoothed, [K], in the order of EMOTIONS."""
    importance: F32
    """WIAN's weight of each instance, oldest first, mean 1, [N]."""
    emotion: str | None
    """The word: the leading emotion, or None if unsure; it follows a change with a short delay."""
    quality: float
    coverage: float
    latency_s: float | None = None
    """Time from capture to this reading; None offline."""
    source: str = ""  # the name of its source, if there are several
    baseline: Baseline = Baseline.NONE
    slot: int | None = None  # the slot of its face, from 1; None if all are taken
    still: bool = False  # read from a single picture
    known: float | None = None  # how well the face's own neutral is known, 0 to 1, if the engine compares with it
    frame: int | None = None  # the number of the newest picture that it was read from
    box: F32 | None = None  # where the face was in it: left, top, right, bottom in px, [4]
    head: F32 | None = None  # how the head was turned in it: yaw, pitch, roll in degrees, [3]; where it was asked for

    @property
    def leading(self) -> str | None:
        """The word, if it also has the largest share; None while they differ, and when unsure."""
        share = self.probabilities[EMOTIONS.index(self.emotion)] if self.emotion else -1.0
        return self.emotion if share >= self.probabilities.max() else None

    def __getitem__(self, emotion: str) -> float:
        """Return the share of an emotion, 0 to 1, as in `reading["happy"]`; raise KeyError for an unknown one."""
        if emotion not in EMOTIONS:
            raise KeyError(f"{emotion!r} is not one of {', '.join(EMOTIONS)}")
        return float(self.probabilities[EMOTIONS.index(emotion)])

    def keys(self) -> tuple[str, ...]:
        """Return the emotions, so that `dict(reading)` has the shares by name."""
        return EMOTIONS

    def __iter__(self) -> Iterator[str]:
        return iter(EMOTIONS)


@dataclass(frozen=True, eq=False, kw_only=True)
class Mean(EmotionDistribution):
    """The mean of the readings of one face over some seconds; time and latency are those of the last one."""

    over_s: float
    """Seconds from the first reading to the last."""
    count: int
    shares: Mapping[str, float]
    """The share of the readings for each word, "unsure" among them; together 1."""


@dataclass(frozen=True)
class StateChange:
    """A scene (track_id None) or a face entered a state."""

    time_s: float
    track_id: int | None
    state: State
    detail: str = field(default="")
    source: str = ""  # the name of its source, if there are several
    slot: int | None = None  # that its face holds, or held until now


@dataclass(frozen=True)
class Mark:
    """A moment that a person marked; it is written to recordings."""

    time_s: float
    number: int
    source: str = ""  # the name of its source, if there are several


Event = EmotionDistribution | StateChange | Mark
