"""Who is who behind a cut: new people, those whom a cut spares, and everybody behind a flash."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_micacl.live.seeing.tracker import Cut, Tracker
from realtime_micacl.types import F32
from tests.unit.test_tracker import LOOKS, sighting


def test_after_a_cut_nobody_is_who_was_there_before() -> None:
    tracker = Tracker()
    for n in range(3):
        tracker.update([sighting(100)], n / 30)
    tracker.restart()
    assert tracker.update([sighting(100)], 0.1) == [None]
    assert tracker.update([sighting(100)], 0.13) == [2]


def pictures(*patches: int) -> tuple[np.ndarray, np.ndarray]:
    """Two pictures [300,600,3] without anything in common but what lies in boxes of 100 px at 100, 100 and 400, 100."""
    then, now = (np.random.default_rng(n).integers(0, 255, (300, 600, 3), np.uint8) for n in (1, 2))
    for x, patch in zip((100, 400), patches, strict=True):
        looks = np.random.default_rng(10 + patch).integers(0, 255, (100, 100, 3), np.uint8)
        for picture in (then, now) if patch else (then,):
            picture[100:200, x : x + 100] = looks
    return then, now


def test_a_cut_spares_a_face_whose_place_goes_on_as_it_was() -> None:
    """A speaker beside slides, a video call with a shared screen, a person before a television."""
    tracker = Tracker()
    for n in range(3):
        tracker.update([sighting(100), sighting(400, looks=1)], n / 30)
    tracker.restart(Cut(LOOKS[2], LOOKS[3], pictures(5, 0)), 0.1)
    assert list(tracker.boxes(0.1)) == [1]
    assert tracker.update([sighting(101), sighting(401, looks=1)], 0.1) == [1, None]


def test_a_dissolve_spares_nobody() -> None:
    """Its last two pictures are alike everywhere."""
    tracker = Tracker()
    for n in range(3):
        tracker.update([sighting(100)], n / 30)
    tracker.restart(Cut(LOOKS[2], LOOKS[3]), 0.1)
    assert tracker.update([sighting(100)], 0.1) == [None]


def test_a_face_at_the_border_or_outside_of_the_picture_is_no_trouble_at_a_cut() -> None:
    tracker = Tracker()
    for n in range(3):
        tracker.update([sighting(-50, 250), sighting(800, looks=1)], n / 30)
    then, now = pictures(0, 0)
    tracker.restart(Cut(LOOKS[2], LOOKS[3], (then, then)), 0.1)
    assert list(tracker.boxes(0.1)) == [1]
    tracker.restart(Cut(LOOKS[2], LOOKS[3], (then, now[:, :300])), 0.1)
    assert not tracker.boxes(0.1)


@pytest.mark.parametrize(
    ("back", "away_s", "kept"),
    [(LOOKS[2], 0.04, True), (LOOKS[2], 0.9, True), (LOOKS[2], 1.2, False), (LOOKS[3], 0.04, False)],
)
@pytest.mark.parametrize("flashes", [1, 3])
def test_behind_a_flash_everybody_is_who_they_were(back: F32, away_s: float, kept: bool, flashes: int) -> None:
    """Two cuts, the second back to the picture before the first; in the flash too something looks like a face."""
    tracker, scene, flash = Tracker(), LOOKS[2], LOOKS[1]
    time_s = 0.0
    for _ in range(flashes):
        for n in range(3):
            assert tracker.update([sighting(100)], time_s + n / 30) == [1 if time_s or n else None]
        time_s += 0.1
        tracker.restart(Cut(scene, flash), time_s)
        tracker.update([sighting(100)], time_s)
        shown, time_s = (scene, time_s + 0.04) if _ < flashes - 1 else (back, time_s + away_s)
        tracker.restart(Cut(flash, shown), time_s)
    assert tracker.update([sighting(101)], time_s) == [1 if kept else None]
