"""The two stages of the analysis as the session runs them: timed, watched, and opened again after a failure."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from time import monotonic, perf_counter
from types import TracebackType
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from realtime_micacl.errors import EngineLost, StageFailed
from realtime_micacl.meter import Meter
from realtime_micacl.types import Bag, EmotionDistribution, Frame, Scene
from realtime_micacl.wording import in_words

log = logging.getLogger(__name__)

LIMIT, WITHIN_S = 6, 60.0  # so many failures within so long end a stage for good
PAUSE_S = 0.1  # after the first failure of a minute; twice as long after each further one
HANG_S = 2.0  # a call that takes longer hangs; its result would be stale anyway
FIRST_S = 30.0  # the same for the first call, which may load libraries
ASLEEP_S = 1.0  # this long between two calls of `hangs`: the whole program stood still (Ctrl-Z, a paused machine)
GRACE_S = 0.5  # how much longer a call may then take


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


class Openers(NamedTuple):
    """What opens the two stages, each to be called on the thread that will use it."""

    perceiver: Callable[[], Perceives]
    recognizer: Callable[[], Recognizes]


Stage = TypeVar("Stage", Perceives, Recognizes)
R = TypeVar("R")


class Failures:
    """Counts the failures of one stage. Six within a minute end it for good, unless a server was away."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0
        self.last = ""
        """Why it failed, the last time."""
        self.final: StageFailed | None = None
        """The error that ended the stage for good; None while it is still tried."""
        self._recent: deque[tuple[float, bool]] = deque(maxlen=LIMIT)

    def add(self, reason: str, cause: Exception | None = None) -> None:
        """Count a failure and log it."""
        now_s = monotonic()
        self.count, self.last = self.count + 1, reason
        self._recent.append((now_s, isinstance(cause, EngineLost)))
        log.warning("%s failed: %s", self.name, reason, exc_info=cause if self.count == 1 else None)
        away = any(lost for _, lost in self._recent)
        if len(self._recent) == LIMIT and now_s - self._recent[0][0] <= WITHIN_S and not away:
            self.final = StageFailed(f"{self.name} failed {LIMIT} times within a minute, last: {reason}")
            self.final.__cause__ = cause

    def pause_s(self) -> float:
        """Return how long to wait after the newest failure."""
        recent = sum(monotonic() - when <= WITHIN_S for when, _ in list(self._recent))
        return PAUSE_S * 2 ** (recent - 1) if recent else 0.0

    def raise_if_always_failed(self, done: int) -> None:
        """Raise StageFailed if the stage failed and none of its calls succeeded (`done` is 0)."""
        if self.count and not (done or self.final):
            raise StageFailed(f"{self.name} failed at every picture, last: {self.last}")


class Supervision:
    """The stages of one session: the one at work under each name, its failures, and whether it failed for good."""

    def __init__(self, names: Sequence[str], session: str = "") -> None:
        self.meters = {name: Meter() for name in names}
        """By the name of a stage: how many calls succeeded, and how long they took."""
        self._failures = {name: Failures(f"{name} of {session}" if session else name) for name in names}
        self._at_work: dict[str, SupervisedStage[Perceives] | SupervisedStage[Recognizes]] = {}

    @property
    def fault(self) -> StageFailed | None:
        """The error of the first stage that failed for good, if any."""
        return next((failures.final for failures in self._failures.values() if failures.final), None)

    @property
    def opened(self) -> bool:
        """Whether all of them were opened."""
        return len(self._at_work) == len(self._failures)

    @property
    def counts(self) -> dict[str, int]:
        """How often each failed."""
        return {name: failures.count for name, failures in self._failures.items()}

    def open(self, name: str, opens: Callable[[], Stage]) -> SupervisedStage[Stage]:
        """Open a stage on this thread; it takes the place of one that hangs."""
        stage = SupervisedStage(opens, self._failures[name], self.meters[name])
        self._at_work[name] = stage
        return stage

    def hangs(self, name: str) -> bool:
        """Return True, once, if the stage takes too long; its thread is then given up."""
        stage = self._at_work.get(name)
        return stage is not None and stage.hangs()

    def raise_if_always_failed(self, name: str) -> None:
        """Raise StageFailed if the stage failed and none of its calls succeeded."""
        self._failures[name].raise_if_always_failed(self.meters[name].count)


class Abandoned(Exception):
    """A call returned after its thread had been replaced."""


class SupervisedStage(Generic[Stage]):
    """A stage that is closed and opened again when it raises; one thread uses it, another calls `hangs`."""

    def __init__(self, open_stage: Callable[[], Stage], failures: Failures, meter: Meter | None = None) -> None:
        """Open it. An error here is raised, as a person has to mend it; a stage that failed before is opened later."""
        self._open: Callable[[], Stage] = open_stage
        self._failures = failures
        self._meter = meter or Meter()
        self._stage: Stage | None = open_stage() if not failures.count else None
        self._lock = Lock()
        self._since_s: float | None = None
        self._patience_s = FIRST_S
        self._abandoned = False
        self._due_s = 0.0
        self._asked_s = monotonic()
        self._excused: tuple[float, float] | None = None
        """A call during which the whole program stood still: when it began, and until when it may take."""

    def attempt(self, work: Callable[[Stage], R]) -> R | None:
        """Return `work(stage)`; None if it fails or the stage pauses after a failure. Raise Abandoned after a hang."""
        if self._failures.final or monotonic() < self._due_s:
            return None
        started_s = perf_counter()
        try:
            if self._stage is None:
                self._stage = self._open()
                self._patience_s = FIRST_S
            done = self._watched(work, self._stage)
        except Abandoned:
            raise
        except Exception as cause:
            self._failures.add(in_words(cause), cause)
            self._due_s = monotonic() + self._failures.pause_s()
            self.close()
            return None
        self._meter.add(perf_counter() - started_s)
        return done

    def hangs(self) -> bool:
        """Return True, once, if the call under way takes too long; its thread is then given up."""
        with self._lock:
            now_s = monotonic()
            asleep, self._asked_s = now_s - self._asked_s > ASLEEP_S, now_s
            if self._abandoned or self._since_s is None or (took_s := now_s - self._since_s) <= self._patience_s:
                return False
            if asleep and not (self._excused and self._excused[0] == self._since_s):
                self._excused = self._since_s, now_s + GRACE_S
            if self._excused and self._excused[0] == self._since_s and now_s < self._excused[1]:
                return False
            self._abandoned = True
        self._failures.add(f"no answer for {took_s:.0f} s")
        return True

    def close(self) -> None:
        """Close the stage; an error in that is only logged."""
        stage, self._stage = self._stage, None
        if stage is None:
            return
        try:
            stage.close()
        except Exception:
            log.debug("%s could not be closed", self._failures.name, exc_info=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _watched(self, work: Callable[[Stage], R], stage: Stage) -> R:
        self._since_s = monotonic()
        try:
            return work(stage)
        finally:
            with self._lock:
                self._since_s, self._patience_s = None, HANG_S
                if self._abandoned:
                    raise Abandoned
