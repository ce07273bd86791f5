"""Sends scripted visitors to a real kiosk window, one after the other, and checks that nothing of them is kept.

python -m tests.bench.visitors [--visits N | --hours H] [--speed X]

The window is offscreen, the pictures are the rendered clips at their own rate, detector and engine are the real ones;
the kiosk's own clock runs X times as fast. Every visitor comes, agrees, is read and leaves in one of five ways;
weak references show whether any value of their analysis is still in memory. The figures go to standard output as JSON.
The long form of the reliability bar R25 is `--hours 8 --speed 1`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import active_count
from time import monotonic, sleep

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtTest import QTest

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import openers
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.live.supervision import Openers
from realtime_micacl.live.visit import by_consent
from realtime_micacl.types import U8, EmotionDistribution, Frame
from realtime_micacl_ui.kiosk.paint import paint_screen
from realtime_micacl_ui.kiosk.screen import Screen, buttons, theme_for
from realtime_micacl_ui.kiosk.settings import read_kiosk_settings
from realtime_micacl_ui.kiosk.state import Act, Stage
from realtime_micacl_ui.kiosk.window import KioskWindow, show
from tests.bench.watched import Watched

DATA = Path(__file__).parents[1] / "data"
RATE_HZ = 25
VISIT_S = 8.0  # shortest visit at any speed, so that there is time for a reading
LIMIT_S = 30.0  # for each step
UNREAD = "is not read in time"  # on a machine that is busy with other work
WAYS = ("walks away", "touches stop", "is relieved by another", "says no more", "is asked and stops")


class Room:
    """The camera's view of a room in which somebody stands, or nobody; a source of frames."""

    def __init__(self) -> None:
        cut = [frame.image for frame in read_file(DATA / "cut.mp4")]
        self._clips = {
            "": [frame.image for frame in read_file(DATA / "no_face.mp4")][:50],
            "anna": cut[5:70],
            "berta": cut[80:145],
        }
        self.who = ""

    def frames(self) -> Iterator[Frame]:
        """Yield the pictures of whoever is there, forwards and backwards, so that there is no cut."""
        index, due_s = 0, monotonic()
        while True:
            clip: list[U8] = self._clips[self.who]
            place = index % (2 * len(clip) - 2)
            yield Frame(clip[min(place, 2 * len(clip) - 2 - place)], monotonic(), index)
            index += 1
            due_s = max(due_s + 1 / RATE_HZ, monotonic())
            sleep(max(0.0, due_s - monotonic()))


