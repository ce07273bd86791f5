"""A kiosk in a room: who is there, what sees them, and a visitor's touches, one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest

from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.supervision import Openers
from realtime_micacl.live.visit import Idle, Visit
from realtime_micacl.testing import bag, face, reading
from realtime_micacl.types import Bag, EmotionDistribution, Frame, Retry, Scene, State
from realtime_micacl_ui.kiosk.screen import buttons, theme_for
from realtime_micacl_ui.kiosk.settings import KioskSettings, read_kiosk_settings
from realtime_micacl_ui.kiosk.state import Act, Stage
from realtime_micacl_ui.kiosk.window import KioskWindow, show

IMAGE = np.full((90, 160, 3), 60, np.uint8)
IMAGE[:, :80] = 120
IMAGE.flags.writeable = False

SPEED = 8.0


class Room:
    """Who is there; a camera, a watcher, both stages of a visit and what opens them."""

    def __init__(self) -> None:
        self.there, self.looks, self.opened = True, 0, 0
        self.fault: Exception | None = None
        self.blocks = threading.Event()
        self.blocks.set()
        self.watch = LiveSession(self.frames(), lambda: Watches(self), Idle)

    def frames(self) -> Iterator[Frame | Retry]:
        index = 0
        while True:
            yield Frame(IMAGE, time.monotonic(), index)
            index += 1
            time.sleep(1 / 60)

    def visit(self) -> LiveSession:
        self.opened += 1
        return Visit(self.watch, Openers(lambda: Seer(self), lambda: Seer(self)), near=0.12, mirror=True)


class Watches:
    """Sees whether somebody is there."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        return Scene(frame.time_s, None, (), State.LIVE if self.room.there else State.NO_FACE), ()

    def close(self) -> None:
        self.room.there = False


class Seer:
    """Sees one live face in every frame while somebody is there; may block or fail."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def perceive(self, frame: Frame) -> tuple[Scene, tuple[Bag, ...]]:
        self.room.looks += 1
        self.room.blocks.wait(10)
        if self.room.fault:
            raise self.room.fault
        if not self.room.there:
            return Scene(frame.time_s, frame, (), State.NO_FACE), ()
        return Scene(frame.time_s, frame, (face(crop=IMAGE),), State.LIVE), (bag(frame.time_s, tick=frame.index),)

    def recognize(self, bags: Sequence[Bag]) -> tuple[EmotionDistribution, ...]:
        return tuple(reading(one.end_s, one.track_id) for one in bags)

    def close(self) -> None:
        pass


class Script:
    """Does one thing after the other in a shown kiosk, each as soon as it may; the operator leaves at the end."""

    def __init__(self, *steps: Callable[[KioskWindow], object], limit_s: float = 12) -> None:
        self.steps, self.until_s = list(steps), time.monotonic() + limit_s

    def __call__(self, window: KioskWindow) -> None:
        assert time.monotonic() < self.until_s, f"{len(self.steps)} steps are left at {window.state}"
        if self.steps and self.steps[0](window) is not False:
            self.steps.pop(0)
        if not self.steps:
            window.leave()


def run(room: Room, *steps: Callable[[KioskWindow], object], settings: KioskSettings | None = None) -> None:
    start_s = time.monotonic()

    def clock() -> float:
        return start_s + SPEED * (time.monotonic() - start_s)

    with room.watch:
        show(room.watch, room.visit, settings or read_kiosk_settings(""), clock=clock, on_tick=Script(*steps))


def at(stage: Stage) -> Callable[[KioskWindow], bool]:
    return lambda window: window.state.stage is stage


def since(seconds: float) -> Callable[[KioskWindow], bool]:
    """Wait so long, as the kiosk's clock counts."""
    started: list[float] = []

    def passed(window: KioskWindow) -> bool:
        started.append(time.monotonic())
        return SPEED * (time.monotonic() - started[0]) >= seconds

    return passed


def place(window: KioskWindow, act: Act | None = None, language: int | None = None) -> QPoint:
    size = (window.width(), window.height())
    found = buttons(window.screen_now, theme_for(size), size)
    return next(b for b in found if (b.act, b.language) == (act, language)).rect.center().toPoint()


def touch(act: Act | None = None, language: int | None = None) -> Callable[[KioskWindow], None]:
    left = Qt.MouseButton.LeftButton
    return lambda window: QTest.mouseClick(window, left, pos=place(window, act, language))


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> Callable[..., None]:
    return lambda window: QTest.keyClick(window, key, modifiers)


def reading_shown(window: KioskWindow) -> bool:
    view = window.screen_now.view
    return view is not None and any(view.reading(face) for face in view.faces)


def agreed() -> tuple[Callable[[KioskWindow], object], ...]:
    return at(Stage.CONSENT), since(1.2), touch(Act.GO), at(Stage.LIVE)
