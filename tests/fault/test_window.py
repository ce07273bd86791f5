"""The window's thread is blocked for five seconds: nothing piles up, and it is live again at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
import pytest

from realtime_micacl.live.session import LiveSession
from realtime_micacl.testing import FakeStages
from realtime_micacl.types import Frame, Retry, State
from realtime_micacl_ui.window import LiveWindow, show
from tests.fault.conftest import usage

pytestmark = pytest.mark.usefixtures("qapp")
BLOCKED_S = 5.0


def camera() -> Iterator[Frame | Retry]:
    for number in count():
        image = np.full((720, 1280, 3), number % 255, np.uint8)
        image.flags.writeable = False
        yield Frame(image, time.monotonic(), number)
        time.sleep(0.04)


@pytest.mark.fault("R9")
def test_a_blocked_window_piles_nothing_up(measured: Callable[[str], None]) -> None:
    noted: dict[str, float] = {}

    def tick(window: LiveWindow) -> None:
        painted = window.meters["latency"].count
        frame = window.view.frame
        if "free_s" not in noted and painted > 10:
            noted["memory_mb"] = usage()[2]
            time.sleep(BLOCKED_S)
            noted["grown_mb"] = usage()[2] - noted["memory_mb"]
            noted["free_s"] = time.monotonic()
        elif "free_s" in noted and frame is not None and frame.time_s > noted["free_s"]:
            noted["live_s"] = time.monotonic() - noted["free_s"]
            assert window.view.state is State.LIVE
            window.close()

    with LiveSession(camera(), *FakeStages(faces=False).openers) as running:
        show(running, source_name="camera 0", on_tick=tick)
        analysed = running.meters["perceive"].count
    assert analysed > BLOCKED_S * 15, "the analysis went on meanwhile"
    assert noted["grown_mb"] < 50
    assert noted["live_s"] < 5
    measured(f"{noted['grown_mb']:+.1f} MB in {BLOCKED_S:.0f} s, live again after {noted['live_s']:.2f} s")
