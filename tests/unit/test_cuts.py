"""What counts as a cut or a dissolve, and what does not: movement, jolts, fades, lamps and other sizes."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_micacl.live.seeing.cuts import CutDetector
from realtime_micacl.live.seeing.tracker import likeness, signature
from realtime_micacl.types import F32
from tests.unit.test_tracker import RNG


def test_signatures_ignore_light_and_see_content() -> None:
    picture = RNG.integers(40, 160, (64, 64, 3)).astype(np.uint8)
    brighter = (picture * 1.4 + 10).astype(np.uint8)
    assert likeness(signature(picture), signature(brighter)) > 0.98
    assert likeness(signature(picture), signature(picture[::-1])) < 0.6
    flat: F32 = signature(np.zeros((64, 64, 3), np.uint8))
    assert np.isfinite(flat).all()


def test_a_cut_is_noticed_and_movement_is_not() -> None:
    y, x = np.mgrid[0:360:4, 0:640:4]

    def scene(shift: int, kind: int) -> np.ndarray:
        wave = np.sin((x + shift) / 60) + np.cos(y / 45) if kind == 0 else np.sin(y / 25) - np.cos((x + shift) / 90)
        return np.repeat((wave * 50 + 120)[..., None], 3, axis=2).astype(np.uint8)

    cuts = CutDetector()
    assert [cuts.is_cut(scene(4 * n, 0)) for n in range(20)] == [False] * 20
    assert [cuts.is_cut(scene(4 * n, 1)) for n in range(5)] == [True] + [False] * 4


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("alike", "cut"), [(0.95, False), (0.6, False), (0.4, True), (-0.5, True)])
def test_a_picture_that_is_less_than_half_like_the_one_before_is_a_cut(seed: int, alike: float, cut: bool) -> None:
    then, other = np.random.default_rng(seed).normal(size=(2, 256))
    then -= then.mean()
    other -= other.mean() + (other - other.mean()) @ then / (then @ then) * then
    then, other = then / then.std(), other / other.std()
    now = alike * then + (1 - alike**2) ** 0.5 * other
    pictures = []
    for values in (then, now):
        luma = (128 + 35 * values.reshape(16, 16)).clip(0, 255).astype(np.uint8)
        pictures.append(np.repeat(luma.repeat(16, axis=0).repeat(16, axis=1)[..., None], 3, axis=2))
    cuts = CutDetector()
    assert [cuts.is_cut(picture) for picture in pictures] == [False, cut]


@pytest.mark.parametrize(("across", "cut"), [(40, False), (100, False), (300, True)])
def test_a_jolt_of_the_camera_is_no_cut(across: int, cut: bool) -> None:
    wide = np.repeat(np.repeat(RNG.integers(0, 255, (30, 60, 1), np.uint8), 16, axis=0), 16, axis=1).repeat(3, axis=2)
    cuts = CutDetector()
    assert [cuts.is_cut(one) for one in (wide[:, 100:580], wide[:, 100 + across : 580 + across])] == [False, cut]


def test_a_picture_of_another_size_is_no_cut_but_another_picture_is() -> None:
    cuts = CutDetector()
    first, other = (np.repeat(RNG.integers(0, 255, (18, 32, 1), np.uint8), 3, axis=2) for _ in range(2))
    large, small = first.repeat(20, axis=0).repeat(20, axis=1), first.repeat(5, axis=0).repeat(5, axis=1)
    shown = (large, small, first, other, other.repeat(20, axis=0).repeat(20, axis=1), large)
    assert [cuts.is_cut(one) for one in shown] == [False, False, False, True, False, True]


def test_a_fade_to_black_is_no_cut() -> None:
    cuts = CutDetector()
    picture = RNG.integers(0, 255, (64, 64, 3)).astype(np.uint8)
    assert [cuts.is_cut(one) for one in (picture, np.zeros_like(picture), picture)] == [False] * 3


def test_a_picture_of_another_size_is_a_cut_only_where_it_shows_something_else() -> None:
    picture, other = (np.random.default_rng(n).integers(0, 255, (18, 32, 3), np.uint8) for n in range(2))
    large, small, elsewhere = (
        np.repeat(np.repeat(image, size, axis=0), size, axis=1)
        for image, size in ((picture, 20), (picture, 10), (other, 30))
    )
    cuts = CutDetector()
    assert [cuts.is_cut(image) for image in (large, small, elsewhere, small)] == [False, False, True, True]


def drawn(seed: int) -> np.ndarray:
    """A scene of large and small patches, [180,320,3]."""
    rng = np.random.default_rng(seed)
    large, small = rng.integers(20, 200, (6, 10, 1)), rng.integers(-20, 20, (36, 64, 1))
    return (large.repeat(30, 0).repeat(32, 1) + small.repeat(5, 0).repeat(5, 1)).clip(0, 255).repeat(3, 2)


def found(values: list[np.ndarray]) -> list[int]:
    """The numbers of the frames that are the first after a cut."""
    cuts = CutDetector()
    return [n for n, value in enumerate(values) if cuts.is_cut(value.clip(0, 255).astype(np.uint8))]


@pytest.mark.parametrize("span", [6, 12, 25, 50])
def test_a_dissolve_is_one_cut_before_it_ends(span: int) -> None:
    """The tracks of the first scene were handed on to the people of the second one."""
    first, second = drawn(1), drawn(2)
    shares = np.clip((np.arange(span + 60) - 20) / span, 0, 1)
    (cut,) = found([first * (1 - share) + second * share for share in shares])
    assert 20 + span / 2 < cut <= 20 + span + 4


def test_a_lamp_a_fade_a_pan_and_a_slow_zoom_are_no_dissolve() -> None:
    scene, steps = drawn(1), np.clip((np.arange(60) - 20) / 25, 0, 1)
    lamp = np.linspace(1, 0.1, 320)[None, :, None]
    assert found([scene * (0.3 + 0.7 * step * lamp) for step in steps]) == []
    assert found([scene * abs(1 - 2 * step) for step in steps]) == []
    assert found([np.roll(scene, 4 * n, axis=1) for n in range(60)]) == []
    y, x = np.mgrid[:180, :320]
    zooms = [(90 + (y - 90) / (1 + n / 100), 160 + (x - 160) / (1 + n / 100)) for n in range(60)]
    assert found([scene[at[0].round().astype(int), at[1].round().astype(int)] for at in zooms]) == []
