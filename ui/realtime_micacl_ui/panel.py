"""The panel of settings: the source, smoothing and threshold of readings, and the appearance."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PyQt6.QtCore import QDir, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from realtime_micacl.errors import MicaclError
from realtime_micacl.live.reading.smoother import Tuned
from realtime_micacl.live.sources.framing import Framer
from realtime_micacl.live.sources.source import SourceSpec, check, parse_source, redacted
from realtime_micacl_ui import texts
from realtime_micacl_ui.framing import FramingControls
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.theme import Theme
from realtime_micacl_ui.view import View
from realtime_micacl_ui.widgets import Choice, Slider, style

GUESSED_CAMERAS = 4  # outside Linux only opening a camera tells whether it is there
SMOOTHING = (0.05, 2.0)  # step and maximum of a slider
ABSTAINING = (0.01, 0.95)

SWITCHES = {  # fields of a view, and `calm`, which is reduced motion
    "mirror": texts.MIRROR,
    "overlay": texts.CARDS,
    "timeline": texts.TIMELINE,
    "hud": texts.FIGURES,
    "mixtures": texts.MIXTURES,
    "calm": texts.CALM,
}


class Panel(QFrame):
    """Lets a person choose. Signals tell what was chosen; the tuning is replaced at once."""

    source_asked = pyqtSignal(object)
    """A SourceSpec, checked as far as possible without opening it; None for the present source again."""
    switched = pyqtSignal(str, object)
    """The name of a field of a view, or `calm`, and its new value."""

    def __init__(self, parent: QWidget, tuned: Tuned | None, framer: Framer | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAccessibleName(say(texts.SETTINGS))
        self._theme: Theme | None = None
        self._content = QWidget()
        self._content.setObjectName("content")
        self._column = QVBoxLayout(self._content)
        self._add_source()
        if framer:
            self.framing = FramingControls(self._column, framer, lambda: self.source_asked.emit(None))
        if tuned:
            self._add_tuning(tuned)
        self._add_looks()
        self._area = QScrollArea(self)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidget(self._content)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.addWidget(self._area)

    def present(self, theme: Theme, room: tuple[int, int], view: View, calm: bool) -> None:
        """Use a theme, fit into `room` px, and show the present choices."""
        if theme is not self._theme:
            self._theme = theme
            self.setStyleSheet(style(theme))
            pad = theme.px(0.8)
            self._column.setContentsMargins(pad, pad, pad, pad)
            self._column.setSpacing(theme.px(0.45))
        self.veil.setCurrentIndex(self.veil.findData(view.privacy))
        for name, box in self.boxes.items():
            box.blockSignals(True)
            box.setChecked(calm if name == "calm" else getattr(view, name))
            box.blockSignals(False)
        width = min(theme.px(25), room[0])
        self._content.setFixedWidth(width - 4)
        self._column.activate()
        self.resize(width, min(self._content.sizeHint().height() + 4, room[1]))

    def refresh(self) -> None:
        """Look for cameras again."""
        from realtime_micacl.live.sources.camera import list_cameras  # and OpenCV with it, which takes a while

        known = list_cameras() if sys.platform == "linux" else {n: f"camera {n}" for n in range(GUESSED_CAMERAS)}
        self.sources.clear()
        for index, name in known.items():
            self.sources.addItem(f"{index}: {name}", SourceSpec("camera", str(index)))
        self.sources.addItem(say(texts.DEMO), parse_source("demo"))
        self.sources.addItem(say(texts.TEST_PICTURE), parse_source("synthetic"))
        self.sources.setCurrentIndex(-1)
        self._say_fault("")

    def ask(self, source: SourceSpec | str) -> None:
        """Ask for a source, or show why it cannot be used."""
        try:
            spec = parse_source(source) if isinstance(source, str) else source
            check(spec)
        except MicaclError as error:
            self._say_fault(redacted(str(error)))
            return
        self._say_fault("")
        self.source_asked.emit(spec)

    def _say_fault(self, text: str) -> None:
        self.fault.setText(text)
        self.address.setAccessibleDescription(text)  # where whoever cannot see the label is told
        self.fault.setVisible(bool(text))

    def _add_source(self) -> None:
        self._heading(texts.SOURCE)
        self.sources = Choice()
        self.sources.setPlaceholderText(say(texts.CAMERA))
        self.sources.setAccessibleName(say(texts.CAMERA))
        self.sources.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.sources.activated.connect(lambda index: self.ask(self.sources.itemData(index)))
        self.address = QLineEdit()
        self.address.setPlaceholderText("rtsp://")
        self.address.setAccessibleName(say(texts.ADDRESS))
        self.address.returnPressed.connect(lambda: self.ask(self.address.text().strip()))
        go = QPushButton(say(texts.OPEN))
        go.clicked.connect(lambda: self.ask(self.address.text().strip()))
        line = QHBoxLayout()
        line.addWidget(self.address, 1)
        line.addWidget(go)
        self.file = QPushButton(say(texts.FILE))
        self.file.clicked.connect(self._choose_file)
        self.fault = QLabel()
        self.fault.setObjectName("fault")
        self.fault.setWordWrap(True)
        self.fault.setTextFormat(Qt.TextFormat.PlainText)  # names of files may hold <
        self._column.addWidget(self.sources)
        self._column.addLayout(line)
        self._column.addWidget(self.file)
        self._column.addWidget(self.fault)

    def _choose_file(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, say(texts.FILE), QDir.homePath())
        if file:
            self.ask(file)

    def _add_tuning(self, tuned: Tuned) -> None:
        self._heading(texts.READINGS)
        self.smoothing = self._slider(
            tuned, "smoothing_s", SMOOTHING, lambda s: say(texts.SMOOTHING, seconds=f"{s:.2f}".rstrip("0").rstrip("."))
        )
        self.abstaining = self._slider(
            tuned, "abstain_below", ABSTAINING, lambda share: say(texts.ABSTAIN, percent=f"{100 * share:.0f}")
        )

    def _slider(self, tuned: Tuned, name: str, scale: tuple[float, float], words: Callable[[float], str]) -> Slider:
        """Add a slider for a field of the tuning, with its value in words above; adding it changes nothing."""
        label, slider, (step, most) = QLabel(), Slider(Qt.Orientation.Horizontal), scale
        slider.setRange(0, round(most / step))
        slider.setPageStep(5)
        slider.setValue(round(getattr(tuned.now, name) / step))

        def tell() -> None:
            text = words(getattr(tuned.now, name))
            label.setText(text)
            slider.setAccessibleName(text)

        def moved(to: int) -> None:
            chosen: dict[str, Any] = {name: round(to * step, 4)}
            tuned.now = replace(tuned.now, **chosen)
            tell()

        tell()
        slider.valueChanged.connect(moved)
        self._column.addWidget(label)
        self._column.addWidget(slider)
        return slider

    def _add_looks(self) -> None:
        self._heading(texts.LOOKS)
        self.veil = Choice()
        self.veil.setAccessibleName(say(texts.PICTURE))
        for privacy, words in texts.PICTURES.items():
            self.veil.addItem(say(words), privacy)
        self.veil.activated.connect(lambda index: self.switched.emit("privacy", self.veil.itemData(index)))
        self._column.addWidget(self.veil)
        self.boxes = {name: QCheckBox(say(words)) for name, words in SWITCHES.items()}
        for name, box in self.boxes.items():
            box.toggled.connect(lambda on, name=name: self.switched.emit(name, on))
            self._column.addWidget(box)

    def _heading(self, text: str) -> None:
        label = QLabel(say(text))
        label.setObjectName("heading")
        self._column.addWidget(label)
