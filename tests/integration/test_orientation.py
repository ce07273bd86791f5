"""Which way up a picture lies, by the real detector."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.live.sources.video import read_file
from realtime_micacl.live.tally import Tally
from realtime_micacl.types import U8, Frame, Scene, State


@pytest.fixture(scope="module")
def upright() -> list[U8]:
    """The first twelve pictures of a person; small, as they are looked at small."""
    clip = Path(__file__).parents[1] / "data" / "one_face_720p.mp4"
    return [frame.image[::2, ::2] for frame in islice(read_file(clip), 12)]


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_picture_on_its_side_is_said(turn: int, upright: list[U8]) -> None:
    tally = Tally()
    for n, image in enumerate(np.rot90(image, turn // 90) for image in upright):
        tally.add(Scene(n / 25, Frame(np.ascontiguousarray(image), n / 25, n), (), State.NO_FACE, "sit closer"))
    lies = "upside down" if turn == 180 else "on its side"
    said = f"the picture lies {lies}: turned clockwise by {turn} degrees (--rotate)" if turn else "sit closer"
    assert said in tally.advice
    assert bool(tally.turned) == bool(turn)