class Script:
    """What the visitors do: it is called with the window at every tick, and waits for one step after the other."""

    def __init__(self, room: Room, watched: Watched, go_on: Callable[[int], bool]) -> None:
        self.room, self.watched, self.go_on = room, watched, go_on
        self.visits = 0
        self.ways: Counter[str] = Counter()
        self._course: Iterator[Callable[[], bool]] | None = None
        self._until: Callable[[], bool] = lambda: True
        self._limit_s = 0.0

    def __call__(self, window: KioskWindow) -> None:
        if self._course is None:
            self._course = self._visitors(window)
            self._limit_s = monotonic() + LIMIT_S
        assert monotonic() < self._limit_s, f"it hangs at {window.state} with {self.watched.left()}"
        if self._until():
            self._limit_s = monotonic() + LIMIT_S
            try:
                self._until = next(self._course)
            except StopIteration:
                window.leave()

    def _visitors(self, window: KioskWindow) -> Iterator[Callable[[], bool]]:
        def at(*stages: Stage) -> Callable[[], bool]:
            return lambda: window.state.stage in stages

        for who, way in zip(cycle(("anna", "berta")), cycle(WAYS), strict=False):
            if not self.go_on(self.visits):
                return
            looks = self.watched.looks
            self.room.who = who
            yield at(Stage.CONSENT)
            read_s = monotonic() + 1.0
            yield lambda read_s=read_s: monotonic() > read_s  # type: ignore[misc]
            assert self.watched.looks == looks, "somebody was analysed who had not agreed"
            assert window.screen_now.view is None
            touch(window, Act.GO)
            agreed_s = monotonic()
            yield at(Stage.LIVE)
            yield lambda: shown_reading(window) is not None or window.state.stage is not Stage.LIVE
            reading = shown_reading(window)
            if reading is None:
                way = UNREAD
            else:
                assert reading.time_s > agreed_s, "a reading of pictures from before the consent"
            del reading
            if way == "walks away":
                self.room.who = ""
                yield at(Stage.ASKING)
            elif way == "touches stop":
                touch(window, Act.STOP)
            elif way == "is relieved by another":
                self.room.who = "berta" if who == "anna" else "anna"
                yield at(Stage.ASKING)
                readings = self.watched.readings
                yield at(Stage.WIPING)
                assert self.watched.readings == readings, "somebody was analysed who had not agreed"
            elif way != UNREAD:
                yield at(Stage.ASKING)
                if way == "is asked and stops":
                    touch(window, Act.STOP)
            yield at(Stage.WIPING)
            assert window.screen_now.view is None
            self.room.who = ""
            yield at(Stage.ATTRACT)
            self.visits += 1
            self.ways[way] += 1
            self._nothing_is_left(window)
            yield lambda: not window.state.settled

    def _nothing_is_left(self, window: KioskWindow) -> None:
        """Check what memory and screen hold at the first moment of the attract loop."""
        assert self.watched.left() == {}, f"visitor {self.visits}: {self.watched.left()}"
        now = window.screen_now
        fresh = Screen(now.settings, time_s=now.time_s, visits=self.visits, camera=now.camera)
        assert now == fresh
        size = (window.width(), window.height())
        expected = QImage(*size, QImage.Format.Format_RGB32)
        with QPainter(expected) as painter:
            paint_screen(painter, fresh, size)
        seen = window.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        assert seen == expected, "the attract loop shows something else than itself"


def touch(window: KioskWindow, act: Act) -> None:
    """Touch the button of an act, as a finger does."""
    size = (window.width(), window.height())
    button = next(b for b in buttons(window.screen_now, theme_for(size), size) if b.act is act)
    QTest.mouseClick(window, Qt.MouseButton.LeftButton, pos=button.rect.center().toPoint())


def shown_reading(window: KioskWindow) -> EmotionDistribution | None:
    """Return the reading on the screen."""
    view = window.screen_now.view
    return next((view.reading(face) for face in view.faces), None) if view else None


def main(argv: Sequence[str]) -> None:
    """Run the script and write its figures."""
    p = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    p.add_argument("--visits", type=int, default=4)
    p.add_argument("--hours", type=float)
    p.add_argument("--speed", type=float, default=4.0)
    given = p.parse_args(argv)
    start_s, process = monotonic(), psutil.Process()
    memory: list[int] = []

    def go_on(visits: int) -> bool:
        memory.append(process.memory_info().rss)
        return monotonic() - start_s < 3600 * given.hours if given.hours else visits < given.visits

    folder, sidecar = read_sidecar(default_engine())
    room, watched = Room(), Watched(openers(Settings(), folder, sidecar))
    opens = Openers(watched.open_perceiver, watched.open_recognizer)
    script = Script(room, watched, go_on)
    with TemporaryDirectory() as temporary:
        file = Path(temporary) / "kiosk.toml"
        visit_s = max(12.0, VISIT_S * given.speed)
        file.write_text(f"[times]\nvisit_s = {visit_s}\nanswer_s = 6.0\n")
        settings = read_kiosk_settings(str(file))
    watch, open_visit = by_consent(room.frames(), opens, "short", near=settings.near, mirror=settings.mirror)
    with watch:
        show(
            watch,
            lambda: watched.note(open_visit()),
            settings,
            clock=lambda: start_s + given.speed * (monotonic() - start_s),
            on_tick=script,
        )
    figures = {
        "visits": script.visits,
        "ways": dict(script.ways),
        "looks": watched.looks,
        "readings": watched.readings,
        "left": watched.left(),
        "threads": active_count(),
        "rss_mb": [round(memory[i * (len(memory) - 1) // 5] / 1e6) for i in range(6)],
        "seconds": round(monotonic() - start_s),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
