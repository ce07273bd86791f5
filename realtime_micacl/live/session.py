"""The running program: capture, perceive and recognize, each on a thread of its own.

Between two threads stands a mailbox: the newest wins, so nothing waits and nothing falls behind. A thread that ends,
for whatever reason, closes its outbox; the next one reads it out and ends in turn. Everyone else looks, with `peek`.
A stage that raises is opened again; one that hangs is given up, with its thread, by the thread upstream of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from threading import Event as Flag
from threading import Thread
from time import monotonic, perf_counter
from types import TracebackType
from typing import Any, Self
from weakref import proxy

from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.live.mailbox import Mailbox
from realtime_micacl.live.pipeline import Changes
from realtime_micacl.live.records.sinks import Outlets
from realtime_micacl.live.records.slots import Slots
from realtime_micacl.live.sight import Seen, Sight, states
from realtime_micacl.live.sources.items import Item, Pending
from realtime_micacl.live.supervision import Abandoned, Failures, Perceives, Rebuilt, Recognizes
from realtime_micacl.metrics import Meter
from realtime_micacl.types import Bag, EmotionDistribution, Event, Frame, Retry, Scene, State, StateChange

log = logging.getLogger(__name__)

POLL_S = 0.1
READY_S = 10.0  # so long a file's first picture stands while the stages are opened
JOIN_S = 1.5
STAGES = ("capture", "perceive", "recognize")


class LiveSession:
    """Runs a source through the two stages of the analysis until it ends, fails or is stopped.

    These are opened on the threads that use them, so that the picture is there before mediapipe and the engine
    are. `with` starts the threads and ends them; `scenes`, `readings` and the meters may be looked at from any thread.
    `paused` may be set from any thread, `stopping` says that somebody asked it to end. `fault` is set once a stage has
    failed for good: the picture stays live, no emotion is shown, and it is raised where the session is left.
    `damaged` counts what the source left out as damaged; `name` tells several sources apart, in what is written too.
    Sinks are called from the recognize thread; once it has ended, from the one that leaves the `with`.
    """

    def __init__(
        self,
        source: Iterable[Item],
        open_perceiver: Callable[[], Perceives],
        open_recognizer: Callable[[], Recognizes],
        sinks: Sequence[Callable[[Event], None]] = (),
        *,
        holds: bool = False,
        stall_s: float = 2.0,
        name: str = "",
        slots: Slots | None = None,
        recorded: bool = False,
    ) -> None:
        """Take a `source`; one that `holds` waits while the session is paused; `recorded` has readings already."""
        self.name, self._source, self._holds = name, source, holds
        self._open_perceiver, self._open_recognizer = open_perceiver, open_recognizer
        self.outlets = Outlets(sinks, name, slots)
        self.frames: Mailbox[Frame | Retry] = Mailbox()
        self.scenes: Mailbox[Scene] = Mailbox()
        self.bags: Mailbox[Seen] = Mailbox()
        self.readings: Mailbox[tuple[EmotionDistribution, ...]] = Mailbox()
        self.meters = {stage: Meter() for stage in (*STAGES, "reading")}
        self.started_s = monotonic()
        self.failures = {one: Failures(f"{one} of {name}" if name else one) for one in STAGES[1:]}
        self.damaged, self.paused = 0, False
        self.error: MicaclError | None = None
        self.stopping, self._stopped_s = False, 0.0
        self._stop = Flag()
        self._changes, self._replaced, self._concluded = Changes(State.STARTING), 0, False
        self._why = ""
        mine = proxy(self)  # no circle: a session that is let go frees its pictures at once
        self._sight = Sight(lambda: mine.fault, self.meters, stall_s=stall_s, holds=holds, recorded=recorded)
        self._rebuilt: dict[str, Rebuilt[Perceives] | Rebuilt[Recognizes]] = {}
        self._threads: dict[str, Thread] = {}

    @property
    def running(self) -> bool:
        """Whether any stage is still at work."""
        return bool(self.stuck)

    @property
    def stuck(self) -> list[str]:
        """The stages that have not ended; after the `with`, those that a device holds."""
        return [name for name, thread in self._threads.items() if thread.is_alive()]

    @property
    def overdue(self) -> bool:
        """Whether it was asked to end, and a device or a server holds it."""
        return self.stopping and monotonic() - self._stopped_s > JOIN_S

    @property
    def fault(self) -> StageFailed | None:
        """What ended the analysis for good while the picture stays live."""
        return next((f.final for f in self.failures.values() if f.final), None)

    @property
    def dropped(self) -> int:
        """How many captured frames were not analysed; those on their way are not counted yet."""
        return self._replaced + self._sight.left_out

    def stop(self) -> None:
        """Ask every stage to end."""
        self._stopped_s = self._stopped_s if self.stopping else monotonic()
        self.stopping = True
        self._stop.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until all stages ended, `timeout_s` at most; say whether they did."""
        deadline_s = monotonic() + timeout_s
        for thread in list(self._threads.values()):
            thread.join(max(0.0, deadline_s - monotonic()))
        return not self.running

    def __enter__(self) -> Self:
        self._emit([StateChange(self.started_s, None, State.STARTING)])
        for name in STAGES:
            self._start(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
        if not self.wait(self._stopped_s + JOIN_S - monotonic()):
            log.warning("%s did not end within %.1f s and is left behind", " and ".join(self.stuck), JOIN_S)
        self.conclude()
        if (error := self.error or self.fault) and exc is None:
            raise error

    def conclude(self) -> None:
        """Say once how it ended: when it is left, or before that by whoever sees that no stage is at work any more."""
        if not self._concluded:
            self._concluded = True
            last, error = self.scenes.peek(), self.error or self.fault
            state = State.FAILED if error else State.ENDED
            self._emit([StateChange(last.time_s if last else self.started_s, None, state, str(error or self._why))])

    def leave(self, error: MicaclError) -> None:
        """End because of an error of somebody else's, and raise nothing."""
        self._fail(error)
        with suppress(MicaclError):
            self.__exit__(None, None, None)

    def _start(self, name: str) -> None:
        thread = Thread(target=self._run, args=(name,), name=name, daemon=True)
        thread.start()
        self._threads[name] = thread  # only now: somebody may be waiting for all of them

    def _run(self, name: str) -> None:
        body: Callable[[], None] = getattr(self, f"_{name}")
        try:
            body()
        except Abandoned:
            return
        except MicaclError as error:
            self._fail(error)
        except Exception as cause:
            failure = StageFailed(f"{name} failed: {type(cause).__name__}: {cause}")
            failure.__cause__ = cause
            self._fail(failure)
        outboxes: tuple[Mailbox[Any], ...] = (self.frames, self.bags, self.readings)
        outboxes[STAGES.index(name)].close()

    def _watch(self, name: str) -> None:
        """Put another thread in the place of one whose stage hangs; called from the thread upstream of it."""
        stage = self._rebuilt.get(name)
        if stage is not None and stage.hangs() and not self._stop.is_set():
            self._start(name)

    def _fail(self, error: MicaclError) -> None:
        self.error = self.error or error
        self._stop.set()

    def _capture(self) -> None:
        with closing(iter(self._source)) as frames:  # type: ignore[type-var]  # a generator; others have no close
            for item in frames:
                if self._stop.is_set():
                    return
                while self._holds and (self.paused or self._opening()) and not self._stop.wait(POLL_S):
                    pass
                if isinstance(item, Pending):
                    continue
                if isinstance(item, Frame):
                    self.meters["capture"].add(0.0)
                self._replaced += isinstance(self.frames.put(item), Frame)
                self._watch("perceive")
                if isinstance(item, Frame):
                    self.damaged += item.damaged

    def _opening(self) -> bool:
        """Say whether the first picture waits for somebody to look at it: a short file would be over by then."""
        waits = self.meters["capture"].count == 1 and len(self._rebuilt) < len(self.failures)
        return waits and monotonic() - self.started_s < READY_S

    def _perceive(self) -> None:
        with Rebuilt(self._open_perceiver, self.failures["perceive"]) as stage:
            self._rebuilt["perceive"] = stage
            last = before = self.scenes.peek() or Scene(self.started_s, None, (), State.STARTING)
            if before.frame:  # this thread stands in for one that hangs
                last = self._shown(self._sight.broken(before.frame), (), last)
            for item in self.frames.read(POLL_S):
                if self._stop.is_set():
                    return
                self._watch("recognize")
                last = self._shown(*self._sight.seen(stage, item, last, paused=self.paused), last)
        self.failures["perceive"].raise_if_in_vain(self.meters["perceive"].count)

    def _shown(self, scene: Scene, bags: tuple[Bag, ...], last: Scene) -> Scene:
        """Hand a scene on where it is not `last`; return it."""
        if scene is not last:
            self.scenes.put(scene)
            if bags or states(scene) != states(last):
                self.bags.put((scene, bags))
        return scene

    def _recognize(self) -> None:
        with Rebuilt(self._open_recognizer, self.failures["recognize"]) as stage:
            self._rebuilt["recognize"] = stage
            for item in self.bags.read(POLL_S):
                if item is None:
                    continue
                scene, bags = item
                self._emit(self._changes.update(scene))
                if not bags or self.fault:
                    continue
                started_s = perf_counter()
                found = stage.attempt(lambda recognizer, bags=bags: recognizer.recognize(bags))  # type: ignore[misc]
                if found is None:
                    continue
                self.meters["recognize"].add(perf_counter() - started_s)
                now_s = monotonic()
                for reading in found:
                    self.meters["reading"].add(now_s - reading.time_s)
                self.readings.put(tuple(replace(reading, latency_s=now_s - reading.time_s) for reading in found))
                self._emit(self.readings.peek() or ())
        self.failures["recognize"].raise_if_in_vain(self.meters["recognize"].count)
        if self._holds and not (self.fault or self._stop.is_set() or self.meters["reading"].count):
            self._why = self._sight.why_unread(self.name)

    def _emit(self, events: Sequence[Event]) -> None:
        if not self.outlets.write(events):
            self.stop()
