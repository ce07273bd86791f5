"""The values that flow through the program: Frame -> Scene(Face..) -> Bag -> EmotionDistribution.

Shape letters: B bags, N instances per bag, L frames per instance, S crop side in px, D feature size, K emotions, H W
frame size in px. Arrays inside these types are read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime_micacl.lazy import Lazy, made

U8 = npt.NDArray[np.uint8]
F32 = npt.NDArray[np.float32]
Features = npt.NDArray[Any]
"""What an engine made of pieces, [M, ..]: the numbers, or where it keeps them; only that engine can tell."""

EMOTIONS = ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear")
"""The one label order. Every data set and every engine is mapped to it by name."""
GAP_S = 0.5
"""With more time between them, pictures or readings of a face do not belong together."""


class State(StrEnum):
    """What a source, a scene or a face is in; each is shown on the screen and written once per change."""

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
    """How it stands with the neutral face that a track's readings are compared with."""

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
    still: bool = False  # no other picture is near enough in time: what is in it is read from it alone

    @property
    def image(self) -> U8:
        """RGB, [H,W,3], dense, upright, with square pixels, read-only; live/sources/upright.py makes it."""
        return made(self.picture)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its image, [H,W,3]."""
        return self.picture.shape


@dataclass(frozen=True, eq=False)
class Retry:
    """A live source was lost and is being opened again; it stands in the stream of frames."""

    attempt: int
    wait_s: float  # until the next try; 0 while it is being opened
    reason: str

    @property
    def detail(self) -> str:
        """All of it, for people."""
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
    """There is more to read than the machine has time for: it keeps up with so many of the faces."""

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
    """What was marked up to now, where a recording is shown."""
    strain: Strain | None = None  # set while the machine does not keep up
    least_px: int = 0  # where nobody is seen: below about so many px of height no face is found


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
    still: bool = False  # all of it is one picture that stands alone
    frame: int | None = None  # the number of the picture that its newest crop was cut from
    box: F32 | None = None  # where the face was in it: left, top, right, bottom in px, [4]
    head: F32 | None = None  # how the head was turned in it: yaw, pitch, roll in degrees, [3]

    def pieces(self, frames: int, *, mirrored: bool = False) -> list[U8]:
        """Return views of the N*L/P pieces of P = `frames`, [P,S,S,3], with `mirrored` those of odd ticks mirrored."""
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
    """The word for it: the leading emotion, or None when unsure; for a moment still the one before."""
    quality: float
    coverage: float
    latency_s: float | None = None
    """From capture to this reading; None where no clock runs, in offline work."""
    source: str = ""  # the name of its source where there are several
    baseline: Baseline = Baseline.NONE
    slot: int | None = None
    """The place that its face holds while it is there, from 1; None where all are taken."""
    still: bool = False  # read from one picture alone
    known: float | None = None  # how well the face's own neutral is known, 0 to 1, where the engine compares with it
    frame: int | None = None  # the number of the newest picture that it was read from
    box: F32 | None = None  # where the face was in it: left, top, right, bottom in px, [4]
    head: F32 | None = None  # how the head was turned in it: yaw, pitch, roll in degrees, [3]; where it was asked for

    @property
    def leading(self) -> str | None:
        """The emotion that has the largest share and is the word as well; None while they differ, and when unsure."""
        share = self.probabilities[EMOTIONS.index(self.emotion)] if self.emotion else -1.0
        return self.emotion if share >= self.probabilities.max() else None

    def __getitem__(self, emotion: str) -> float:
        """Return the share of an emotion, 0 to 1: `reading["happy"]`; raise KeyError where it is none."""
        if emotion not in EMOTIONS:
            raise KeyError(f"{emotion!r} is none of {', '.join(EMOTIONS)}")
        return float(self.probabilities[EMOTIONS.index(emotion)])


@dataclass(frozen=True, eq=False, kw_only=True)
class Mean(EmotionDistribution):
    """What the readings of one face were over some seconds; time and latency are the last one's."""

    over_s: float
    """From the first of them to the last."""
    count: int
    shares: Mapping[str, float]
    """Of how many readings each word led, "unsure" among them; 1 in all."""


@dataclass(frozen=True)
class StateChange:
    """A scene (track_id None) or a face entered a state."""

    time_s: float
    track_id: int | None
    state: State
    detail: str = field(default="")
    source: str = ""  # the name of its source where there are several
    slot: int | None = None  # the place that its face holds, or held until now


@dataclass(frozen=True)
class Mark:
    """A person marked this moment; recordings hold it."""

    time_s: float
    number: int
    source: str = ""  # the name of its source where there are several


Event = EmotionDistribution | StateChange | Mark
