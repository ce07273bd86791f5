"""Keys: which of them count, and what each changes of what is shown."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from PyQt6.QtCore import QEvent, Qt
from PyQt6.QtGui import QKeyEvent

from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.testing import face
from realtime_micacl.types import Scene, State
from realtime_micacl_ui.controls import Controls
from realtime_micacl_ui.keys import MAX_MARKERS, key_at, key_of, marked, pressed
from realtime_micacl_ui.view import View, follow

START = View("camera 0")


def seen(now_s: float) -> Snapshot:
    return Snapshot(now_s=now_s, scene=Scene(now_s, None, (), State.NO_FACE))


@pytest.mark.parametrize(
    ("modifiers", "repeated", "name"),
    [
        (Qt.KeyboardModifier.NoModifier, False, "p"),
        (Qt.KeyboardModifier.ShiftModifier, False, "p"),
        (Qt.KeyboardModifier.ControlModifier, False, ""),
        (Qt.KeyboardModifier.NoModifier, True, ""),
    ],
)
def test_a_key_that_is_held_or_belongs_to_the_desktop_is_none(
    modifiers: Qt.KeyboardModifier, repeated: bool, name: str
) -> None:
    assert key_of(QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_P, modifiers, "P", repeated)) == name


NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere keys have other codes")
@pytest.mark.parametrize(
    ("text", "place", "modifiers", "name"),
    [
        ("\u0437", 33, NONE, "p"),  # Russian
        ("\u03a1", 27, SHIFT, "r"),  # Greek
        ("\u05e6", 58, NONE, "m"),  # Hebrew
        ("\u0634", 38, NONE, "a"),  # Arabic
        ("&", 10, NONE, "1"),  # French, where digits need Shift
        ("\u0161", 12, NONE, "3"),  # Czech
        ("a", 24, NONE, "a"),  # French: Latin letters are where they are printed
        ("?", 16, SHIFT, "?"),  # Russian
        ("?", 58, SHIFT, "?"),  # French
        ("+", 21, NONE, "+"),
        (" ", 65, NONE, "space"),
    ],
)
def test_a_keyboard_of_other_letters_has_the_keys_at_their_places(
    text: str, place: int, modifiers: Qt.KeyboardModifier, name: str
) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, ord(text.upper()), modifiers, place, 0, 0, text)
    assert key_of(event) == name


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere keys have other codes")
def test_the_operator_leaves_the_kiosk_on_a_russian_keyboard() -> None:
    q = QKeyEvent(QEvent.Type.KeyPress, 0x419, Qt.KeyboardModifier.ControlModifier, 24, 0, 0, "")
    assert key_at(q) == Qt.Key.Key_Q


def test_keys_change_what_is_shown() -> None:
    view = replace(START, faces=(face(4), face(9)))
    assert not pressed(view, "o").overlay
    assert pressed(pressed(view, "O"), "O") == view
    assert not pressed(view, "h").hud
    assert pressed(view, "?").help
    assert pressed(view, "t").timeline
    assert [pressed(replace(view, privacy=p), "p").privacy for p in ("clear", "blurred", "points", "hidden")] == [
        "blurred",
        "points",
        "hidden",
        "clear",
    ]
    assert pressed(view, "2").selected == 9
    assert pressed(pressed(view, "2"), "2").selected is None
    assert pressed(pressed(view, "2"), "0").selected is None
    assert pressed(view, "3").selected is None
    assert all(pressed(view, key) == view for key in ("", "x", "r", "²"))


def test_markers_are_numbered_bounded_and_forgotten_after_a_minute() -> None:
    view = START
    for n in range(MAX_MARKERS + 5):
        view = marked(view, 10.0 + n / 10)
    assert len(view.markers) == MAX_MARKERS
    assert view.markers[-1].number == view.marks == MAX_MARKERS + 5
    view = follow(view, seen(72.0))
    assert view.markers[0].time_s >= 12.0
    assert follow(view, seen(90.0)).markers == ()


@pytest.mark.parametrize(
    ("seconds", "said"), [(12, "REC 0:12"), (3599, "REC 59:59"), (3600, "REC 1:00:00"), (93_661, "REC 26:01:01")]
)
def test_how_long_a_recording_goes_on_is_said_in_hours_where_there_are_some(seconds: float, said: str) -> None:
    held: Any = SimpleNamespace(_recorder=SimpleNamespace(since_s=5.0))
    assert Controls._recording(held, 5.0 + seconds) == said
