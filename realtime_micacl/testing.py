"""Doubles for tests of programs that use this package: a camera, both stages, an engine; and values to compare.

No picture is looked at and no network is asked; what they see and read is what they were made with.

>>> stages = FakeStages(emotion="sad")
>>> with LiveSession(FakeCamera(frames=3, rate_hz=1e3), *stages.openers, [found.append]) as session:
...     session.wait(5.0)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from realtime_micacl.live.supervision import Openers
from realtime_micacl.types import EMOTIONS, F32, U8, Bag, EmotionDistribution, Face, Frame, Quality, Scene, State

SIZE_PX = (160, 90)
BOX = (20.0, 20.0, 60.0, 60.0)
SURE = 0.7  # the share of the emotion that is read


def picture(shade: int | tuple[int, int, int] = 60, size: tuple[int, int] = SIZE_PX) -> U8:
    """Return a picture of one colour, RGB [H,W,3], of this width and height."""
    image = np.full((size[1], size[0], 3), shade, np.uint8)
    image.flags.writeable = False
    return image


IMAGE = picture()


def face(
    track_id: int = 1,
    state: State = State.LIVE,
    *,
    filled: float = 1.0,
    fault: str = "",
    box: Sequence[float] = BOX,
    crop: U8 = IMAGE,
) -> Face:
    """Return a face in a picture; with a `fault` its quality is none."""
    quality = Quality(0.0 if fault else 1.0, fault)
    return Face(track_id, np.array(box, np.float32), crop, 0.9, quality, state, filled)


def bag(
    time_s: float, track_id: int = 1, tick: int = 0, *, shape: tuple[int, ...] = (4, 4, 1, 1), lasts_s: float = 0.0
) -> Bag:
    """Return the bag of a track that ends at `time_s`; its crops are black, [*shape,3]."""
    return Bag(track_id, tick, np.zeros((*shape, 3), np.uint8), time_s - lasts_s, time_s, 1.0, 1.0)


def shares(emotion: str | None = "happy", share: float = SURE) -> F32:
    """Return the shares of the seven emotions, [K], of which one has `share`; None: all alike."""
    if emotion is None:
        return np.full(len(EMOTIONS), 1 / len(EMOTIONS), np.float32)
    found = np.full(len(EMOTIONS), (1 - share) / (len(EMOTIONS) - 1), np.float32)
    found[EMOTIONS.index(emotion)] = share
    return found


def reading(
    time_s: float, track_id: int = 1, emotion: str | None = "happy", *, share: float = SURE, instances: int = 4
) -> EmotionDistribution:
    """Return a reading that says `emotion`; None: it is unsure."""
    alike = np.ones(instances, np.float32)
    return EmotionDistribution(track_id, time_s, shares(emotion, share), alike, emotion, 1.0, 1.0)


class FakeCamera:
    """Gives pictures at a rate, as of now, until there were so many `frames`; then it ends, or fails with `error`."""

    def __init__(
        self,
        *,
        rate_hz: float = 100.0,
        frames: int | None = None,
        image: U8 = IMAGE,
        error: Exception | None = None,
    ) -> None:
        self.given, self.closed = 0, False
        self._rate_hz, self._frames, self._image, self._error = rate_hz, frames, image, error

    def __iter__(self) -> Iterator[Frame]:
        try:
            while self._frames is None or self.given < self._frames:
                yield Frame(self._image, time.monotonic(), self.given)
                self.given += 1
                time.sleep(1 / self._rate_hz)
            if self._error:
                raise self._error
        finally:
            self.closed = True


@dataclass(eq=False)
class Conduct:
    """How a stage behaves, and how often it was opened, called and closed; calls count from 1, whoever is at work."""

    takes_s: float = 0.0
    opens_s: float = 0.0
    refuses: Exception | None = None
    """What opening it raises."""
    raises: Collection[int] = ()
    """Calls that raise ValueError."""
    raises_from: int | None = None
    """The first of the calls that all raise ValueError."""
    hangs: Collection[int] = ()
    """Calls that do not come back before `release` is set, or twenty seconds are over."""
    release: threading.Event = field(default_factory=threading.Event)
    opened: int = 0
    calls: int = 0
    closed: int = 0

    def open(self) -> None:
        """Take the time that opening takes; raise what it `refuses` with."""
        self.opened += 1
        time.sleep(self.opens_s)
        if self.refuses:
            raise self.refuses

    def call(self) -> None:
        """Take the time that a call takes; hang or raise where that is due."""
        self.calls += 1
        time.sleep(self.takes_s)
        if self.calls in self.hangs:
            self.release.wait(20)
        if self.calls in self.raises or (self.raises_from is not None and self.calls >= self.raises_from):
            raise ValueError("boom")


class FakeStages:
    """Both stages of an analysis: sees a face for each of `tracks` in every frame, and reads each as `emotion`.

    Without `faces` the scenes hold none, which a live source that stands still may not have for long.
    """

    def __init__(
        self,
        *,
        tracks: Collection[int] = (1,),
        emotion: str | None = "happy",
        faces: bool = True,
        perceive: Conduct | None = None,
        recognize: Conduct | None = None,
    ) -> None:
        self.tracks, self.emotion, self.faces = tracks, emotion, faces
        self.perceive, self.recognize = perceive or Conduct(), recognize or Conduct()

    @property
    def openers(self) -> Openers:
        """What a session or `read_clip` takes."""
        return Openers(lambda: FakePerceiver(self), lambda: FakeRecognizer(self))


class FakePerceiver:
    """The first stage of `FakeStages`."""

    def __init__(self, of: FakeStages) -> None:
        of.perceive.open()
        self._of = of

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        """Return a live face for each track, and a bag for each."""
        self._of.perceive.call()
        tracks, state = self._of.tracks, State.LIVE if self._of.tracks else State.NO_FACE
        faces = tuple(face(track_id, crop=frame.image) for track_id in tracks) if self._of.faces else ()
        return Scene(frame.time_s, frame, faces, state), tuple(bag(frame.time_s, i, frame.index) for i in tracks)

    def close(self) -> None:
        """Count it."""
        self._of.perceive.closed += 1


class FakeRecognizer:
    """The second stage of `FakeStages`."""

    def __init__(self, of: FakeStages) -> None:
        of.recognize.open()
        self._of = of

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        """Return a reading for each bag."""
        self._of.recognize.call()
        return tuple(reading(one.end_s, one.track_id, self._of.emotion) for one in bags)

    def close(self) -> None:
        """Count it."""
        self._of.recognize.closed += 1


class FakeEngine:
    """An engine whose features are `feature_size` zeros and whose logits are given, or follow from the features."""

    device = "a test"

    def __init__(self, logits: Callable[[F32], F32] | F32, *, feature_size: int = 4, instances: int = 4) -> None:
        """Take logits [K], the same for every bag, or what makes [B,K] of features [B,..]."""
        self._logits, self._feature_size, self._instances = logits, feature_size, instances
        self.encoded = self.closed = 0
        self.batches: list[int] = []

    def encode(self, crops: U8) -> F32:
        """Return features of pieces [M,P,S,S,3], [M,D]."""
        self.encoded += len(crops)
        return np.zeros((len(crops), self._feature_size), np.float32)

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        """Return logits and importance of bags."""
        self.batches.append(len(features))
        logits = self._logits(features) if callable(self._logits) else np.tile(self._logits, (len(features), 1))
        return logits, np.ones((len(features), self._instances), np.float32)

    def close(self) -> None:
        """Count it."""
        self.closed += 1


def until(true: Callable[[], object], timeout_s: float = 20.0) -> float:
    """Wait until it is so and return how long that took; raise AssertionError after `timeout_s`."""
    started_s = time.monotonic()
    while not true():
        assert time.monotonic() - started_s < timeout_s, f"it did not happen within {timeout_s:g} s"
        time.sleep(0.005)
    return time.monotonic() - started_s
