"""What a picture shows: the rules from scenes, readings and the clock to a view."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime_micacl.errors import EngineError, MicaclError
from realtime_micacl.live.snapshot import Snapshot
from realtime_micacl.live.sources import blank
from realtime_micacl.testing import face, reading
from realtime_micacl.types import Bag, EmotionDistribution, Face, Frame, Retry, Scene, State
from realtime_micacl_ui import texts
from realtime_micacl_ui.view import MAX_BAGS, View, follow, spoken, words

IMAGE = np.zeros((72, 128, 3), np.uint8)
START = View("camera 0")


def frame(time_s: float) -> Frame:
    return Frame(IMAGE, time_s, 0)


def scene(time_s: float, *faces: Face, state: State | None = None, at: Frame | None = None) -> Scene:
    state = state or (State.LIVE if faces else State.NO_FACE)
    return Scene(time_s, at or frame(time_s), faces, state)


def seen(
    now_s: float,
    scene: Scene | None = None,
    *readings: EmotionDistribution,
    newest: Frame | Retry | None = None,
    over: bool = False,
    error: MicaclError | None = None,
) -> Snapshot:
    return Snapshot(now_s=now_s, newest=newest, scene=scene, readings=readings, running=not over, error=error)


def test_before_the_first_picture_it_says_what_is_being_opened() -> None:
    view = follow(START, seen(1.0))
    assert (view.state, view.frame, view.title) == (State.STARTING, None, "Opening camera 0 …")


def test_the_raw_picture_is_shown_until_there_is_a_scene() -> None:
    raw, first = frame(1.0), scene(1.1)
    view = follow(START, seen(1.0, newest=raw))
    assert (view.state, view.frame) == (State.STARTING, raw)
    assert "Opening" not in view.title
    view = follow(view, seen(1.2, first, newest=frame(1.2)))
    assert (view.state, view.frame, view.title) == (State.NO_FACE, first.frame, "")


def test_a_retry_before_the_first_scene_is_no_picture() -> None:
    view = follow(START, seen(1.0, newest=Retry(1, 0.5, "gone")))
    assert (view.state, view.frame) == (State.STARTING, None)


@pytest.mark.parametrize(("age_s", "shown"), [(0.0, True), (1.0, True), (1.01, False)])
def test_a_reading_is_shown_for_a_second(age_s: float, shown: bool) -> None:
    view = follow(START, seen(10.0, scene(10.0, face(1)), reading(10.0 - age_s)))
    assert (view.reading(view.faces[0]) is not None) is shown


@pytest.mark.parametrize("state", [State.COLLECTING, State.LOW_QUALITY])
def test_a_face_that_is_not_live_has_no_reading(state: State) -> None:
    view = follow(START, seen(10.0, scene(10.0, face(1, state)), reading(10.0, 1)))
    assert view.reading(view.faces[0]) is None


def test_the_newest_reading_of_each_track_is_kept() -> None:
    old, other, new = reading(9.9, 1), reading(9.9, 2), reading(10.0, 2, "sad")
    view = follow(START, seen(10.0, scene(10.0, face(1), face(2)), old, other))
    view = follow(view, seen(10.1, scene(10.1, face(1), face(2)), new))
    assert [view.reading(f) for f in view.faces] == [old, new]


def test_the_reading_of_a_track_that_left_is_forgotten() -> None:
    view = follow(START, seen(10.0, scene(10.0, face(1), face(2)), reading(10.0, 1), reading(10.0, 2)))
    view = follow(view, seen(10.1, scene(10.1, face(2))))
    assert set(view.readings) == {2}
    view = follow(view, seen(10.2, scene(10.2, face(1), face(2))))
    assert view.reading(view.faces[0]) is None


def test_a_silent_analysis_is_stalled_and_shows_no_emotion() -> None:
    last = scene(10.0, face(1))
    view = follow(START, seen(12.5, last, reading(10.0, 1)))
    assert view.state is State.LIVE
    view = follow(view, seen(12.6, last, reading(10.0, 1), newest=frame(12.6)))
    assert view.state is State.STALLED
    assert view.reading(view.faces[0]) is None
    assert view.title == "The analysis has not answered for 2\u00a0s"
    view = follow(view, seen(13.0, last, newest=frame(10.0)))
    assert view.title == "No picture from camera 0 for 3\u00a0s"
    view = follow(view, seen(13.1, scene(13.1, face(1)), reading(13.1, 1)))
    assert view.reading(view.faces[0]) is not None


def test_a_stalled_scene_keeps_the_faces_of_its_picture() -> None:
    picture = frame(10.0)
    view = follow(START, seen(10.0, scene(10.0, face(1), at=picture), reading(10.0, 1)))
    view = follow(view, seen(12.1, scene(12.1, state=State.STALLED, at=picture)))
    assert [f.track_id for f in view.faces] == [1]
    assert view.reading(view.faces[0]) is None
    view = follow(view, seen(14.2, scene(14.2, state=State.STALLED, at=frame(12.2))))
    assert view.faces == ()


def test_a_picture_that_is_repeated_is_no_picture() -> None:
    first = frame(10.0)
    view = follow(START, seen(15.0, scene(15.0, state=State.STALLED, at=first), newest=frame(15.0)))
    assert view.title == "No picture from camera 0 for 5\u00a0s"
    assert view.frame is first


def test_reconnecting_says_the_attempt_and_hides_passwords() -> None:
    lost = scene(10.0, state=State.RECONNECTING)
    retry = Retry(3, 1.4, "rtsp://u:secret@host/a is lost")
    view = follow(replace(START, source="rtsp://u:***@host/a"), seen(10.0, lost, newest=retry))
    assert (view.state, view.attempt) == (State.RECONNECTING, 3)
    assert view.title == "Connecting to the stream again"
    assert view.detail == "rtsp://u:***@host/a is lost\nAttempt 3, next try in 2\u00a0s"


def test_waiting_for_a_source_that_was_never_there() -> None:
    view = follow(START, seen(10.0, Scene(10.0, None, (), State.RECONNECTING), newest=Retry(1, 0.0, "no camera 0")))
    assert view.title == "Waiting for camera 0"
    assert view.detail.endswith("Attempt 1, trying now")


def test_a_pause_before_the_first_scene_keeps_the_raw_picture() -> None:
    raw = frame(1.0)
    view = follow(START, seen(1.0, newest=raw))
    view = follow(view, seen(1.1, Scene(1.1, None, (), State.PAUSED), newest=frame(1.1)))
    assert (view.state, view.frame, view.title) == (State.PAUSED, raw, "Paused")


def test_the_end_shows_no_face() -> None:
    view = follow(replace(START, source="/a/clip.mp4"), seen(10.0, scene(10.0, face(1)), reading(10.0, 1), over=True))
    assert (view.state, view.faces, view.title) == (State.ENDED, (), "End of clip.mp4")


def test_a_failure_says_why_and_hides_passwords() -> None:
    failed = seen(10.0, scene(10.0, face(1)), over=True, error=EngineError("http://a:b@c broke"))
    view = follow(START, failed)
    assert (view.state, view.faces) == (State.FAILED, ())
    alone, closes, waits = (follow(START, failed, then).detail for then in ("goes on", "closes", "waits"))
    assert (alone, "Space" in closes, "Space" in waits) == ("http://a:***@c broke", False, True)


def test_a_source_rests_once_it_is_over_in_a_window_that_waits() -> None:
    ended = seen(10.0, scene(10.0, face(1)), over=True)
    assert [follow(START, ended, then).rests for then in ("waits", "closes", "goes on")] == [True, False, False]
    assert not follow(START, seen(10.0, scene(10.0, face(1))), "waits").rests
    assert "Space" in follow(START, ended, "waits").detail and not follow(START, ended).detail


def test_a_pause_may_be_long_and_has_no_time_of_its_own() -> None:
    view = follow(START, seen(60.0, scene(10.0, state=State.PAUSED)))
    assert (view.state, view.time_s) == (State.PAUSED, 0.0)
    assert follow(START, seen(10.0, scene(10.0, face(1)))).time_s == 10.0


def test_only_a_source_that_is_being_looked_for_has_an_attempt() -> None:
    retry = Retry(3, 1.0, "away")
    assert follow(START, seen(10.0, scene(10.0, face(1)), newest=retry, over=True)).attempt == 0
    assert follow(START, seen(10.0, scene(10.0, state=State.RECONNECTING), newest=frame(10.0))).attempt == 0


@pytest.mark.parametrize(("detail", "title"), [(blank.BLACK, texts.BLACK), (blank.FROZEN, texts.FROZEN)])
def test_a_picture_in_which_nothing_can_be_seen_is_called_so(detail: str, title: str) -> None:
    view = follow(START, seen(10.0, Scene(10.0, frame(10.0), (), State.STALLED, detail)))
    assert view.title == title


def test_views_are_equal_until_something_changes() -> None:
    now = seen(10.0, scene(10.0, face(1)), reading(10.0, 1))
    view = follow(START, now)
    assert follow(view, replace(now, now_s=10.1)) == view
    assert follow(view, replace(now, readings=(reading(10.0, 1),))) != view
    assert follow(view, replace(now, scene=scene(10.0, face(1)))) != view


def test_words_and_speech() -> None:
    faces = (face(1), face(2), face(3), face(4, State.COLLECTING, filled=0.5), face(5, State.LOW_QUALITY, fault="dark"))
    view = follow(START, seen(10.0, scene(10.0, *faces), reading(10.0, 1), reading(10.0, 2, None)))
    assert [words(view, f) for f in faces] == ["happy", "unsure", "analysing …", "collecting", "dark"]
    assert spoken(view).startswith("live; face 1: happy; face 2: unsure; ")


def test_an_analysis_that_failed_for_good_leaves_the_picture_and_says_so() -> None:
    broken = Scene(10.0, frame(10.0), (), State.FAILED, "recognize failed 6 times; http://a:b@c")
    view = follow(START, replace(seen(10.0, broken), notice="Nothing more is written: disk full"))
    assert (view.state, view.broken, view.frame) == (State.FAILED, True, broken.frame)
    assert view.title == "The analysis has stopped"
    assert "http://a:***@c" in view.detail
    assert "disk full" in spoken(view)
    assert not follow(START, seen(10.0, over=True, error=EngineError("x"))).broken


def test_the_selected_face_is_followed_or_else_the_one_that_was() -> None:
    view = follow(START, seen(10.0, scene(10.0, face(1), face(2)), reading(10.0, 1), reading(10.0, 2)))
    assert view.followed == 1
    assert follow(replace(view, selected=2), seen(10.1, scene(10.1, face(1), face(2)))).followed == 2
    view = follow(replace(view, followed=2), seen(10.1, scene(10.1, face(1), face(2))))
    assert view.followed == 2
    assert follow(view, seen(10.2, scene(10.2, face(1)))).followed == 1, "2 has left, 1 is there"
    assert follow(view, seen(10.2, scene(10.2))).followed == 2, "nobody is there"
    assert follow(view, seen(71.0, scene(71.0))).followed is None


def test_a_window_is_kept_while_its_face_is_there() -> None:
    bag = Bag(1, 0, np.zeros((4, 4, 2, 2, 3), np.uint8), 8.8, 10.0, 1.0, 1.0)
    view = follow(START, replace(seen(10.0, scene(10.0, face(1))), bags=(bag,)))
    view = follow(view, seen(10.05, scene(10.05, face(1)), reading(10.0, 1)))
    assert view.weighed[1].bag is bag
    gone = follow(view, replace(seen(10.1, scene(10.1)), bags=(bag,)))
    assert (gone.weighed, gone.bags) == ({}, ()), "no crop of somebody who has left"


def test_few_bags_are_kept_but_those_of_a_late_reading() -> None:
    view, crops = START, np.zeros((4, 4, 2, 2, 3), np.uint8)
    bags = [Bag(1, n, crops, 0.0, n / 10, 1.0, 1.0) for n in range(100)]
    for n, bag in enumerate(bags):
        view = follow(view, replace(seen(n / 10, scene(n / 10, face(1))), bags=(bag,)))
    assert len(view.bags) == MAX_BAGS
    late = follow(view, seen(9.95, scene(9.95, face(1)), reading(9.4)))
    assert (late.weighed[1].bag, late.bags) == (bags[94], tuple(bags[95:])), "half a second late; read ones are gone"


def test_an_empty_picture_is_spoken_of_after_a_while() -> None:
    view = START
    for time_s, said in ((1.0, False), (2.9, False), (3.0, True), (3.1, True)):
        view = follow(view, seen(time_s, scene(time_s)))
        assert (view.title != "") is said
    view = follow(view, seen(3.2, scene(3.2, face(1))))
    assert view.title == ""
    assert follow(view, seen(3.3, scene(3.3))).title == "", "a face that leaves is no reason to speak at once"


def test_how_long_an_instance_is_outlives_the_crops() -> None:
    bag = Bag(1, 0, np.zeros((4, 4, 8, 8, 3), np.uint8), 8.8, 10.0, 1.0, 1.0)
    here = replace(seen(10.0, scene(10.0, face(1)), reading(10.0, 1)), bags=(bag,))
    view = follow(START, here)
    assert view.instance_s == pytest.approx(view.weighed[1].instance_s)
    gone = follow(view, seen(10.5, scene(10.5)))
    assert (gone.weighed, gone.instance_s) == ({}, view.instance_s)
