"""What the fault tests share: a running session that is watched, and the servers and screens of tests/e2e."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import psutil
import pytest

from realtime_micacl.live.session import LiveSession
from realtime_micacl.testing import FakeStages, until
from realtime_micacl.types import EmotionDistribution, Event, Frame, Retry, State, StateChange
from tests.e2e.conftest import RtspServer, command, executable, one_face, rtsp, screen, start

__all__ = [
    "RtspServer",
    "Watched",
    "command",
    "executable",
    "one_face",
    "rtsp",
    "screen",
    "start",
    "until",
    "usage",
    "watch",
]


@dataclass
class Watched:
    """A session and what it gave."""

    session: LiveSession
    events: list[Event] = field(default_factory=list)

    @property
    def states(self) -> list[State]:
        return [e.state for e in list(self.events) if isinstance(e, StateChange) and e.track_id is None]

    @property
    def readings(self) -> list[EmotionDistribution]:
        return [e for e in list(self.events) if isinstance(e, EmotionDistribution)]

    def reaches(self, *states: State, timeout_s: float = 30.0) -> float:
        """Wait until the newest state is one of these; return how long that took."""
        return until(lambda: self.states and self.states[-1] in states, timeout_s)

    def reads(self, more: int = 3, timeout_s: float = 30.0) -> float:
        """Wait for so many more readings; return how long that took."""
        before = len(self.readings)
        return until(lambda: len(self.readings) >= before + more, timeout_s)


@pytest.fixture
def watch() -> Callable[[Iterable[Frame | Retry]], Watched]:
    """Make a session, to be entered by the test, that notes what it gives."""

    def made(source: Iterable[Frame | Retry]) -> Watched:
        events: list[Event] = []
        return Watched(LiveSession(source, *FakeStages(faces=False).openers, [events.append]), events)

    return made


def usage() -> tuple[int, int, float]:
    """Threads, descriptors and MB of this process."""
    process = psutil.Process()
    return process.num_threads(), process.num_fds(), process.memory_info().rss / 1e6
