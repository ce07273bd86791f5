"""How a run without a clock ends: with readings or without, to its end or interrupted."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.seeing import orientation
from realtime_micacl.types import Bag, EmotionDistribution, Frame, Scene, State, StateChange

FRAMES = [Frame(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), n / 25, n) for n in range(4)]


class Stages:
    """Both stages: nobody is seen, and where that is asked for there is a reading all the same."""

    def __init__(self, *, reads: bool) -> None:
        self.reads, self.seen = reads, 0

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        self.seen += 1
        return Scene(frame.time_s, frame, (), State.NO_FACE), ("a bag",) if self.reads else ()  # type: ignore[return-value]

    def recognize(self, bags: tuple[Bag, ...]) -> tuple[EmotionDistribution, ...]:
        return (EmotionDistribution(1, 0.0, np.ones(7, np.float32), np.ones(4, np.float32), None, 1.0, 1.0),)


@pytest.mark.parametrize("interrupted", [False, True])
@pytest.mark.parametrize("reads", [False, True])
def test_what_is_said_in_the_end(
    reads: bool, interrupted: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orientation, "turn_wanted", lambda pictures: 90)
    stages = Stages(reads=reads)
    events = list(
        offline(FRAMES, stages, stages, interrupted=lambda: interrupted and stages.seen == 2)  # type: ignore[arg-type]
    )
    last = events[-1]
    assert isinstance(last, StateChange)
    assert (last.state, last.time_s) == (State.ENDED, 0.04 if interrupted else 0.12)
    assert sum(isinstance(event, EmotionDistribution) for event in events) == reads * stages.seen
    if interrupted:
        assert (last.detail, caplog.messages) == ("interrupted", [])
    elif reads:
        assert last.detail == ""
        assert [message.partition(":")[0] for message in caplog.messages] == ["the picture lies on its side"]
    else:
        assert last.detail == "no reading (no face 4)"
        assert [message.partition(";")[0] for message in caplog.messages] == ["ended with no reading (no face 4)"]
