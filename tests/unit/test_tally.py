"""Why a source gave no reading, in counts."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_micacl.live.seeing import orientation
from realtime_micacl.live.tally import Tally
from realtime_micacl.types import U8, Face, Frame, Quality, Scene, State

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
BLACK = np.zeros((4, 4, 3), np.uint8)


@pytest.fixture(autouse=True)
def upright(monkeypatch: pytest.MonkeyPatch) -> None:
    """No detector looks whether a picture lies on its side; `tests/integration/test_orientation.py` does."""
    monkeypatch.setattr(orientation, "turn_wanted", lambda pictures: 0)


def face(fault: str = "") -> Face:
    state = State.LOW_QUALITY if fault else State.COLLECTING
    return Face(1, np.zeros(4, np.float32), IMAGE, 0.9, Quality(0.0 if fault else 1.0, fault), state)


def tallied(*pictures: tuple[float, tuple[Face, ...]], still: bool = False) -> Tally:
    tally = Tally()
    for n, (time_s, faces) in enumerate(pictures):
        tally.add(
            Scene(
                time_s,
                Frame(IMAGE, time_s, n, still=still),
                faces,
                State.LIVE if faces else State.NO_FACE,
                "sit closer",
            )
        )
    return tally


def test_each_picture_counts_once_and_gaps_come_last() -> None:
    none, small, seen = (), (face("too small"),), (face(),)
    tally = tallied((0.0, none), (0.04, none), (1.0, none), (1.04, small), (3.0, small), (3.1, seen))
    assert str(tally) == "no reading (no face 3, too small 2, seen too briefly 1, gaps 2)"
    assert tally.advice == str(tally)
    assert "(no face 2, too small 1); sit closer" in tallied((0.0, none), (0.04, none), (0.08, small)).advice


def test_where_there_were_faces_their_size_is_not_blamed() -> None:
    assert tallied((0.0, ()), (0.04, (face("dark"),)), (0.08, (face("dark"),))).advice == (
        "no reading (dark 2, no face 1)"
    )


@pytest.mark.parametrize(("still", "counted"), [(True, "no face 3"), (False, "no face 3, gaps 1")])
def test_the_gaps_of_a_slow_source_are_no_reason(still: bool, counted: str) -> None:
    assert str(tallied((0.0, ()), (0.1, ()), (1.0, ()), still=still)) == f"no reading ({counted})"


def test_no_picture_is_said() -> None:
    assert str(Tally()) == "no reading (no picture)"


@pytest.mark.parametrize(("turn", "lies"), [(0, ""), (90, "on its side"), (180, "upside down"), (270, "on its side")])
def test_a_picture_that_lies_is_said_with_the_turn_that_mends_it(
    turn: int, lies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orientation, "turn_wanted", lambda pictures: turn)
    tally = tallied((0.0, ()), (0.04, ()))
    said = f"the picture lies {lies}: turned clockwise by {turn} degrees (--rotate)" if turn else "sit closer"
    assert said in tally.advice
    assert bool(tally.turned) == bool(turn)
    assert not tallied((0.0, ()), (0.04, (face(),)), (0.08, (face(),)), (0.12, (face(),))).turned, "most have a face"


def test_a_picture_in_which_nothing_is_to_be_seen_is_not_sent_closer() -> None:
    tally = Tally()
    tally.add(Scene(0.0, Frame(BLACK, 0.0, 0), (), State.NO_FACE, "sit closer"))
    assert tally.advice == "no reading (no face 1); the picture is of one colour"


def nobody(image: U8) -> Scene:
    return Scene(0.0, Frame(image, 0.0, 0), (), State.NO_FACE)


@pytest.mark.parametrize(("brightest", "flat"), [((3,), True), ((30,), False), ((0, 60), False)])
def test_a_little_noise_is_still_one_colour(brightest: tuple[int, ...], flat: bool) -> None:
    tally = Tally()
    for n, value in enumerate(brightest):
        image = BLACK.copy()
        image[:2] = value
        for _ in range(10 if n else 1):  # so that the second is sampled, too
            tally.add(nobody(image))
    assert tally.advice.endswith("of one colour") is flat


def test_of_a_long_source_some_pictures_are_kept_from_beginning_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[int]()
    monkeypatch.setattr(orientation, "turn_wanted", lambda pictures: seen.append(len(pictures)) or 0)
    tally, scene, counted = Tally(), nobody(IMAGE), 0
    for pictures in (5, 20, 50, 200, 500, 2000, 5000, 15000):
        for _ in range(pictures - counted):
            tally.add(scene)
        counted = pictures
        assert tally.turned == ""
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("size", [(720, 1280), (1280, 720), (90, 160)])
def test_what_is_kept_is_no_larger_than_it_takes_to_see_a_face(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[U8]()
    monkeypatch.setattr(orientation, "turn_wanted", lambda pictures: seen.extend(pictures) or 0)
    tally = Tally()
    tally.add(nobody(np.zeros((*size, 3), np.uint8)))
    assert tally.turned == ""
    assert 300 < max(seen[0].shape) < 1000
    assert seen[0].shape[0] / seen[0].shape[1] == pytest.approx(size[0] / size[1], abs=0.01)


@pytest.mark.parametrize("size", [(2, 20_000), (20_000, 1), (1, 1)])
def test_a_picture_of_any_shape_is_kept(size: tuple[int, int]) -> None:
    """A line that is shrunk still has one row."""
    tally = Tally()
    tally.add(nobody(np.zeros((*size, 3), np.uint8)))
    assert str(tally) == "no reading (no face 1)"
    assert tally.turned == ""
