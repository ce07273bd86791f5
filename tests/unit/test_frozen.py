"""A picture that is sent again and again gives no reading."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from realtime_micacl.live.sources.frozen import FrozenFilter
from realtime_micacl.types import U8, Bag, Face, Frame, Quality, Scene, State

RATE_HZ = 10
NOISE = np.random.default_rng(0)
PICTURE = NOISE.integers(60, 180, (90, 160, 3), np.uint8)
CROP = np.zeros((4, 4, 3), np.uint8)
BOXES = ((10, 10, 50, 50), (100, 20, 200, 120))  # the second leaves the picture


def scene(number: int, image: U8 = PICTURE, faces: int = 2, rate_hz: int = RATE_HZ) -> tuple[Scene, tuple[Bag, ...]]:
    time_s = 100 + number / rate_hz
    seen = tuple(Face(i + 1, np.array(BOXES[i], np.float32), CROP, 1.0, Quality(1.0)) for i in range(faces))
    bags = tuple(Bag(i + 1, number, CROP[None, None], time_s - 1.3, time_s, 1.0, 1.0) for i in range(faces))
    return Scene(time_s, Frame(image, time_s, number), seen, State.LIVE if faces else State.NO_FACE), bags


def stalled(pictures: Callable[[int], U8], faces: int = 2, seconds: float = 10, rate_hz: int = RATE_HZ) -> list[int]:
    """Return the numbers of the scenes that were stalled."""
    still, found = FrozenFilter(), []
    for number in range(round(seconds * rate_hz)):
        seen, bags = still.filtered(*scene(number, pictures(number), faces, rate_hz))
        assert bool(bags) is (seen.state is State.LIVE and faces > 0)
        if seen.state is State.STALLED:
            found.append(number)
            assert seen.frame is not None
            assert seen.frame.index == 0, "the picture tells since when"
            assert not seen.faces
    return found


def noisy(number: int) -> U8:
    """The same picture, encoded again."""
    return np.asarray(PICTURE + np.random.default_rng(number).integers(0, 9, PICTURE.shape), np.uint8)


def breathing(number: int) -> U8:
    """A calm face, of which a little gets darker and brighter by a twentieth of the scale."""
    image = PICTURE.copy()
    image[20:30, 20:30] += np.uint8(14 * (number % 3 == 1))
    return image


def blinking(number: int) -> U8:
    image = PICTURE.copy()
    image[20:24, 20:28] //= 1 + number % 20 // 19
    return image


@pytest.mark.parametrize("pictures", [lambda number: PICTURE, noisy])
def test_faces_of_which_nothing_moves_are_stalled_after_five_seconds(pictures: Callable[[int], U8]) -> None:
    assert stalled(pictures) == list(range(5 * RATE_HZ, 10 * RATE_HZ))


def test_at_any_rate_a_picture_that_stands_still_stays_stalled_from_frame_to_frame() -> None:
    for rate_hz in (25, 60):
        found = stalled(lambda number: PICTURE, rate_hz=rate_hz)
        assert 5 * rate_hz <= found[0] <= 5.1 * rate_hz
        assert found == list(range(found[0], 10 * rate_hz))


def test_one_face_that_blinks_is_enough() -> None:
    assert stalled(blinking) == []
    assert stalled(breathing) == []


def test_a_picture_of_nobody_may_stand_still_once_it_moved() -> None:
    assert stalled(lambda number: PICTURE if number else PICTURE[::-1], faces=0) == []


def test_a_picture_of_another_size_is_another_picture() -> None:
    assert stalled(lambda number: PICTURE if number % 40 else PICTURE[:80]) == []


def test_what_was_seen_while_it_stood_still_is_never_read() -> None:
    still, end = FrozenFilter(), 6 * RATE_HZ
    for number in range(end):
        still.filtered(*scene(number))
    seen, bags = still.filtered(*scene(end, PICTURE[::-1]))
    assert seen.state is State.LIVE, "the picture is live at once"
    assert bags == ()
    first_read = next(
        n for n in range(end + 1, end + 99) if still.filtered(*scene(n, noisy(n)[:, :: n % 2 * 2 - 1]))[1]
    )
    assert first_read == end + 13, "a window of 1.3 s"
