"""Several streams in one window, each in a tile as large as possible."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import ceil
from time import monotonic

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QWidget

from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.streams import Streams
from realtime_micacl_ui.canvas import Canvas
from realtime_micacl_ui.keys import key_of, pressed
from realtime_micacl_ui.language import use_language
from realtime_micacl_ui.options import DEFAULT, Options
from realtime_micacl_ui.pull import Pull, shown_until_closed
from realtime_micacl_ui.qt import application
from realtime_micacl_ui.speaker import Speaker
from realtime_micacl_ui.theme import INK
from realtime_micacl_ui.view import View
from realtime_micacl_ui.watch import Watch
from realtime_micacl_ui.window import NAME

TICK_MS = 33
GAP_PX = 2
WIDE = 16 / 9


def show(
    streams: Streams,
    *,
    webcams: Collection[str] = (),
    options: Options = DEFAULT,
    on_tick: Callable[[GridWindow], None] | None = None,
) -> None:
    """Show running sessions until the window is closed or all have ended; then stop them.

    Those whose names are in `webcams` are mirrored.
    """
    application(NAME)
    use_language(options.language)
    window = GridWindow(streams.sessions, options, on_tick, webcams)
    try:
        shown_until_closed(window, window.show, lambda: streams.sessions)
    finally:
        streams.stop()


class GridWindow(QWidget):
    """The window of several sessions; `large` is the tile that fills it, None if all are shown."""

    closed = pyqtSignal()

    def __init__(
        self,
        sessions: Sequence[LiveSession],
        options: Options,
        on_tick: Callable[[GridWindow], None] | None = None,
        webcams: Collection[str] = (),
    ) -> None:
        super().__init__()
        self.large: Tile | None = None
        self._on_tick = on_tick
        self.tiles = [Tile(self, session, options, webcam=session.name in webcams) for session in sessions]
        for tile in self.tiles:
            tile.chosen.connect(lambda tile=tile: self.enlarge(None if self.large else tile))
        self.setWindowTitle(f"{NAME} - {len(self.tiles)}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(320, 180)
        if screen := self.screen():
            self.resize(QSize(1280, 720).boundedTo(screen.availableSize()))
        self.pull = Pull(self, self._look, self.close, every_ms=TICK_MS)
        self.pull.start()

    def enlarge(self, tile: Tile | None) -> None:
        """Let one tile fill the window, with its timeline; None shows all of them again."""
        self.large = tile
        for one in self.tiles:
            one.setVisible(tile in (None, one))
            one.present(replace(one.view, timeline=one is tile))
        self._arrange()

    def _arrange(self) -> None:
        """Arrange the tiles in the number of columns that makes them largest, or let one fill the window."""
        columns = 1 if self.large else columns_for(len(self.tiles), self.width() / max(1, self.height()))
        rows = 1 if self.large else ceil(len(self.tiles) / columns)
        width, height = (self.width() + GAP_PX) // columns, (self.height() + GAP_PX) // rows
        for n, tile in enumerate([self.large] if self.large else self.tiles):
            left, top = n % columns * width, n // columns * height
            tile.setGeometry(left, top, width - GAP_PX, height - GAP_PX)

    def act(self, key: str) -> None:
        """Do what a key stands for."""
        if key == "escape" and self.large:
            self.enlarge(None)
        elif key == "escape":
            self.close()
        elif key == "f11":
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
        elif key == "space":
            paused = not all(tile.session.paused for tile in self.tiles)
            for tile in self.tiles:
                tile.session.paused = paused
        elif key == "x":
            mirror = not all(tile.view.mirror for tile in self.tiles)
            for tile in self.tiles:
                tile.present(replace(tile.view, mirror=mirror))
        elif key in ("o", "p"):
            for tile in self.tiles:
                tile.present(pressed(tile.view, key))
        elif key.isdecimal() and 1 <= int(key) <= len(self.tiles):
            tile = self.tiles[int(key) - 1]
            self.enlarge(None if tile is self.large else tile)

    def _look(self) -> None:
        """Look at all sessions, show what changed, and close when all have ended."""
        now_s = monotonic()
        over = [tile.step(now_s) for tile in self.tiles]
        if self._on_tick:
            self._on_tick(self)
        if all(over):
            self.close()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Arrange the tiles again."""
        self._arrange()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint what no tile covers."""
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), INK)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Act on the few keys there are."""
        if event is not None and (key := key_of(event)):
            self.act(key)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Show nothing more."""
        self.pull.stop()
        self.closed.emit()


def columns_for(tiles: int, shape: float) -> int:
    """Return the number of columns that makes 16:9 pictures largest in a window of width / height = `shape`."""
    sizes = {columns: min(shape / columns / WIDE, 1 / ceil(tiles / columns)) for columns in range(1, tiles + 1)}
    return max(columns for columns, size in sizes.items() if size >= 0.99 * max(sizes.values()))


class Tile(Canvas):
    """The tile of one session."""

    chosen = pyqtSignal()

    def __init__(self, window: QWidget, session: LiveSession, options: Options, *, webcam: bool) -> None:
        mirror = webcam if options.mirror is None else options.mirror
        super().__init__(window, View(session.name, hud=False, mixtures=options.mixtures, mirror=mirror), options)
        self.session = session
        self._watch = Watch(session, self.meters, "goes on")
        self._speaker = Speaker(self)

    def step(self, now_s: float) -> bool:
        """Look at the session and show what changed; say whether it has ended and its end was shown."""
        if self.fault:
            raise self.fault
        if self._watch.has_news(now_s):
            self.present(self._watch.next(self.view, now_s, reduced=self._options.reduced_motion))
            self._speaker.tell(self.view, self.session.name, now_s)
        return self._watch.done(self.view, now_s)

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Toggle between this tile and all of them."""
        self.chosen.emit()
