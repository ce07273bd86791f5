"""The kiosk's window over running sessions: touch, keys, locks, failures, and when the analysis runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from PyQt6.QtCore import QPoint, QRect, QSize, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from realtime_micacl.errors import EngineError, MicaclError, StageFailed
from realtime_micacl.live import supervision
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.visit import Idle
from realtime_micacl.types import Frame, Retry
from realtime_micacl_ui.kiosk import window as ui
from realtime_micacl_ui.kiosk.settings import read_kiosk_settings
from realtime_micacl_ui.kiosk.state import Act, Stage, Times
from realtime_micacl_ui.kiosk.window import KioskWindow
from tests.integration.kiosk_room import (
    IMAGE,
    Room,
    Watches,
    agreed,
    at,
    place,
    press,
    reading_shown,
    run,
    since,
    touch,
)

pytestmark = pytest.mark.usefixtures("qapp")
ALL = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier


def test_a_visit_by_touch() -> None:
    room = Room()

    def untouched(window: KioskWindow) -> None:
        assert (room.opened, room.looks) == (0, 0)
        assert window.cursor().shape() is Qt.CursorShape.BlankCursor
        assert window.isFullScreen()

    def analysed(window: KioskWindow) -> None:
        assert room.opened == 1
        assert room.watch.paused

    def let_go(window: KioskWindow) -> None:
        assert not room.watch.paused
        assert window.screen_now.view is None
        assert window.screen_now.visits == 1

    run(
        room,
        *(at(Stage.CONSENT), since(1.2), untouched, touch(Act.GO), at(Stage.LIVE), reading_shown, analysed),
        *(touch(Act.STOP), at(Stage.WIPING), at(Stage.ATTRACT), let_go),
    )
    assert not room.watch.running


def test_it_fills_a_screen_that_is_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    """As by xrandr, or a television that is switched off and on."""

    def turned(window: KioskWindow) -> None:
        screen = SimpleNamespace(geometry=lambda: QRect(0, 0, 360, 640))
        monkeypatch.setattr(window, "screen", lambda: screen)

    run(Room(), turned, lambda window: window.size() == QSize(360, 640))


def test_visitors_see_themselves_as_in_a_mirror() -> None:
    def mirrored(window: KioskWindow) -> None:
        view = window.screen_now.view
        assert view is not None
        assert view.frame is not None
        assert (view.frame.image == IMAGE[:, ::-1]).all()
        assert window.accessibleDescription() == "Your expression looks like: happy"

    run(Room(), *agreed(), reading_shown, mirrored)


def test_a_visit_by_keys_in_the_other_language() -> None:
    steps = (
        *(at(Stage.ATTRACT), press(Qt.Key.Key_Space), at(Stage.CONSENT), press(Qt.Key.Key_L)),
        lambda w: w.screen_now.language == 1,
        *(since(1.2), press(Qt.Key.Key_Return), at(Stage.LIVE), reading_shown, press(Qt.Key.Key_Escape)),
        *(at(Stage.WIPING), lambda w: w.screen_now.language == 1, at(Stage.ATTRACT)),
        lambda w: w.screen_now.language == 0,
    )
    run(Room(), *steps)


def test_a_language_is_touched_on_the_first_screen() -> None:
    room = Room()
    room.there = False
    run(room, touch(None, 1), at(Stage.CONSENT), lambda w: w.screen_now.texts.name == "Deutsch")


def test_a_touch_that_slips_off_the_button_is_none() -> None:
    def slip(window: KioskWindow) -> None:
        QTest.mousePress(window, Qt.MouseButton.LeftButton, pos=place(window, Act.GO))
        QTest.mouseRelease(window, Qt.MouseButton.LeftButton, pos=place(window, Act.STOP))

    def still(window: KioskWindow) -> None:
        assert window.state.stage is Stage.CONSENT

    run(Room(), at(Stage.CONSENT), since(1.2), slip, since(2), still)


def test_a_double_tap_on_the_first_screen_is_no_consent() -> None:
    def tap_twice(window: KioskWindow) -> None:
        for _ in range(2):
            QTest.mouseClick(window, Qt.MouseButton.LeftButton, pos=QPoint(window.width() // 2, window.height() - 60))

    room = Room()
    room.there = False
    run(room, tap_twice, at(Stage.CONSENT), since(2), at(Stage.CONSENT))
    assert room.opened == 0


def test_who_walks_away_is_asked_and_forgotten() -> None:
    room = Room()

    def go(window: KioskWindow) -> None:
        room.there = False

    def asked(window: KioskWindow) -> None:
        assert window.screen_now.view is None
        assert 1 <= window.screen_now.left_s <= 3

    run(room, *agreed(), reading_shown, go, at(Stage.ASKING), asked, at(Stage.WIPING), at(Stage.ATTRACT))


@pytest.mark.parametrize("leave", [press(Qt.Key.Key_F4, Qt.KeyboardModifier.AltModifier), press(Qt.Key.Key_Escape)])
def test_keys_do_not_leave(leave: Callable[[KioskWindow], None]) -> None:
    run(Room(), *agreed(), leave, since(1), lambda w: w.isVisible() and w.isFullScreen())


def test_closing_from_outside_does_not_leave() -> None:
    def close(window: KioskWindow) -> None:
        assert not window.close()
        assert window.isVisible()

    run(Room(), *agreed(), close, reading_shown)


def test_the_chord_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime_micacl_ui.kiosk.keys.HOLD_S", 0.3)
    room = Room()

    def chord(window: KioskWindow) -> None:
        QTest.keyPress(window, Qt.Key.Key_Q, ALL)

    run(room, *agreed(), reading_shown, chord, lambda w: False)
    assert room.watch.stopping


@pytest.mark.parametrize("visited", [False, True])
def test_a_stop_from_outside_leaves_at_once(visited: bool) -> None:
    room = Room()
    when = (*agreed(), reading_shown) if visited else (at(Stage.ATTRACT),)
    asked_s: list[float] = []

    def stop(window: KioskWindow) -> bool:
        if not asked_s:
            asked_s.append(time.monotonic())
            room.watch.stop()
        return False

    run(room, *when, stop)
    assert time.monotonic() - asked_s[0] < 2


@pytest.mark.parametrize("fault", [EngineError("the engine broke"), ValueError("boom")])
def test_a_failing_visit_ends_the_kiosk_with_its_error(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "PAUSE_S", 0.001)  # six failures come within one visit of the accelerated clock
    room = Room()

    def fail(window: KioskWindow) -> bool:
        room.fault = fault
        return False

    with pytest.raises(MicaclError, match=r"perceive failed 6 times .* (the engine broke|ValueError: boom)"):
        run(room, *agreed(), reading_shown, fail)
    assert not [w for w in QApplication.topLevelWidgets() if w.isVisible()]


def test_an_analysis_that_does_not_end_ends_the_kiosk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui, "WIPE_S", 0.3)
    room = Room()

    def hang(window: KioskWindow) -> None:
        room.blocks.clear()

    def attract(window: KioskWindow) -> bool:
        assert window.state.stage is not Stage.ATTRACT, "somebody is still known"
        return False

    with pytest.raises(StageFailed, match=r"perceive.* did not end within 0\.3 s after a visit"):
        run(room, *agreed(), reading_shown, hang, since(1), touch(Act.STOP), at(Stage.WIPING), attract)
    room.blocks.set()


def test_a_fault_of_the_window_itself_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("pixels")

    monkeypatch.setattr(ui, "paint_screen", broken)
    with pytest.raises(StageFailed, match="the kiosk failed: ZeroDivisionError: pixels"):
        run(Room())


def test_a_silent_camera_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui, "SILENT_S", 0.2)
    room = Room()

    def one() -> Iterator[Frame | Retry]:
        yield Frame(IMAGE, time.monotonic(), 0)
        for _ in range(300):
            time.sleep(0.01)
            yield Retry(1, 0.5, "gone")

    room.watch = LiveSession(one(), lambda: Watches(room), Idle)
    run(room, lambda w: not w.screen_now.camera)


def test_two_visits_are_two_sessions() -> None:
    room = Room()
    settings = read_kiosk_settings("")
    quick = replace(settings, times=Times(thanks_s=0.2, gone_s=2.5))

    def away(window: KioskWindow) -> None:
        room.there = False

    def back(window: KioskWindow) -> None:
        room.there = True

    def visit() -> tuple[Callable[[KioskWindow], object], ...]:
        return *agreed(), reading_shown, touch(Act.STOP), at(Stage.WIPING), at(Stage.ATTRACT)

    run(room, *visit(), away, lambda w: not w.state.settled, back, *visit(), settings=quick)
    assert room.opened == 2
