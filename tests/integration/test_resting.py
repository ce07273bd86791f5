"""The window stays when a file ends or a source fails, says why, begins again when asked, keeps the exit code."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt, QTimer
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from realtime_micacl.config import Settings
from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.source import SourceSpec
from realtime_micacl.programs import cli, running
from realtime_micacl.programs.replay import main as replay
from realtime_micacl.types import Frame, State
from realtime_micacl_ui.window import LiveWindow

pytestmark = pytest.mark.usefixtures("qapp")
Step = Callable[[LiveWindow], object]


class Hand:
    """Does one step after the other in the window that is shown, the next one once a step is not False."""

    def __init__(self, *steps: Step) -> None:
        self._steps, self._until_s = list(steps), time.monotonic() + 20
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(20)
        self.left: list[str] = []

    def _tick(self) -> None:
        windows = [w for w in QApplication.topLevelWidgets() if isinstance(w, LiveWindow) and w.isVisible()]
        for window in windows:
            if time.monotonic() > self._until_s:
                self.left = [f"{len(self._steps)} steps are left; {window.view.state}: {window.view.title}"]
                self._steps.clear()
            if self._steps and self._steps[0](window) is not False:
                self._steps.pop(0)
            if not self._steps:
                self._timer.stop()
                window.close()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Half a second of noise."""
    file = tmp_path / "clip.mp4"
    with av.open(str(file), "w") as out:
        stream = out.add_stream("mpeg4", rate=20)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for _ in range(10):
            image = np.random.default_rng(1).integers(0, 255, (96, 160, 3), np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        out.mux(stream.encode())
    return file


def rests(window: LiveWindow) -> bool:
    return window.view.rests


def runs(window: LiveWindow) -> bool:
    return not window.view.rests and window.first_picture_s is not None


def says(title: str, detail: str) -> Step:
    def check(window: LiveWindow) -> bool:
        return title in window.view.title and detail in window.view.detail

    return check


def test_a_file_that_has_ended_is_played_again_by_key_and_by_click(clip: Path, tmp_path: Path, qtbot: QtBot) -> None:
    file = tmp_path / "r.jsonl"
    hand = Hand(
        rests,
        says("End of clip.mp4", "Press Space or click to play it again."),
        lambda w: '"ended"' in file.read_text(),
        lambda w: qtbot.keyClick(w, Qt.Key.Key_T),
        lambda w: rests(w) and not w.view.timeline,
        lambda w: qtbot.keyClick(w, Qt.Key.Key_Space),
        runs,
        rests,
        lambda w: qtbot.mouseClick(w, Qt.MouseButton.LeftButton, pos=QPoint(80, 300)),
        runs,
        lambda w: qtbot.mouseClick(w, Qt.MouseButton.LeftButton, pos=QPoint(80, 300)),
        lambda w: runs(w) or rests(w),
        rests,
    )
    assert cli.run(["--source", str(clip), "--record", str(file), "--log-level", "error"]) == 0
    assert hand.left == []
    assert [line.count('"ended"') for line in file.read_text().splitlines()].count(1) == 3


def failing(times: int) -> Callable[..., Iterator[Frame]]:
    """Return what opens sources that fail after a few pictures, as often as said, and then do not."""
    opened = []

    def open_source(spec: SourceSpec, **_: object) -> Iterator[Frame]:
        opened.append(spec)
        number = len(opened)
        for index in range(10 if number <= times else 10_000):
            yield Frame(np.zeros((96, 160, 3), np.uint8), time.monotonic(), index)
            time.sleep(0.02)
        raise SourceError(f"the cable was pulled, time {number}")

    return open_source


def test_a_source_that_fails_is_tried_again_and_closing_keeps_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(running, "open_source", failing(2))
    reason = "the cable was pulled, time {}\n\nPress Space or click to try again."
    hand = Hand(
        rests,
        says("Stopped by an error", reason.format(1)),
        lambda w: qtbot.keyClick(w, Qt.Key.Key_Space),
        runs,
        rests,
        says("Stopped by an error", reason.format(2)),
        lambda w: qtbot.keyClick(w, Qt.Key.Key_X),
        lambda w: w.isVisible(),
    )
    assert cli.run(["--source", "synthetic", "--log-level", "error"]) == 3
    assert hand.left == []
    assert capsys.readouterr().err.count("realtime-micacl: the cable was pulled, time 2") == 1


def test_what_failed_and_came_back_is_forgotten(monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    monkeypatch.setattr(running, "open_source", failing(1))
    hand = Hand(rests, lambda w: qtbot.keyClick(w, Qt.Key.Key_Space), runs, lambda w: w.view.state is State.NO_FACE)
    assert cli.run(["--source", "synthetic", "--log-level", "error"]) == 0
    assert hand.left == []


def test_a_source_that_is_given_up_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "open_source", failing(9))
    started_s = time.monotonic()
    with pytest.raises(SourceError, match="time 1"):
        cli.live(Settings(source="synthetic", give_up_after_s=1.0, log_level="error"))
    assert time.monotonic() - started_s < 10.0


def test_a_file_that_cannot_be_read_does_not_close_the_window_it_was_chosen_in(clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all" * 99)
    hand = Hand(
        rests,
        lambda w: w._ask(SourceSpec("file", str(broken))),
        lambda w: rests(w) and w.view.state is State.FAILED,
        says("Stopped by an error", "broken.mp4"),
        lambda w: w._ask(SourceSpec("file", str(clip))),
        runs,
        lambda w: rests(w) and w.view.state is State.ENDED,
    )
    assert cli.run(["--source", str(clip), "--log-level", "error"]) == 0
    assert hand.left == []


def test_a_replay_is_played_again(tmp_path: Path, qtbot: QtBot) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text(
        '{"schema": 1, "time_s": 0.0, "track": null, "state": "no face"}\n'
        '{"schema": 1, "time_s": 0.3, "track": null, "state": "ended"}\n'
    )
    hand = Hand(rests, lambda w: qtbot.keyClick(w, Qt.Key.Key_Space), runs, rests)
    replay([str(file)])
    assert hand.left == []


def test_a_photograph_stays_with_what_was_read_from_it(tmp_path: Path) -> None:
    photo = Path(__file__).parents[1] / "data" / "sources" / "photo.heic"
    file, seen_s = tmp_path / "r.jsonl", []

    def is_read(window: LiveWindow) -> bool:
        readings = [window.view.reading(face) for face in window.view.faces]
        return [reading.emotion for reading in readings if reading] == ["happy"]

    hand = Hand(
        lambda w: is_read(w) and not seen_s.append(time.monotonic()),  # type: ignore[func-returns-value]
        lambda w: time.monotonic() - seen_s[0] > 3.0,
        lambda w: is_read(w) and not rests(w) and w.view.state is State.LIVE,
    )
    assert cli.run(["--source", str(photo), "--record", str(file), "--log-level", "error"]) == 0
    assert hand.left == []
    assert file.read_text().count('"still": true') == 1
