"""The running program: capture, perceive and recognize, each on a thread of its own.

Between two threads is a mailbox: the newest item wins, so nothing waits. A thread that ends closes the mailbox it
writes to; the next thread empties that and ends in turn. Everyone else calls `look`. A stage that raises is opened
again; one that hangs is given up together with its thread, by the thread before it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from threading import Event as Flag
from time import monotonic
from types import TracebackType
from typing import Self

from realtime_micacl.errors import MicaclError, StageFailed
from realtime_micacl.live.huge_pages import gather_when_settled
from realtime_micacl.live.mailbox import Mailbox
from realtime_micacl.live.pipeline import Changes
from realtime_micacl.live.records.sinks import Sinks
from realtime_micacl.live.records.slots import Slots
from realtime_micacl.live.scene_maker import SceneAndBags, SceneMaker
from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.live.sources.items import Item, Pending
from realtime_micacl.live.supervision import Perceives, Recognizes, Supervision
from realtime_micacl.live.threads import Threads
from realtime_micacl.meter import Meter
from realtime_micacl.types import EmotionDistribution, Event, Frame, Retry, State, StateChange

log = logging.getLogger(__name__)

POLL_S = 0.1  # how long a thread waits at most before it looks whether to stop
JOIN_S = 1.5  # how long leaving a session waits for its threads
READY_S = 10.0  # how long a file waits at its first picture for the stages to be opened
STAGES = ("capture", "perceive", "recognize")


class LiveSession:
    """Runs a source through the two stages of the analysis until it ends, fails or is stopped.

    The stages are opened on the threads that use them, so that the picture is shown before detector and engine are
    ready. `with` starts the threads and ends them. Any thread may `look`, read the `meters` and set `paused`. Leaving
    the `with` raises what ended the source (`error`) or the analysis (`fault`). `name` tells several sources apart.
    Sinks are called from the recognize thread; once that has ended, from the one that leaves the `with`.
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
        """Take a `source`. One that `holds` waits while the session is paused; a `recorded` one has its readings."""
        self.name = name
        self.started_s = monotonic()
        self.paused = self.stopping = False
        self.error: MicaclError | None = None
        self._source, self._holds = source, holds
        self._open_perceiver, self._open_recognizer = open_perceiver, open_recognizer
        self._frames: Mailbox[Frame | Retry] = Mailbox()
        self._bags: Mailbox[SceneAndBags] = Mailbox()
        self._readings: tuple[EmotionDistribution, ...] = ()
        self._damaged = self._replaced = 0
        self._threads = Threads()
        self._stages = Supervision(("perceive", "recognize"), name)
        self.meters = {"capture": Meter(), **self._stages.meters, "reading": Meter()}
        self._scenes = SceneMaker(self._stages, self.meters, stall_s=stall_s, holds=holds, recorded=recorded)
        self._changes = Changes(State.STARTING)
        self._sinks = Sinks(sinks, name, slots)
        self._stop = Flag()
        self._stopped_s = 0.0
        self._why_unread = ""
        self._concluded = False

    @property
    def running(self) -> bool:
        """Whether any stage is still at work."""
        return bool(self.stuck)

    @property
    def stuck(self) -> list[str]:
        """The stages that have not ended; after the `with`, those that a device holds."""
        return self._threads.alive

    @property
    def overdue(self) -> bool:
        """Whether it was asked to end longer than JOIN_S ago and has not: a device or a server holds it."""
        return self.stopping and monotonic() - self._stopped_s > JOIN_S

    @property
    def fault(self) -> StageFailed | None:
        """What ended the analysis for good while the picture stays live."""
        return self._stages.fault

    def look(self) -> Snapshot:
        """Return the state of this moment; any thread may call it, as often as it likes."""
        return Snapshot(
            now_s=monotonic(),
            running=self.running,  # read first: once it is False, nothing can be added to what is read below
            stopping=self.stopping,
            paused=self.paused,
            error=self.error,
            fault=self.fault,
            newest=self._frames.peek(),
            scene=self._scenes.scene,
            bags=(self._bags.peek() or (None, ()))[1],
            readings=self._readings,
            notice=self._sinks.notice,
            dropped=self._replaced + self._scenes.left_out,
            damaged=self._damaged,
            failures=self._stages.counts,
            changes=dict(self._sinks.changes),
        )

    def glance(self) -> tuple[object, ...]:
        """Return what `look` is made of, cheaply: while all of it is the same, `look` would show nothing new."""
        newest, scene = self._frames.peek(), self._scenes.scene
        seen = newest if scene is None or isinstance(newest, Retry) else None  # a picture is seen with its scene
        return seen, scene, self._bags.peek(), self._readings, self.error, self.stopping, self.paused

    def stop(self) -> None:
        """Ask every stage to end."""
        if not self.stopping:
            self._stopped_s = monotonic()
        self.stopping = True
        self._stop.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until all stages ended, `timeout_s` at most; say whether they did."""
        self._threads.join(timeout_s)
        return not self.running

    def __enter__(self) -> Self:
        self._emit([StateChange(self.started_s, None, State.STARTING)])
        for name in STAGES:
            self._start(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()
        if not self.wait(self._stopped_s + JOIN_S - monotonic()):
            log.warning("did not end within %.1f s and left behind: %s", JOIN_S, " and ".join(self.stuck))
        self.conclude()
        if (error := self.error or self.fault) and exc is None:
            raise error

    def conclude(self) -> None:
        """Emit the last change of state, once: on leaving, or earlier if no stage is at work any more."""
        if not self._concluded:
            self._concluded = True
            error = self.error or self.fault
            state = State.FAILED if error else State.ENDED
            self._emit([StateChange(monotonic(), None, state, str(error or self._why_unread))])

    def leave(self, error: MicaclError) -> None:
        """End with an `error` from outside the session, such as a lost screen, and raise nothing."""
        self._fail(error)
        with suppress(MicaclError):
            self.__exit__(None, None, None)

    def _start(self, name: str) -> None:
        if name == "capture":
            self._threads.start(name, self._capture, self._fail, self._frames.close)
        elif name == "perceive":
            self._threads.start(name, self._perceive, self._fail, self._bags.close)
        else:
            self._threads.start(name, self._recognize, self._fail, lambda: None)

    def _watch(self, name: str) -> None:
        """Replace a thread whose stage hangs; called from the thread before it."""
        if self._stages.hangs(name) and not self._stop.is_set():
            self._start(name)

    def _fail(self, error: MicaclError) -> None:
        self.error = self.error or error
        self._stop.set()

    def _capture(self) -> None:
        with closing(iter(self._source)) as frames:  # type: ignore[type-var]  # every source is a generator
            for item in frames:
                if self._stop.is_set():
                    return
                while self._holds and (self.paused or self._opening()) and not self._stop.wait(POLL_S):
                    pass
                if isinstance(item, Pending):
                    continue
                if isinstance(item, Frame):
                    self.meters["capture"].add(0.0)
                    self._damaged += item.damaged
                self._replaced += isinstance(self._frames.put(item), Frame)
                self._watch("perceive")

    def _opening(self) -> bool:
        """Say whether to wait at the first picture until the stages are open: a short file would be over by then."""
        return self.meters["capture"].count == 1 and not self._stages.opened and monotonic() - self.started_s < READY_S

    def _perceive(self) -> None:
        with self._stages.open("perceive", self._open_perceiver) as stage:
            if made := self._scenes.after_a_hang():
                self._bags.put(made)
            for item in self._frames.read(POLL_S):
                if self._stop.is_set():
                    return
                self._watch("recognize")
                if made := self._scenes.make(stage, item, paused=self.paused):
                    self._bags.put(made)
        self._stages.raise_if_always_failed("perceive")

    def _recognize(self) -> None:
        with self._stages.open("recognize", self._open_recognizer) as stage:
            for scene, bags in filter(None, self._bags.read(POLL_S)):
                self._emit(self._changes.update(scene))
                if not bags or self.fault:
                    continue
                found = stage.attempt(lambda recognizer, bags=bags: recognizer.recognize(bags))  # type: ignore[misc]
                if found is None:
                    continue
                now_s = monotonic()
                for reading in found:
                    self.meters["reading"].add(now_s - reading.time_s)
                self._readings = tuple(replace(reading, latency_s=now_s - reading.time_s) for reading in found)
                self._emit(self._readings)
                gather_when_settled(self.started_s)
        self._stages.raise_if_always_failed("recognize")
        if not (self.error or self.fault or self._stop.is_set() or self.meters["reading"].count):
            self._why_unread = self._scenes.why_unread(self.name)

    def _emit(self, events: Sequence[Event]) -> None:
        if not self._sinks.write(events):
            self.stop()
