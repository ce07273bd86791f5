"""A picture that is black, or stands still, from the start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from realtime_micacl.live.seeing.detector import least_px
from realtime_micacl.live.sources.blank import BLACK, FROZEN
from realtime_micacl.live.sources.frozen import FrozenFilter
from realtime_micacl.types import Face, Frame, Quality, Scene, State

RNG = np.random.default_rng(0)
STILL = RNG.integers(0, 255, (120, 160, 3), np.uint8)


def noisy(image: np.ndarray, most: int) -> np.ndarray:
    return np.clip(image + RNG.integers(0, most, image.shape), 0, 255).astype(np.uint8)


def states_of(
    pictures: Callable[[int], np.ndarray], *, faces_from: int = 999, frames: int = 60, rate_hz: float = 25
) -> list[tuple[State, str]]:
    """What is said of each picture, each state once."""
    frozen, said = FrozenFilter(), []
    for n in range(frames):
        box = np.array([10, 10, 60, 60], np.float32)
        seen = (Face(1, box, np.zeros((4, 4, 3), np.uint8), 0.9, Quality(1.0)),) if n >= faces_from else ()
        frame = Frame(pictures(n), n / rate_hz, n)
        scene, _ = frozen.filtered(Scene(n / rate_hz, frame, seen, State.LIVE if seen else State.NO_FACE), ())
        if not said or said[-1] != (scene.state, scene.detail):
            said.append((scene.state, scene.detail))
    return said


CASES = {
    "black": (lambda n: np.zeros_like(STILL), BLACK),
    "a closed shutter, with noise": (lambda n: noisy(np.zeros_like(STILL), 15), BLACK),
    "one picture again and again": (lambda n: STILL, FROZEN),
    "a camera's name on grey": (lambda n: np.full_like(STILL, 128), FROZEN),
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_never_a_picture_is_called_so_within_two_seconds_and_never_no_face(name: str) -> None:
    pictures, wrong = CASES[name]
    said = states_of(pictures, frames=50)
    assert said[-1] == (State.STALLED, wrong)
    assert State.NO_FACE not in [state for state, _ in said]


def test_a_dark_room_and_a_still_one_are_pictures() -> None:
    for pictures in (lambda n: noisy(np.full_like(STILL, 30), 10), lambda n: noisy(STILL // 2, 3)):
        assert states_of(pictures)[-1][0] is State.NO_FACE


def test_what_moves_late_is_a_picture_from_then_on() -> None:
    said = states_of(lambda n: STILL if n < 40 or n > 45 else noisy(STILL // 2, 9), frames=120)
    assert [state for state, _ in said] == [State.STARTING, State.STALLED, State.NO_FACE]


def test_where_a_face_was_seen_it_was_a_picture() -> None:
    said = states_of(lambda n: STILL, faces_from=0, frames=10) + states_of(lambda n: STILL, faces_from=5, frames=10)
    assert State.STALLED not in [state for state, _ in said]


@pytest.mark.parametrize(("size", "px"), [((1280, 720), 70), ((720, 1280), 70), ((1920, 1080), 110), ((640, 480), 40)])
def test_how_small_a_face_may_be_goes_with_the_picture(size: tuple[int, int], px: int) -> None:
    assert least_px(max(size)) == px


@pytest.mark.parametrize(("rate_hz", "frames", "state"), [(5, 11, State.STALLED), (0.5, 3, State.STARTING)])
def test_a_slow_source_is_judged_as_soon_but_not_by_a_picture_or_two(rate_hz: float, frames: int, state: State) -> None:
    assert states_of(lambda n: STILL, frames=frames, rate_hz=rate_hz)[-1][0] is state


def test_a_little_thing_that_moves_is_life() -> None:
    def walking(n: int) -> np.ndarray:
        image = STILL.copy()
        image[30:54, 20 + n % 30 : 44 + n % 30] = 200
        return image

    assert states_of(walking)[-1][0] is State.NO_FACE
