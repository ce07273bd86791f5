"""Tells screen readers what a widget shows."""

from __future__ import annotations

from PyQt6.QtWidgets import QWidget

from realtime_micacl_ui import texts
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.view import View, spoken

SPEAK_S = 1.0


class Speaker:
    """Tells screen readers what a widget shows, once a second at most."""

    def __init__(self, widget: QWidget) -> None:
        self._widget, self._spoken_s = widget, 0.0

    def tell(self, view: View, title: str, now_s: float) -> None:
        """Set the description of the widget, if it is due and new."""
        if now_s - self._spoken_s < SPEAK_S:
            return
        self._spoken_s = now_s
        text = spoken(view)
        if text != self._widget.accessibleDescription():
            self._widget.setAccessibleName(f"{title}: {say(texts.STATES[view.state])}")
            self._widget.setAccessibleDescription(text)
