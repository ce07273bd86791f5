"""Another source in the same window, which of them are mirrored, and the feed for others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.sources.source import SourceSpec
from realtime_micacl.testing import FakeCamera, FakeStages
from realtime_micacl.types import Frame, State
from realtime_micacl_ui.clean import CleanWindow
from realtime_micacl_ui.window import LiveWindow, Options, show
from tests.integration.live_window import shown

pytestmark = pytest.mark.usefixtures("qapp")


def test_another_source_is_asked_for_and_a_wrong_one_is_refused(qtbot: QtBot) -> None:
    def type_in(text: str) -> Callable[[LiveWindow], None]:
        def typed(window: LiveWindow) -> None:
            window._controls.panel.address.clear()
            qtbot.keyClicks(window._controls.panel.address, text)
            qtbot.keyClick(window._controls.panel.address, Qt.Key.Key_Return)

        return typed

    window = shown(
        lambda w: qtbot.keyClick(w, Qt.Key.Key_S),
        type_in("ftp://host/a"),
        lambda w: "ftp:// is not read" in w._controls.panel.fault.text(),
        type_in("/nowhere/clip.mp4"),
        lambda w: "/nowhere/clip.mp4" in w._controls.panel.fault.text() and w.asked is None,
        type_in("synthetic"),
    )
    assert window.asked == SourceSpec("synthetic", "synthetic")


def test_the_same_window_shows_the_next_source() -> None:
    steps = [lambda w, key=key: w.act(key) for key in "tpm"]
    first = shown(*steps, lambda w: w._ask(SourceSpec("synthetic", "synthetic")))
    assert first.isVisible()

    def tick(window: LiveWindow) -> None:
        if window.view.readings:
            window.close()

    with LiveSession(FakeCamera(rate_hz=30), *FakeStages().openers) as session:
        second = show(session, source_name="another", on_tick=tick, window=first)
    assert second is first
    assert first.asked is None
    assert first.windowTitle().endswith("another")
    assert (first.view.timeline, first.view.privacy) == (False, "blurred"), "what was switched on stays"
    assert (first.view.markers, first.view.marks) == ((), 0), "what was seen does not"


def test_the_end_waits_for_a_person_who_chooses_a_source() -> None:
    def ending() -> Iterator[Frame]:
        for frame, _ in zip(FakeCamera(rate_hz=30), range(10), strict=False):
            yield frame

    until: list[float] = []

    def tick(window: LiveWindow) -> None:
        if not until:
            until.append(time.monotonic() + 2.6)
            window.act("s")
        if window.view.state is State.ENDED and time.monotonic() > until[0]:
            assert window.isVisible()
            window.act("s")

    with LiveSession(ending(), *FakeStages().openers) as session:
        window = show(session, source_name="x", on_tick=tick)
    assert not window.isVisible()


def test_a_signal_does_not_wait_for_a_person_who_chooses_a_source() -> None:
    asked_s: list[float] = []

    def tick(window: LiveWindow) -> None:
        if window.view.readings and not asked_s:
            window.act("s")
            asked_s.append(time.monotonic())
            session.stop()
        assert not asked_s or time.monotonic() - asked_s[0] < 5.0

    with LiveSession(FakeCamera(rate_hz=30), *FakeStages().openers) as session:
        show(session, source_name="x", on_tick=tick)
    assert time.monotonic() - asked_s[0] < 2.0


@pytest.mark.parametrize("clean", [True, False])
def test_the_clean_feed_is_there_where_it_was_asked_for_and_ends_with_the_window(clean: bool) -> None:
    def feeds() -> list[CleanWindow]:
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, CleanWindow) and w.isVisible()]

    shown(lambda w: len(feeds()) == clean and bool(w.view.readings), options=Options(clean=clean))
    assert not feeds()


@pytest.mark.parametrize(
    ("webcam", "asked", "mirrors"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_a_webcam_is_a_mirror_unless_it_was_asked_for_otherwise(
    webcam: bool, asked: bool | None, mirrors: bool, qtbot: QtBot
) -> None:
    boxes: list[list[float]] = []

    def note(window: LiveWindow) -> None:
        boxes.append(window.view.faces[0].box.tolist())

    with LiveSession(FakeCamera(rate_hz=30), *FakeStages().openers) as session:
        steps = [
            lambda w: bool(w.view.readings) and w.view.mirror is mirrors,
            note,
            lambda w: qtbot.keyClick(w, Qt.Key.Key_X),
            lambda w: w.view.mirror is not mirrors and bool(w.view.readings),
            note,
            lambda w: qtbot.keyClick(w, Qt.Key.Key_S),
            lambda w: w._controls.busy,
            lambda w: qtbot.keyClick(w._controls.panel.boxes["mirror"], Qt.Key.Key_Space),
            lambda w: w.view.mirror is mirrors and w._controls.panel.boxes["mirror"].isChecked() is mirrors,
        ]

        def tick(window: LiveWindow) -> None:
            if steps and steps[0](window) is not False:
                steps.pop(0)
            if not steps:
                window.close()

        window = show(session, source_name="x", webcam=webcam, on_tick=tick, options=Options(mirror=asked))
    assert boxes[0] == boxes[1] == [20, 20, 60, 60], "what is read stays where it is"
    for kind in (True, False):  # what a person chose holds for the next source as well
        window.turn_to(session, "y", webcam=kind)
        assert window.view.mirror is mirrors
    window.pull.stop()


def test_the_clean_feed_is_for_others_and_no_mirror() -> None:
    seen: list[bool] = []

    def look(window: LiveWindow) -> bool:
        (feed,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, CleanWindow) and w.isVisible()]
        seen.append(feed._view.mirror)
        return window.view.mirror

    shown(lambda w: bool(w.view.readings), look, options=Options(clean=True, mirror=True))
    assert seen[-1] is False
