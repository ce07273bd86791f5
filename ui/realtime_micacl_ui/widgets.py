"""The widgets of a window: the bar of buttons, each of which does what a key does, lists, sliders, and their style."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QPen, QWheelEvent
from PyQt6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QSlider, QToolButton, QWidget

from realtime_micacl_ui import texts
from realtime_micacl_ui.glyphs import glyph
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.theme import Scheme, Theme


@dataclass(frozen=True)
class Button:
    """A button: its key, and its icon and words, which may differ while it is on."""

    key: str
    label: str
    off: str
    on: str
    words: str
    words_on: str


BUTTONS = (
    Button("space", texts.SPACE, "pause", "play", texts.PAUSE, texts.RESUME),
    Button("r", "R", "record", "stop", texts.RECORD, texts.STOP_RECORDING),
    Button("m", "M", "mark", "mark", texts.MARK, texts.MARK),
    Button("b", "B", "neutral", "neutral", texts.TAKE_NEUTRAL, texts.DROP_NEUTRAL),
    Button("p", "P", "eye", "no eye", texts.PRIVACY, texts.PRIVACY),
    Button("t", "T", "timeline", "timeline", texts.SHOW_TIMELINE, texts.HIDE_TIMELINE),
    Button("s", "S", "settings", "settings", texts.SETTINGS, texts.SETTINGS),
    Button("f11", "F11", "full", "full", texts.FULL_SCREEN, texts.FULL_SCREEN),
    Button("?", "?", "help", "help", texts.HELP, texts.HELP),
)


class ControlBar(QFrame):
    """Shows the buttons and signals the key of the one that was pressed; `present` says which are on."""

    pressed = pyqtSignal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._row = QHBoxLayout(self)
        self._buttons: dict[str, QToolButton] = {}
        self._shown: tuple[object, ...] = ()
        for button in BUTTONS:
            widget = QToolButton(self)
            widget.setAutoRaise(True)
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            widget.clicked.connect(lambda _, key=button.key: self.pressed.emit(key))
            self._row.addWidget(widget)
            self._buttons[button.key] = widget

    def present(self, theme: Theme, on: frozenset[str], disabled: frozenset[str]) -> None:
        """Draw the buttons in a theme; `on` and `disabled` are the keys of those that are."""
        ratio = self.devicePixelRatioF()
        if (theme, on, disabled, ratio) == self._shown:
            return
        self._shown = (theme, on, disabled, ratio)
        self.setStyleSheet(style(theme))
        margin, side = theme.px(0.25), theme.px(1.5)
        self._row.setContentsMargins(margin, margin, margin, margin)
        self._row.setSpacing(theme.px(0.1))
        for button in BUTTONS:
            widget, is_on = self._buttons[button.key], button.key in on
            words = say(button.words_on if is_on else button.words)
            colour = theme.scheme.levels[2] if is_on and button.key == "r" else theme.scheme.text
            if button.key in disabled:
                colour = theme.scheme.edge
            widget.setIcon(glyph(button.on if is_on else button.off, side, colour, ratio))
            widget.setIconSize(QSize(side, side))
            widget.setEnabled(button.key not in disabled)
            widget.setToolTip(f"{words} ({say(button.label)})")
            widget.setAccessibleName(words)
        self.adjustSize()


class Slider(QSlider):
    """A slider that ignores the mouse wheel, which scrolls the panel instead."""

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Pass the event on to the parent."""
        if event is not None:
            event.ignore()


class Choice(QComboBox):
    """A combo box with an arrow in the colour of its text, which ignores the mouse wheel."""

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Pass the event on to the parent."""
        if event is not None:
            event.ignore()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the box, then the arrow; a style sheet could only take it from a file."""
        super().paintEvent(event)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            reach = self.height() / 7
            painter.setPen(QPen(self.palette().text().color(), max(1.5, reach / 3)))
            x, y = self.width() - 3.2 * reach, self.height() / 2
            corners = ((-1.0, -0.5), (0.0, 0.5), (1.0, -0.5))
            painter.drawPolyline(*(QPointF(x + a * reach, y + b * reach) for a, b in corners))


def style(theme: Theme) -> str:
    """Return how bar and panel look, as a style sheet."""
    scheme: Scheme = theme.scheme
    text, soft, panel, edge = (_css(c) for c in (scheme.text, scheme.soft, scheme.panel, scheme.edge))
    radius, pad, unit = theme.px(0.5), theme.px(0.3), round(theme.unit)
    return f"""
    * {{ font-size: {unit}px; color: {text}; }}
    QFrame#bar, QFrame#panel {{ background: {panel}; border: 1px solid {edge}; border-radius: {radius}px; }}
    QFrame#panel {{ background: {_css(scheme.ground)}; }}
    QScrollArea, QWidget#content {{ background: transparent; border: none; }}
    QToolButton {{ background: transparent; border: 2px solid transparent; border-radius: {radius}px;
        padding: {pad}px; }}
    QToolButton:hover, QPushButton:hover {{ background: {edge}; }}
    QToolButton:focus, QPushButton:focus, QCheckBox:focus, QComboBox:focus, QLineEdit:focus, QSlider:focus {{
        border: 2px solid {text}; border-radius: {radius}px; }}
    QLabel#heading {{ font-weight: 600; }}
    QLabel#soft {{ color: {soft}; }}
    QLabel#fault {{ color: {_css(scheme.levels[2])}; }}
    QCheckBox, QSlider {{ border: 2px solid transparent; padding: 1px; }}
    QCheckBox::indicator {{ width: {theme.px(1.0)}px; height: {theme.px(1.0)}px; border: 2px solid {soft};
        border-radius: {theme.px(0.2)}px; background: transparent; }}
    QCheckBox::indicator:checked {{ background: {text}; }}
    QLineEdit, QComboBox, QPushButton {{ background: transparent; border: 1px solid {soft}; border-radius: {radius}px;
        padding: {pad}px {2 * pad}px; selection-background-color: {soft}; }}
    QLineEdit {{ placeholder-text-color: {soft}; }}
    QComboBox::drop-down {{ border: none; width: {theme.px(1.2)}px; }}
    QComboBox QAbstractItemView {{ background: {_css(scheme.ground)}; color: {text}; selection-background-color: {edge};
        selection-color: {text}; }}
    QSlider {{ min-height: {theme.px(1.3)}px; }}
    QSlider::groove:horizontal {{ height: {theme.px(0.25)}px; background: {edge}; border-radius: {theme.px(0.1)}px; }}
    QSlider::sub-page:horizontal {{ background: {soft}; border-radius: {theme.px(0.1)}px; }}
    QScrollBar:vertical {{ background: transparent; width: {theme.px(0.6)}px; }}
    QScrollBar::handle:vertical {{ background: {soft}; border-radius: {theme.px(0.3)}px; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: transparent; height: 0; }}
    QSlider::handle:horizontal {{ background: {text}; width: {theme.px(0.9)}px; margin: -{theme.px(0.35)}px 0;
        border-radius: {theme.px(0.45) - 1}px; }}
    """


def _css(colour: object) -> str:
    return "rgba({},{},{},{})".format(*colour.getRgb())  # type: ignore[attr-defined]
