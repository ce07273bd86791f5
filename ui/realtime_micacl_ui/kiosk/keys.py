"""The keys of a kiosk: those of a button box, and the chord with which the operator leaves."""

from __future__ import annotations

from PyQt6.QtCore import Qt

from realtime_micacl_ui.kiosk.state import Act

CHORD = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
CHORD_KEYS = (Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Shift, Qt.Key.Key_Meta)
HOLD_S = 2.0  # how long Ctrl+Alt+Shift is held after Q
REPEAT_S = 0.3  # a key pressed again sooner is held: X sends its repeats as presses
ACTS: dict[int, Act] = {
    Qt.Key.Key_Return: Act.GO,
    Qt.Key.Key_Enter: Act.GO,
    Qt.Key.Key_Space: Act.GO,
    Qt.Key.Key_Escape: Act.STOP,
    Qt.Key.Key_Backspace: Act.STOP,
}


class Keys:
    """Tells new presses, keys that are held, and the operator's chord apart."""

    def __init__(self) -> None:
        self._released = (0, 0.0)
        self._chord_s: float | None = None

    def press(self, key: int, modifiers: Qt.KeyboardModifier, now_s: float) -> int | None:
        """Return the key if it is a new press without modifiers, else None."""
        last, when_s = self._released
        if key == last and now_s - when_s < REPEAT_S:
            return None
        if modifiers & CHORD:
            self._chord_s = now_s if modifiers & CHORD == CHORD and key == Qt.Key.Key_Q else None
            return None
        return key

    def release(self, key: int, now_s: float) -> None:
        """Note a release; the chord ends when one of its modifiers is released."""
        self._released = (key, now_s)
        if key in CHORD_KEYS:
            self._chord_s = None

    def operator_leaves(self, now_s: float) -> bool:
        """Return whether the chord has been held for `HOLD_S`."""
        return self._chord_s is not None and now_s - self._chord_s >= HOLD_S
