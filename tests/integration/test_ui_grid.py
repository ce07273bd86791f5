"""Several sessions in one window: a tile each, one enlarged, one that fails, and the end of all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QKeyEvent, QMouseEvent

from realtime_micacl.errors import SourceError, StageFailed
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.streams import Streams
from realtime_micacl.testing import Conduct, FakeCamera, FakeStages, picture
from realtime_micacl.types import Frame, Retry, State
from realtime_micacl_ui.grid import GridWindow, columns_for, show
from realtime_micacl_ui.options import Options

pytestmark = pytest.mark.usefixtures("qapp")
COLOURS = [(200, 30, 30), (30, 200, 30), (30, 30, 200), (200, 200, 30), (30, 200, 200)]


def refuses() -> Iterator[Frame | Retry]:
    raise SourceError("rtsp://away was refused")
    yield


def session(n: int, source: Iterable[Frame | Retry] | None = None, fails: bool = False) -> LiveSession:
    stages = FakeStages(tracks=(n,), perceive=Conduct(raises_from=1 if fails else None))
    return LiveSession(source or camera(n), *stages.openers, name=f"rtsp://camera/{n}")


def camera(n: int, frames: int | None = None) -> FakeCamera:
    return FakeCamera(rate_hz=50, frames=frames, image=picture(COLOURS[n]))


def run(sessions: list[LiveSession], act: Callable[[GridWindow], bool], options: Options | None = None) -> None:
    """Show sessions until `act` is done."""
    deadline_s = time.monotonic() + 30

    def tick(window: GridWindow) -> None:
        streams.wait(0.0)
        if act(window):
            window.close()
        assert time.monotonic() < deadline_s, [tile.view.state for tile in window.tiles]

    with Streams(sessions, shown=True) as streams:
        show(streams, options=options or Options(), on_tick=tick)
    assert all(not one.running for one in sessions)


def all_read(window: GridWindow) -> bool:
    return all(tile.view.faces and tile.view.reading(tile.view.faces[0]) for tile in window.tiles)


def key(window: GridWindow, of: Qt.Key, text: str = "") -> None:
    window.keyPressEvent(QKeyEvent(QKeyEvent.Type.KeyPress, of, Qt.KeyboardModifier.NoModifier, text))


def test_each_session_has_a_tile_with_its_picture_and_none_covers_another() -> None:
    seen: list[list[tuple[int, int, int]]] = []

    def act(window: GridWindow) -> bool:
        if not all_read(window):
            return False
        picture = window.grab().toImage()
        found = []
        for tile in window.tiles:
            assert tile._layout is not None
            corner = tile.pos() + tile._layout.picture.bottomLeft().toPoint()
            colour = picture.pixelColor(corner.x() + 4, corner.y() - 4)
            found.append((colour.red(), colour.green(), colour.blue()))
        seen.append(found)
        rects = [tile.geometry() for tile in window.tiles]
        assert not any(a.intersects(b) for n, a in enumerate(rects) for b in rects[:n])
        assert len({(r.width() // 4, r.height() // 4) for r in rects}) == 1
        assert [tile.view.faces[0].track_id for tile in window.tiles] == [0, 1, 2, 3, 4]
        assert {tile.view.source for tile in window.tiles} == {f"rtsp://camera/{n}" for n in range(5)}
        return True

    run([session(n) for n in range(5)], act)
    assert seen == [COLOURS]


@pytest.mark.parametrize(
    ("tiles", "shape", "columns"),
    [(1, 1.78, 1), (2, 1.78, 2), (2, 0.9, 1), (3, 1.78, 2), (4, 1.6, 2), (5, 1.78, 3), (8, 1.78, 3), (4, 9.0, 4)],
)
def test_tiles_are_as_large_as_the_window_s_shape_allows(tiles: int, shape: float, columns: int) -> None:
    assert columns_for(tiles, shape) == columns


def test_a_window_that_changes_its_shape_arranges_its_tiles_anew() -> None:
    def act(window: GridWindow) -> bool:
        if not all_read(window):
            return False
        window.resize(900, 200)
        rows = {tile.y() for tile in window.tiles}
        if len(rows) > 1:
            return False
        window.resize(200, 900)
        return True

    run([session(n) for n in range(3)], act)


def test_one_tile_is_enlarged_by_its_number_or_a_double_click_and_escape_goes_back() -> None:
    def act(window: GridWindow) -> bool:
        if not all_read(window):
            return False
        key(window, Qt.Key.Key_2, "2")
        assert window.large is window.tiles[1]
        assert [tile.isVisible() for tile in window.tiles] == [False, True, False]
        assert window.tiles[1].view.timeline
        assert window.large.geometry() == window.rect()
        key(window, Qt.Key.Key_Escape)
        assert window.large is None
        assert all(tile.isVisible() and not tile.view.timeline for tile in window.tiles)
        left = Qt.MouseButton.LeftButton
        at, none = QPointF(5, 5), Qt.KeyboardModifier.NoModifier
        window.tiles[2].mouseDoubleClickEvent(
            QMouseEvent(QMouseEvent.Type.MouseButtonDblClick, at, at, left, left, none)
        )
        assert window.large is window.tiles[2]
        window.tiles[2].mouseDoubleClickEvent(None)
        assert window.large is None
        key(window, Qt.Key.Key_P, "p")
        assert {tile.view.privacy for tile in window.tiles} == {"blurred"}
        key(window, Qt.Key.Key_Space)
        assert all(tile.session.paused for tile in window.tiles)
        key(window, Qt.Key.Key_Space)
        assert not any(tile.session.paused for tile in window.tiles)
        key(window, Qt.Key.Key_Escape)
        return False

    run([session(n) for n in range(3)], act)


def test_one_that_fails_says_so_in_its_tile_and_the_others_go_on() -> None:
    def act(window: GridWindow) -> bool:
        dead, broken, good = window.tiles
        if dead.view.state is not State.FAILED or not broken.view.broken or not good.view.faces:
            return False
        assert dead.view.detail == "rtsp://away was refused", "no key closes it while others go on"
        assert broken.view.frame is not None, "its picture stays live"
        assert good.view.reading(good.view.faces[0]) is not None
        return True

    with pytest.raises(SourceError, match="away"):
        run([session(0, refuses()), session(1, fails=True), session(2)], act)


def test_it_closes_by_itself_when_all_have_ended() -> None:
    run([session(n, camera(n, 5 + n)) for n in range(2)], lambda window: False)


def test_an_error_of_painting_ends_the_program_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ValueError("no paint")

    monkeypatch.setattr("realtime_micacl_ui.canvas.paint", broken)
    with pytest.raises(StageFailed, match="the window failed: ValueError: no paint"):
        run([session(0), session(1)], lambda window: False)
