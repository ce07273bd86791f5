"""A stream without a network: tries, connection, pictures and the clock are doubles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from realtime_micacl.errors import SourceLost
from realtime_micacl.live.sources import stream as module
from realtime_micacl.live.sources.items import Pending
from realtime_micacl.live.sources.stream import Stream
from realtime_micacl.types import Frame

IMAGE: Any = "an image"


class Peer:
    """What stands at the other end, and a clock that goes on only when somebody waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s, self.ways, self.left = 100.0, list[Any](), 0
        self.answers: Callable[[], Any] = lambda: None
        """Returns a connection, or None while there is none."""
        self.rounds: list[list[tuple[float, float]]] = [[]]
        """Of each time that it is opened, the last again and again: time stamps, and when each came."""
        self.costs_s = 0.0
        """How long each picture takes to decode."""
        self.polled: list[float] = []
        self.sends_too_fast = False
        self.patience_s: list[float] = []
        """How long each connection may be silent."""
        self.under_way = False
        monkeypatch.setattr(module, "Attempts", lambda: self)
        monkeypatch.setattr(module, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(module, "until", self._until)
        monkeypatch.setattr(module, "pictures", self._pictures)
        monkeypatch.setattr(module, "polled", self._polled)
        monkeypatch.setattr(module, "sends_too_fast", lambda _: self.sends_too_fast)
        monkeypatch.setattr(module, "why", lambda *_: "it is away")

    def begin(self, way: Any) -> None:
        self.ways.append(way)

    def take(self, timeout_s: float) -> Any:
        found = self.answers()
        self.now_s += 0.0 if found else timeout_s
        return found

    def leave(self) -> None:
        self.left += 1

    def _until(self, due_s: float) -> Iterator[Pending]:
        self.now_s = max(self.now_s, due_s)
        yield Pending()

    def _pictures(
        self, connection: Any, address: Any, patience_s: float, first_s: float
    ) -> Iterator[tuple[float, Any, int, float]]:
        self.patience_s.append(patience_s)
        for pts_s, came_s in self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]:
            self.now_s = max(self.now_s, came_s) + self.costs_s
            yield pts_s, IMAGE, 0, came_s

    def _polled(self, opens: Any, rate_hz: float, shown: str) -> Iterator[Frame]:
        self.polled.append(rate_hz)
        yield Frame(IMAGE, self.now_s, 0)
        raise SourceLost("no more")

    def connection(
        self,
        form: str = "mpegts",
        length_s: float = 0.0,
        size: int = 0,
        cause: Exception | None = None,
        start_s: float | None = None,
        stamped: bool = True,
        codec: str = "h264",
    ) -> Any:
        """Return what was opened: by default a stream without an end."""
        flags = 0 if stamped else module.Flags.no_timestamps.value
        return SimpleNamespace(
            container=SimpleNamespace(
                format=SimpleNamespace(name=form, flags=flags),
                duration=length_s * 1e6,
                size=size,
                start_time=None if start_s is None else start_s * 1e6,
                streams=SimpleNamespace(video=[SimpleNamespace(codec_context=SimpleNamespace(name=codec))]),
            ),
            cause=cause,
            started_s=self.now_s,
            leave=self.leave,
            over=False,
            wait=lambda *_, **__: True,
            waiting=list,
        )

    def refusal(self, cause: Exception) -> Any:
        """Return what could not be opened."""
        return SimpleNamespace(container=None, cause=cause, started_s=self.now_s, leave=self.leave)


def read(stream: Stream) -> tuple[list[Frame], str]:
    """Return its frames, and why it was lost; "" where it ended."""
    frames: list[Frame] = []
    try:
        frames.extend(item for item in stream.frames() if isinstance(item, Frame))
    except SourceLost as cause:
        return frames, str(cause)
    return frames, ""
