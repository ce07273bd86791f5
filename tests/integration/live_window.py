"""A live window that goes through steps, one after the other, and closes."""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt6.QtWidgets import QToolButton

from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.session import LiveSession
from realtime_micacl.testing import FakeCamera, FakeStages
from realtime_micacl.types import State
from realtime_micacl_ui.window import LiveWindow, Options, show


def shown(*steps: Callable[[LiveWindow], object], options: Options | None = None) -> LiveWindow:
    """Do one step after the other in a live window, the next one once a step is not False."""
    left, until_s = list(steps), time.monotonic() + 10

    def tick(window: LiveWindow) -> None:
        assert time.monotonic() < until_s, f"{len(left)} steps are left"
        if window.view.state in (State.LIVE, State.PAUSED) and left[0](window) is not False:
            left.pop(0)
        if not left and window.asked is None:
            window.close()

    recorder = options.recorder if options else None
    options = options or Options(recorder=Recorder(Clock(), 4), tuned=Tuned(Tuning(0.3, 0.45)))
    with LiveSession(FakeCamera(rate_hz=30), *FakeStages().openers, [recorder] if recorder else []) as session:
        return show(session, source_name="x", on_tick=tick, options=options)


def buttons(window: LiveWindow) -> dict[str, QToolButton]:
    return {button.accessibleName(): button for button in window._desk.bar.findChildren(QToolButton)}
