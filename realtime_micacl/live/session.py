"""The running program: capture, perceive and recognize, each on a thread of its own. The only file with threads.

Between two threads stands a mailbox: the newest wins, so nothing waits and nothing falls behind. A thread that ends,
for whatever reason, closes its outbox; the next one reads it out and ends in turn. Everyone else looks, with `peek`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Event as Flag
from threading import Thread
from time import monotonic, perf_counter
from types import TracebackType
from typing import Protocol, Self

from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.live.mailbox import Mailbox
from realtime_micacl.live.pipeline import Changes
from realtime_micacl.metrics import Meter
from realtime_micacl.types import Bag, EmotionDistribution, Event, Frame, Retry, Scene, State, StateChange

log = logging.getLogger(__name__)

POLL_S = 0.1
JOIN_S = 1.5


class Perceives(Protocol):
    """What runs on the perceive thread."""

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        """Return what is seen in `frame` and the bags that it completed."""

    def close(self) -> None:
        """Free what it holds."""


class Recognizes(Protocol):
    """What runs on the recognize thread."""

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        """Return a reading for each bag."""

    def close(self) -> None:
        """Free what it holds."""


class LiveSession:
    """Runs a source through the two halves of the pipeline until it ends, fails or is stopped.

    The halves are opened on the threads that use them, so that the picture is there before mediapipe and the engine
    are. `with` starts the threads and ends them; `scenes`, `readings` and the meters may be looked at from any thread.
    `paused` may be set from any thread, `stopping` says that somebody asked it to end.
    Sinks are called from the recognize thread; once it has ended, from the one that leaves the `with`.
    """

    def __init__(
        self,
        source: Iterable[Frame | Retry],
        open_perceiver: Callable[[], Perceives],
        open_recognizer: Callable[[], Recognizes],
        sinks: Sequence[Callable[[Event], None]] = (),
        *,
        holds: bool = False,
        stall_s: float = 2.0,
    ) -> None:
        """Take a `source`; `holds` says that it waits while the session is paused (a file, not a camera)."""
        self._source, self._holds, self._stall_s = source, holds, stall_s
        self._open_perceiver, self._open_recognizer = open_perceiver, open_recognizer
        self._sinks = list(sinks)
        self.frames: Mailbox[Frame | Retry] = Mailbox()
        self.scenes: Mailbox[Scene] = Mailbox()
        self.bags: Mailbox[tuple[Scene, tuple[Bag, ...]]] = Mailbox()
        self.readings: Mailbox[tuple[EmotionDistribution, ...]] = Mailbox()
        self.meters = {stage: Meter() for stage in ("capture", "perceive", "recognize", "reading")}
        self.started_s = monotonic()
        self.error: MicaclError | None = None
        self.paused = False
        self.stopping = False
        self._stop = Flag()
        stages = ((self._capture, self.frames), (self._perceive, self.bags), (self._recognize, self.readings))
        self._threads = [
            Thread(target=self._run, args=(body, outbox), name=body.__name__.strip("_"), daemon=True)
            for body, outbox in stages
        ]

    @property
    def running(self) -> bool:
        """Whether any stage is still at work."""
        return any(thread.is_alive() for thread in self._threads)

    @property
    def stuck(self) -> list[str]:
        """The stages that have not ended; after the `with`, those that a device holds."""
        return [thread.name for thread in self._threads if thread.is_alive()]

    @property
    def dropped(self) -> int:
        """How many captured frames were not analysed; one may still be on its way."""
        return self.meters["capture"].count - self.meters["perceive"].count

    def stop(self) -> None:
        """Ask every stage to end."""
        self.stopping = True
        self._stop.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until all stages ended, `timeout_s` at most; say whether they did."""
        deadline_s = monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - monotonic()))
        return not self.running

    def __enter__(self) -> Self:
        self._emit([StateChange(self.started_s, None, State.STARTING)])
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
        if not self.wait(JOIN_S):
            log.warning("%s did not end within %.1f s and is left behind", " and ".join(self.stuck), JOIN_S)
        last = self.scenes.peek()
        state, detail = (State.FAILED, str(self.error)) if self.error else (State.ENDED, "")
        self._emit([StateChange(last.time_s if last else self.started_s, None, state, detail)])
        if self.error and exc is None:
            raise self.error

    def _run(self, body: Callable[[], None], outbox: Mailbox[object]) -> None:
        try:
            body()
        except MicaclError as error:
            self._fail(error)
        except Exception as cause:
            failure = StageFailed(f"{body.__name__.strip('_')} failed: {type(cause).__name__}: {cause}")
            failure.__cause__ = cause
            self._fail(failure)
        finally:
            outbox.close()

    def _fail(self, error: MicaclError) -> None:
        self.error = self.error or error
        self._stop.set()

    def _capture(self) -> None:
        with closing(iter(self._source)) as frames:  # type: ignore[type-var]  # a generator; others have no close
            for item in frames:
                if self._stop.is_set():
                    return
                while self.paused and self._holds and not self._stop.wait(POLL_S):
                    pass
                self.frames.put(item)
                if isinstance(item, Frame):
                    self.meters["capture"].add(0.0)

    def _perceive(self) -> None:
        with closing(self._open_perceiver()) as perceiver:
            last = Scene(self.started_s, None, (), State.STARTING)
            for item in self.frames.read(POLL_S):
                if self._stop.is_set():
                    return
                scene, bags = self._seen(perceiver, item, last)
                if scene is last:
                    continue
                self.scenes.put(scene)
                if bags or _states(scene) != _states(last):
                    self.bags.put((scene, bags))
                last = scene

    def _seen(self, perceiver: Perceives, item: Frame | Retry | None, last: Scene) -> tuple[Scene, tuple[Bag, ...]]:
        """Return the scene that follows `last`, and its bags; `last` itself where nothing changed."""
        now_s = monotonic()
        if isinstance(item, Retry):
            when = f"next try in {item.wait_s:.0f} s" if item.wait_s else "trying now"
            detail = f"{item.reason}; attempt {item.attempt}, {when}"
            return Scene(now_s, last.frame, (), State.RECONNECTING, detail), ()
        if self.paused:
            return last if last.state is State.PAUSED else Scene(now_s, last.frame, (), State.PAUSED), ()
        if item is not None and now_s - item.time_s < self._stall_s:
            with timed(self.meters["perceive"]):
                return perceiver.perceive(item)
        waits = last.state in (State.STARTING, State.RECONNECTING, State.STALLED, State.PAUSED)
        if waits or last.frame is None or now_s - last.frame.time_s < self._stall_s:
            return last, ()
        return Scene(now_s, last.frame, (), State.STALLED, f"no new picture for {self._stall_s:.0f} s"), ()

    def _recognize(self) -> None:
        with closing(self._open_recognizer()) as recognizer:
            changes = Changes()
            changes.update(Scene(self.started_s, None, (), State.STARTING))
            for item in self.bags.read(POLL_S):
                if item is None:
                    continue
                scene, bags = item
                self._emit(changes.update(scene))
                if not bags:
                    continue
                with timed(self.meters["recognize"]):
                    readings = recognizer.recognize(bags)
                now_s = monotonic()
                readings = tuple(replace(reading, latency_s=now_s - reading.time_s) for reading in readings)
                for reading in readings:
                    self.meters["reading"].add(now_s - reading.time_s)
                self.readings.put(readings)
                self._emit(readings)

    def _emit(self, events: Sequence[Event]) -> None:
        for event in events:
            for sink in list(self._sinks):
                try:
                    sink(event)
                except BrokenPipeError:  # whoever read our output has left
                    self.stop()
                except OSError as cause:
                    log.error("%s; nothing more is written there, the rest goes on", cause)
                    self._sinks.remove(sink)


@contextmanager
def timed(meter: Meter) -> Iterator[None]:
    """Add the time that the block takes to `meter`."""
    start_s = perf_counter()
    yield
    meter.add(perf_counter() - start_s)


def _states(scene: Scene) -> tuple[object, ...]:
    return scene.state, tuple((face.track_id, face.state, face.quality.fault) for face in scene.faces)
