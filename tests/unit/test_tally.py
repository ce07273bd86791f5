"""Why a source gave no reading, in counts."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.live.sources.video import read_file
from realtime_micacl.live.tally import Tally
from realtime_micacl.types import U8, Face, Frame, Quality, Scene, State

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
BLACK = np.zeros((4, 4, 3), np.uint8)


def face(fault: str = "") -> Face:
    state = State.LOW_QUALITY if fault else State.COLLECTING
    return Face(1, np.zeros(4, np.float32), IMAGE, 0.9, Quality(0.0 if fault else 1.0, fault), state)


def tallied(*pictures: tuple[float, tuple[Face, ...]], alone: bool = False) -> Tally:
    tally = Tally()
    for n, (time_s, faces) in enumerate(pictures):
        tally.add(
            Scene(
                time_s,
                Frame(IMAGE, time_s, n, alone=alone),
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


@pytest.mark.parametrize(("alone", "told"), [(True, "no face 3"), (False, "no face 3, gaps 1")])
def test_the_gaps_of_a_slow_source_are_no_reason(alone: bool, told: str) -> None:
    assert str(tallied((0.0, ()), (0.1, ()), (1.0, ()), alone=alone)) == f"no reading ({told})"


def test_no_picture_is_said() -> None:
    assert str(Tally()) == "no reading (no picture)"


@pytest.fixture(scope="module")
def upright() -> list[U8]:
    """The first twelve pictures of a person; small, as they are looked at small."""
    clip = Path(__file__).parents[1] / "data" / "one_face_720p.mp4"
    return [frame.image[::2, ::2] for frame in islice(read_file(clip), 12)]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_picture_on_its_side_is_told_of(turn: int, upright: list[U8]) -> None:
    tally = Tally()
    for n, image in enumerate(np.rot90(image, turn // 90) for image in upright):
        tally.add(Scene(n / 25, Frame(np.ascontiguousarray(image), n / 25, n), (), State.NO_FACE, "sit closer"))
    lies = "upside down" if turn == 180 else "on its side"
    said = f"the picture lies {lies}: turned clockwise by {turn} degrees (--rotate)" if turn else "sit closer"
    assert said in tally.advice
    assert bool(tally.turned) == bool(turn)


def test_a_picture_in_which_nothing_is_to_be_seen_is_not_sent_closer() -> None:
    tally = Tally()
    tally.add(Scene(0.0, Frame(BLACK, 0.0, 0), (), State.NO_FACE, "sit closer"))
    assert tally.advice == "no reading (no face 1); the picture is of one colour"
