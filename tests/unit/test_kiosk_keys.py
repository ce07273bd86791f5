"""Keys of the kiosk."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt

from realtime_micacl_ui.kiosk.keys import HOLD_S, REPEAT_S, Keys

NONE, CONTROL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
ALL = CONTROL | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
RETURN, Q = Qt.Key.Key_Return, Qt.Key.Key_Q


def test_a_key_that_is_held_counts_once() -> None:
    keys = Keys()
    assert keys.press(RETURN, NONE, 10.0) == RETURN
    for i in range(50):  # as X sends it
        keys.release(RETURN, 10.5 + 0.04 * i)
        assert keys.press(RETURN, NONE, 10.51 + 0.04 * i) is None
    keys.release(RETURN, 13.0)
    assert keys.press(RETURN, NONE, 13.0 + REPEAT_S) == RETURN
    keys.release(RETURN, 15.0)
    assert keys.press(RETURN, NONE, 16.0) == RETURN, "a second tap"


@pytest.mark.parametrize("modifiers", [NONE, CONTROL, ALL & ~Qt.KeyboardModifier.ShiftModifier])
def test_less_than_the_whole_chord_leads_nowhere(modifiers: Qt.KeyboardModifier) -> None:
    keys = Keys()
    keys.press(Q, modifiers, 10.0)
    assert not keys.operator_leaves(20.0)


def test_the_chord_must_be_held() -> None:
    keys = Keys()
    assert keys.press(Q, ALL, 10.0) is None
    assert not keys.operator_leaves(10.0 + HOLD_S - 0.1)
    keys.release(Q, 10.5)
    keys.press(Q, ALL, 10.51)
    assert keys.operator_leaves(10.0 + HOLD_S)
    assert HOLD_S < 5, "nobody holds three keys for longer"


@pytest.mark.parametrize("key", [Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Shift])
def test_the_chord_ends_with_the_first_release(key: Qt.Key) -> None:
    keys = Keys()
    keys.press(Q, ALL, 10.0)
    keys.release(key, 10.5)
    assert not keys.operator_leaves(20.0)
