"""What the window asks and says while a neutral face is taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PyQt6.QtGui import QImage, QPainter

from realtime_micacl.live.reading.baseline import SECONDS, BaselineRequest
from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.types import Baseline, EmotionDistribution, Face, Frame, Quality, State
from realtime_micacl_ui import texts
from realtime_micacl_ui.language import use_language
from realtime_micacl_ui.neutral import Neutral, has_baseline
from realtime_micacl_ui.paint import paint
from realtime_micacl_ui.texts import say
from realtime_micacl_ui.theme import theme_of
from realtime_micacl_ui.view import View, spoken

pytestmark = pytest.mark.usefixtures("qapp")
SHARES = np.full(7, 1 / 7, np.float32)
BOX = np.array([300, 300, 400, 400], np.float32)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


def view(*states: Baseline, selected: int | None = None) -> View:
    """Return a live view of faces, each with a reading whose baseline is in a state."""
    faces, readings = [], {}
    for i, state in enumerate(states, start=1):
        faces.append(Face(i, BOX + 150 * (i - 1), np.zeros((1, 1, 3), np.uint8), 1.0, Quality(1.0), State.LIVE, 1.0))
        readings[i] = EmotionDistribution(i, 1.0, SHARES, SHARES[:4], "sad", 1.0, 1.0, baseline=state)
    frame = Frame(np.zeros((600, 800, 3), np.uint8), 1.0, 0)
    return View("here", State.LIVE, 1.0, frame, tuple(faces), readings, selected=selected)


def test_a_press_asks_once_and_counts_the_seconds_down() -> None:
    tuned = Tuned(Tuning(0.1, 0.5))
    neutral = Neutral(tuned)
    neutral.ask(view(Baseline.NONE), 10.0)
    assert tuned.now.baseline == BaselineRequest(1)
    assert neutral.notice(view(Baseline.NONE), 10.0) == say(texts.HOLD, seconds=5)
    assert neutral.notice(view(Baseline.TAKING), 12.5) == say(texts.HOLD, seconds=3)
    assert neutral.notice(view(Baseline.TAKING), 10.1 + SECONDS) == say(texts.HOLD, seconds=1), "awaits the last tick"
    assert neutral.notice(view(Baseline.SET), 15.2) == texts.NOTED
    assert neutral.notice(view(Baseline.SET), 17.2) == texts.NOTED, "long enough to be read"
    assert neutral.notice(view(Baseline.SET), 25.0) == ""


def test_an_answer_is_awaited_for_a_moment_and_what_was_answered_before_is_none() -> None:
    neutral, hold = Neutral(Tuned(Tuning(0.1, 0.5))), say(texts.HOLD, seconds=1)
    neutral.ask(view(Baseline.NONE), 10.0)
    assert neutral.notice(view(Baseline.UNSTEADY), 12.5) == say(texts.HOLD, seconds=3)
    assert neutral.notice(view(Baseline.NONE), 10.9 + SECONDS) == hold
    assert neutral.notice(view(Baseline.NONE), 13.0 + SECONDS) == texts.TOO_LITTLE
    neutral.ask(view(Baseline.NONE), 30.0)
    assert neutral.notice(view(Baseline.SET), 29.8 + SECONDS) == texts.NOTED, "by its own clock five seconds are over"


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ((Baseline.UNSTEADY,), texts.NOT_STEADY),
        ((Baseline.SPARSE,), texts.TOO_LITTLE),
        ((Baseline.UNLIKE,), texts.NOT_NEUTRAL),
        ((Baseline.SET, Baseline.UNLIKE), texts.NOT_NEUTRAL),
        ((), texts.TOO_LITTLE),
    ],
)
def test_it_says_why_none_was_taken(states: tuple[Baseline, ...], said: str) -> None:
    neutral = Neutral(Tuned(Tuning(0.1, 0.5)))
    neutral.ask(view(Baseline.NONE), 10.0)
    assert neutral.notice(view(*states), 17.0) == said


def test_a_second_press_drops_it() -> None:
    tuned = Tuned(Tuning(0.1, 0.5))
    neutral = Neutral(tuned)
    neutral.ask(view(Baseline.NONE), 10.0)
    neutral.ask(view(Baseline.TAKING), 12.0)
    assert neutral.notice(view(Baseline.NONE), 12.1) == texts.DROPPED
    neutral.ask(view(Baseline.SET), 20.0)
    assert neutral.notice(view(Baseline.NONE), 20.1) == texts.DROPPED
    assert tuned.now.baseline.number == 3


def test_nobody_is_asked_where_nobody_is_read() -> None:
    tuned = Tuned(Tuning(0.1, 0.5))
    neutral = Neutral(tuned)
    neutral.ask(view(), 10.0)
    assert neutral.notice(view(), 10.1) == texts.NOBODY
    assert tuned.now.baseline == BaselineRequest()
    Neutral(None).ask(view(Baseline.NONE), 10.0)


def test_the_selected_face_alone_is_meant() -> None:
    tuned = Tuned(Tuning(0.1, 0.5))
    neutral = Neutral(tuned)
    neutral.ask(view(Baseline.SET, Baseline.NONE, selected=2), 10.0)
    assert tuned.now.baseline == BaselineRequest(1, track_id=2)
    assert neutral.notice(view(Baseline.SET, Baseline.TAKING, selected=2), 12.0) == say(texts.HOLD, seconds=3)


def test_a_card_shows_and_a_screen_reader_hears_whose_neutral_face_it_is() -> None:
    assert has_baseline(view(Baseline.NONE, Baseline.SET))
    assert not has_baseline(view(Baseline.TAKING))
    assert "this person's neutral face" in spoken(view(Baseline.SET))
    assert "this person's neutral face" not in spoken(view(Baseline.TAKING))
    pictures = []
    for state in (Baseline.NONE, Baseline.TAKING, Baseline.SET):
        image = QImage(800, 600, QImage.Format.Format_RGB32)
        with QPainter(image) as painter:
            paint(painter, view(state), theme_of(16.0), (800, 600))
        pictures.append(image)
    assert pictures[0] == pictures[1] != pictures[2]
