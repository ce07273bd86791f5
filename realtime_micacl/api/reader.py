"""`Reader`: for programs with a loop of their own, such as in ROS, games and OBS."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, closing
from threading import Lock
from types import TracebackType
from typing import Any, NoReturn, Self, Unpack

from realtime_micacl.api.ending import ENDING
from realtime_micacl.api.how import How, settings_of
from realtime_micacl.api.loaded import EngineLike, engine_for
from realtime_micacl.api.picture import as_picture, as_time
from realtime_micacl.errors import ConfigError, MicaclError, StageFailed
from realtime_micacl.live.pipeline import Changes, openers
from realtime_micacl.live.records.slots import Slots
from realtime_micacl.live.sources.framing import Framer, framing
from realtime_micacl.live.sources.items import Item
from realtime_micacl.live.sources.sparse import marked_items
from realtime_micacl.types import U8, EmotionDistribution, Event, Face, Frame
from realtime_micacl.wording import in_words


class Reader:
    """Reads the pictures that are pushed into it. One thread at a time may use it; `close` or `with` frees it.

    Detector and engine are opened by the first picture, which takes a second.

    >>> with Reader() as reader:
    ...     for number in range(3):
    ...         readings = reader.push(np.zeros((240, 320, 3), np.uint8), time_s=number / 25)
    >>> readings
    []
    """

    def __init__(self, *, engine: EngineLike = None, **how: Unpack[How]) -> None:
        """Check the arguments; raise ConfigError or EngineError."""
        settings = settings_of(how, "Reader")
        folder, sidecar, share = engine_for(engine, settings)
        self._opens = openers(settings, folder, sidecar, share=share)
        self._framer, self._slot_count = Framer(framing(settings)), settings.slots
        self._open: ExitStack | None = None
        self._closed = False
        self._one_thread = Lock()
        self._given: deque[Frame] = deque()
        self._before_s, self._index = 0.0, 0
        self.faces: tuple[Face, ...] = ()
        """All faces in the last picture, those that cannot be read included."""

    def push(self, image: Any, time_s: float) -> list[EmotionDistribution]:
        """Take a picture, RGB uint8 [H,W,3], captured at `time_s` seconds; return the readings that it completed.

        Raise ConfigError if it is not a picture or time goes back, EngineError, or StageFailed.
        """
        if self._closed:
            raise ConfigError("the reader was closed; make another one")
        picture = as_picture(image)
        if not self._one_thread.acquire(blocking=False):
            raise ConfigError("another thread is at work with this reader; make one for each, with one load_engine()")
        try:
            now_s = as_time(time_s, self._before_s if self._open else None, "call reset() for another clip")
            with ENDING.at_work():
                return self._read(picture, now_s)
        finally:
            self._one_thread.release()

    def _read(self, picture: U8, now_s: float) -> list[EmotionDistribution]:
        if self._open is None:
            self._start()
        self._given.append(Frame(picture, now_s, self._index))
        self._before_s, self._index = now_s, self._index + 1
        frame = next(self._frames)
        assert isinstance(frame, Frame)
        try:
            scene, bags = self._perceiver.perceive(frame)
            events: list[Event] = [*self._changes.update(scene), *(self._recognizer.recognize(bags) if bags else ())]
        except MicaclError:
            raise
        except Exception as cause:
            raise StageFailed(f"reading failed at {now_s:.2f} s: {in_words(cause)}") from cause
        self.faces = scene.faces
        events_with_slots = map(self._slots.with_slot, events)
        return [event for event in events_with_slots if isinstance(event, EmotionDistribution)]

    def reset(self) -> None:
        """Forget everybody: the next picture may have any time."""
        opened, self._open, self.faces = self._open, None, ()
        if opened:
            opened.close()

    def close(self) -> None:
        """Free detector and engine."""
        self._closed = True
        self.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise ConfigError("a reader cannot be sent to another process; make one in each")

    def _start(self) -> None:
        with ExitStack() as stack:
            self._perceiver = stack.enter_context(closing(self._opens.perceiver()))
            self._recognizer = stack.enter_context(closing(self._opens.recognizer()))
            self._open = stack.pop_all()
        self._given.clear()
        self._frames: Iterator[Item] = marked_items(self._framer(self._handed()), "this loop")
        self._changes, self._slots = Changes(), Slots(self._slot_count)
        self._before_s, self._index = float("-inf"), 0

    def _handed(self) -> Iterator[Item]:
        while True:
            yield self._given.popleft()
