"""The timeline in time: it goes on in steps, never back, and shows under the mouse what is drawn there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PyQt6.QtGui import QImage, QPainter

from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.testing import face, reading
from realtime_micacl.types import Frame, Scene, State
from realtime_micacl_ui import timeline
from realtime_micacl_ui.past import Past
from realtime_micacl_ui.theme import theme_of, unit_for
from realtime_micacl_ui.view import View, follow

pytestmark = pytest.mark.usefixtures("qapp")
HD = (1280, 720)
IMAGE = np.zeros((72, 128, 3), np.uint8)
FRAME_S = 1 / 30


def watched(read_s: list[float], late_s: float = 0.05) -> Iterator[View]:
    """Views at 30 pictures a second, of a face with readings at some times, each of which comes a little later."""
    view = View("camera 0", timeline=True)
    for now_s in np.arange(read_s[0] + late_s, read_s[-1] + 1, FRAME_S).tolist():
        come = [time_s for time_s in read_s if time_s + late_s <= now_s]
        scene = Scene(now_s, Frame(IMAGE, now_s, 0), (face(1),), State.LIVE)
        view = follow(view, Snapshot(now_s=now_s, scene=scene, readings=(reading(come[-1]),), running=True))
        yield view


SELDOM, GAP, BUSY = (
    [100.0, 101.0, 102.0],
    [100 + 0.08 * n for n in range(20)] + [104.5],
    [100 + 0.2 * n for n in range(9)],
)


@pytest.mark.parametrize(("read_s", "late_s"), [(SELDOM, 0.05), (GAP, 0.05), (BUSY, 0.2), (BUSY, 0.3)])
def test_it_goes_on_without_leaps_and_never_back(read_s: list[float], late_s: float) -> None:
    steps = np.diff([timeline._end_s(view) for view in watched(read_s, late_s)])
    assert steps.min() >= 0
    assert steps.max() < 0.5


def test_the_mouse_at_the_newest_moment_shows_the_newest_reading_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    theme, image = theme_of(unit_for(*HD, 1.0)), QImage(*HD, QImage.Format.Format_RGB32)
    found, at = [], Past.at
    monkeypatch.setattr(Past, "at", lambda past, time_s: found.append(at(past, time_s)) or found[-1])
    views = [view for view in watched([100 + 0.08 * n for n in range(40)]) if view.scene_s < 103.3]
    for view in views:
        where = timeline.parts(view, theme, HD)
        assert where is not None
        pointer = round(where.ribbon.right()), round(where.ribbon.center().y())
        with QPainter(image) as painter:
            timeline.timeline(painter, replace(view, pointer=pointer), where, theme)
    assert found == [len(view.pasts[1].times_s) - 1 for view in views]
