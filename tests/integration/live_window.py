"""Live windows that go through steps, one after the other, and close."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import partial

from PyQt6.QtWidgets import QToolButton

from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.session import LiveSession
from realtime_micacl.testing import FakeCamera, FakeStages
from realtime_micacl.types import Frame, Retry, State
from realtime_micacl_ui.window import LiveWindow, Options, show

camera = partial(FakeCamera, rate_hz=60)


def session(source: Iterable[Frame | Retry], stages: FakeStages | None = None, *, holds: bool = False) -> LiveSession:
    return LiveSession(source, *(stages or FakeStages()).openers, holds=holds)


class Script:
    """Does one thing after the other in a shown window, each as soon as it may; closes it at the end."""

    def __init__(self, *steps: Callable[[LiveWindow], bool | None], limit_s: float = 8) -> None:
        self.steps, self.until_s = list(steps), time.monotonic() + limit_s
        self.window: LiveWindow | None = None

    def __call__(self, window: LiveWindow) -> None:
        self.window = window
        assert time.monotonic() < self.until_s, f"{len(self.steps)} steps are left"
        if self.steps and self.steps[0](window) is not False:
            self.steps.pop(0)
        if not self.steps:
            window.close()


def reading_shown(window: LiveWindow) -> bool:
    return any(window.view.reading(face) for face in window.view.faces)


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
    return {button.accessibleName(): button for button in window._controls.bar.findChildren(QToolButton)}
