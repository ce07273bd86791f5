"""Curves over time and recipes: bounded, smooth, seeded, and labelled with the truth."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_micacl.types import EMOTIONS, F32
from realtime_micacl_render.expression import RECIPES, UNITS, apex, manner_of, sides, target_names
from realtime_micacl_render.motion import Episode, blinks, ease, glances, nods, speech, sway
from realtime_micacl_render.performance import Act, Performance, perform

TIMES: F32 = (np.arange(250) / 50).astype(np.float32)
EPISODE = Episode(start_s=1.0, onset_s=0.4, hold_s=1.5, offset_s=0.6)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def acted(emotion: str, *, seed: int = 7, talk: float = 0.0, peak: float = 1.0) -> Performance:
    acts = [] if emotion == "neutral" else [Act(emotion, EPISODE, peak=peak)]
    return perform(seed, acts, TIMES, rng(seed), talk=talk)


def strength(performance: Performance, index: int, *, without: str = "eye_close") -> float:
    return sum(value for name, value in performance.units[index].items() if not name.startswith(without))


def test_ease_goes_from_nothing_to_all_without_a_jerk() -> None:
    x = np.linspace(-0.5, 1.5, 201, dtype=np.float32)
    curve = ease(x)
    assert curve[x <= 0].max() == 0
    assert curve[x >= 1].min() == pytest.approx(1, abs=1e-6)
    assert (np.diff(curve) >= -1e-6).all()
    assert np.abs(np.diff(curve, 2)).max() < 1e-3


def test_an_episode_is_neutral_then_full_then_neutral() -> None:
    level = EPISODE.intensity(TIMES)
    assert level[TIMES <= 1.0].max() == 0
    np.testing.assert_allclose(level[(TIMES >= 1.4) & (TIMES <= 2.9)], 1, atol=1e-5)
    np.testing.assert_allclose(level[EPISODE.end_s <= TIMES], 0, atol=1e-5)
    assert np.abs(np.diff(level)).max() < 0.1


def test_blinks_are_short_and_complete() -> None:
    closed = blinks(TIMES, rng(1), every_s=1.5)
    assert closed.min() >= -1e-6
    assert 0.95 < closed.max() <= 1 + 1e-6
    assert (closed > 0.5).mean() < 0.25


def test_speech_has_syllables_and_pauses() -> None:
    units = speech(TIMES, rng(2))
    assert set(units) <= set(UNITS)
    jaw = units["jaw"]
    assert jaw.min() >= 0
    assert 0.1 < jaw.max() < 0.4
    assert (sum(units.values()) < 0.02).any(), "a pause"


@pytest.mark.parametrize("curve", [sway, nods, glances])
def test_idle_motion_is_bounded_and_has_no_jumps(curve) -> None:  # type: ignore[no-untyped-def]
    fine = np.linspace(0, 20, 2001, dtype=np.float32)
    values = curve(fine, rng(3), size=1.0)
    assert 0.2 < np.abs(values).max() < 5
    assert np.abs(np.diff(values)).max() < 1.0


def test_every_emotion_has_recipes_of_known_units() -> None:
    assert set(RECIPES) == set(EMOTIONS)
    for emotion, recipes in RECIPES.items():
        assert len(recipes) >= (1 if emotion == "neutral" else 3)
        assert {unit for recipe in recipes for unit in recipe} <= set(UNITS)
    angry = {unit for recipe in RECIPES["angry"] for unit in recipe}
    assert not angry & {"smile", "smile_teeth"}
    assert not any("mouth-compression" in target for target in UNITS.values()), "it looks like a smile"


def test_units_have_sides_and_targets() -> None:
    assert dict(sides("brow_up")) == {1: "brow_up.l", -1: "brow_up.r"}
    assert dict(sides("jaw")) == {0: "jaw"}
    assert target_names("eye_slit")["eye_slit.r"] == "expression/units/{}/eye-right-slit"
    assert target_names("cheek_up")["cheek_up.l"] == "cheek/l-cheek-trans-up"
    assert target_names("jaw") == {"jaw": "expression/units/{}/mouth-open"}


def test_people_differ_in_manner_and_keep_it() -> None:
    assert manner_of(1) == manner_of(1)
    assert manner_of(1) != manner_of(2)
    one, other = (apex("happy", manner_of(seed), rng(), recipe=0) for seed in (1, 2))
    assert set(one) == set(other)
    assert one != other
    assert 0.5 < one["smile"] < 1.7


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_a_performance_shows_what_its_label_says(emotion: str) -> None:
    performance = acted(emotion, peak=0.8)
    assert len(performance.units) == len(performance.head) == len(performance.gaze) == len(TIMES)
    apex_at = int(np.argmin(np.abs(TIMES - 2.0)))
    if emotion == "neutral":
        assert not performance.intensity.any()
        assert max(strength(performance, i) for i in range(len(TIMES))) == 0
    else:
        assert performance.intensity[apex_at] == pytest.approx(0.8, abs=1e-4)
        assert strength(performance, apex_at) > 1
        assert strength(performance, 0) == pytest.approx(0, abs=1e-5)


def test_all_units_stay_within_limits_and_move_smoothly() -> None:
    for seed in range(6):
        performance = acted(EMOTIONS[seed], seed=seed, talk=1.2)
        for name in performance.units[0]:
            curve = np.array([units[name] for units in performance.units])
            assert curve.min() >= 0
            assert curve.max() <= {"jaw": 0.85, "brow_down": 1.9}.get(name.split(".")[0], 1.5)
            assert np.abs(np.diff(curve)).max() < 0.5, name


def test_whoever_frowns_lowers_the_brows_far_and_keeps_the_head_up() -> None:
    """The mesh sees brows less low if the head is lowered with them, less than it does in real frowns."""
    at_rest = perform(7, [], TIMES, rng(7))
    frowns = [recipe for recipe, units in enumerate(RECIPES["angry"]) if units["brow_down"] > 1.5]
    assert frowns
    for recipe in frowns:
        frowning = perform(7, [Act("angry", EPISODE, recipe=recipe)], TIMES, rng(7))
        assert max(units["brow_down.l"] for units in frowning.units) > 1.5
        np.testing.assert_allclose(frowning.head[:, 1], at_rest.head[:, 1], atol=1e-5)


def test_talking_is_neutral_and_moves_the_mouth() -> None:
    performance = acted("neutral", talk=1.0)
    assert not performance.intensity.any()
    assert max(units["jaw"] for units in performance.units) > 0.1


def test_the_same_seed_acts_the_same() -> None:
    one, same, other = acted("fear"), acted("fear"), acted("fear", seed=8)
    assert one.units == same.units
    np.testing.assert_array_equal(one.head, same.head)
    assert one.units != other.units
