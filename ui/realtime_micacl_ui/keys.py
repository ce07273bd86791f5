"""What keys do to a view; the window handles those that do more."""

from __future__ import annotations

import sys
from dataclasses import replace

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent

from realtime_micacl_ui.view import Marker, Privacy, View

MAX_MARKERS = 60
CHORDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
NAMED = {int(Qt.Key.Key_Space): "space", int(Qt.Key.Key_F11): "f11", int(Qt.Key.Key_Escape): "escape"}
ROWS = {10: "1234567890", 24: "QWERTYUIOP", 38: "ASDFGHJKL", 52: "ZXCVBNM"}  # by the code of the first key on Linux
PLACES = {first + n: ord(letter) for first, row in ROWS.items() for n, letter in enumerate(row)}
PRIVACY: dict[Privacy, Privacy] = {"clear": "blurred", "blurred": "points", "points": "hidden", "hidden": "clear"}


def key_at(event: QKeyEvent) -> int:
    """Return the code of a key; of one without a Latin letter or digit, that of its place on a US keyboard."""
    if event.key() in PLACES.values() or event.text() == "?" or sys.platform != "linux":
        return event.key()
    return PLACES.get(event.nativeScanCode(), event.key())


def key_of(event: QKeyEvent) -> str:
    """Return the name of a key; empty for a repeat and for a key with Ctrl, Alt or Meta."""
    if event.isAutoRepeat() or event.modifiers() & CHORDS:
        return ""
    key = key_at(event)
    return chr(key).lower() if key in PLACES.values() else NAMED.get(key, event.text().lower())


def pressed(view: View, key: str) -> View:
    """Return the view after a key that only changes what is shown."""
    match key.lower():
        case "o":
            return replace(view, overlay=not view.overlay)
        case "h":
            return replace(view, hud=not view.hud)
        case "p":
            return replace(view, privacy=PRIVACY[view.privacy])
        case "t":
            return replace(view, timeline=not view.timeline)
        case "?":
            return replace(view, help=not view.help)
        case digit if digit.isascii() and digit.isdigit():
            tracks = [face.track_id for face in view.faces]
            track = tracks[int(digit) - 1] if 1 <= int(digit) <= len(tracks) else None
            return replace(view, selected=None if track == view.selected else track)
    return view


def marked(view: View, now_s: float) -> View:
    """Return the view with a marker at `now_s`."""
    number = view.marks + 1
    return replace(view, marks=number, markers=(*view.markers, Marker(number, now_s))[-MAX_MARKERS:])
