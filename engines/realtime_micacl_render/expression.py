"""What emotions look like: recipes of expression units, and how people vary them.

A unit is a shape target of the face. If there is one for the left and one for the right side, `sides` gives both names,
ending in .l and .r. Strengths are 0 to about 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

UNITS = {
    "brow_down": "expression/units/{}/eyebrows-*-down",
    "brow_up": "expression/units/{}/eyebrows-*-up",
    "brow_inner_up": "expression/units/{}/eyebrows-*-inner-up",
    "brow_outer_up": "expression/units/{}/eyebrows-*-extern-up",
    "brow_slant": "eyebrows/eyebrows-angle-down",
    "brow_grief": "eyebrows/eyebrows-angle-up",
    "eye_close": "expression/units/{}/eye-*-closure",
    "eye_slit": "expression/units/{}/eye-*-slit",
    "eye_wide": "expression/units/{}/eye-*-opened-up",
    "eye_bag": "eyes/*-eye-bag-incr",
    "cheek_up": "cheek/*-cheek-trans-up",
    "nose_up": "expression/units/{}/nose-*-elevation",
    "nose_wide": "expression/units/{}/nose-*-dilatation",
    "nose_wrinkle": "nose/nose-compression-compress",
    "smile": "expression/units/{}/mouth-corner-puller",
    "smile_teeth": "expression/units/{}/mouth-upward-retraction",
    "lips_part": "expression/units/{}/mouth-parling",
    "lips_wide": "expression/units/{}/mouth-retraction",
    "lips_forward": "expression/units/{}/mouth-protusion",
    "lips_round": "expression/units/{}/mouth-pursing",
    "lips_down": "expression/units/{}/mouth-depression",
    "lips_snarl": "expression/units/{}/mouth-elevation",
    "lips_pout": "expression/units/{}/mouth-eversion",
    "lips_flat": "mouth/mouth-scale-vert-decr",
    "lip_upper_thin": "mouth/mouth-upperlip-height-decr",
    "lip_lower_thin": "mouth/mouth-lowerlip-height-decr",
    "corners_down": "mouth/mouth-angles-down",
    "mouth_raise": "mouth/mouth-trans-up",
    "teeth": "expression/units/{}/mouth-part-later",
    "teeth_lower": "expression/units/{}/mouth-depression-retraction",
    "jaw": "expression/units/{}/mouth-open",
    "neck": "expression/units/{}/neck-platysma",
}
"""Unit to target; {} is the ancestry, * the side."""

PRESSED = {"lips_flat": 0.7, "lip_upper_thin": 0.8, "lip_lower_thin": 0.7}
RECIPES: dict[str, tuple[dict[str, float], ...]] = {
    "neutral": ({},),
    "happy": (
        {"smile": 1.15, "cheek_up": 0.8, "eye_bag": 0.5, "eye_slit": 0.22},
        {"smile_teeth": 0.95, "smile": 0.3, "cheek_up": 0.8, "eye_bag": 0.5, "eye_slit": 0.25},
        {"smile_teeth": 0.9, "smile": 0.45, "jaw": 0.22, "cheek_up": 0.9, "eye_bag": 0.6, "eye_slit": 0.35},
    ),
    "sad": (
        {"brow_inner_up": 1.0, "brow_grief": 0.35, "lips_down": 0.8, "eye_close": 0.2, "eye_slit": 0.08},
        {"brow_inner_up": 0.9, "brow_grief": 0.4, "lips_pout": 0.6, "corners_down": 0.9, "eye_close": 0.25},
        {
            "brow_inner_up": 1.0,
            "brow_grief": 0.4,
            "lips_down": 0.7,
            "corners_down": 0.4,
            "lips_part": 0.4,
            "eye_close": 0.15,
            "eye_slit": 0.2,
        },
    ),
    "angry": (
        {"brow_down": 1.1, "brow_slant": 0.4, "eye_wide": 0.3, "nose_wide": 0.8, "corners_down": 0.4, **PRESSED},
        {
            "brow_down": 1.1,
            "brow_slant": 0.35,
            "eye_slit": 0.15,
            "teeth": 0.75,
            "nose_up": 0.3,
            "nose_wide": 0.6,
            "neck": 0.3,
        },
        {
            "brow_down": 1.2,
            "brow_slant": 0.4,
            "eye_wide": 0.2,
            "teeth_lower": 0.6,
            "jaw": 0.3,
            "nose_up": 0.35,
            "nose_wide": 0.6,
        },
        {
            "brow_down": 1.1,
            "brow_slant": 0.5,
            "eye_wide": 0.45,
            "lips_down": 0.45,
            "lip_upper_thin": 0.6,
            "nose_wide": 0.7,
        },
        {  # the four below are frowns: brows as low and eyes as narrow as in real people's, closed mouths
            "brow_down": 1.7,
            "brow_slant": 0.25,
            "eye_slit": 0.65,
            "cheek_up": 0.4,
            "eye_bag": 0.3,
            "corners_down": 0.4,
            "mouth_raise": 0.3,
            **PRESSED,
        },
        {
            "brow_down": 1.8,
            "brow_slant": 0.1,
            "eye_slit": 0.6,
            "cheek_up": 0.3,
            "lips_round": 0.3,
            "lips_flat": 0.4,
        },
        {"brow_down": 1.8, "eye_slit": 0.65, "cheek_up": 0.3},
        {"brow_down": 1.7, "eye_slit": 0.6, "corners_down": 0.5, "mouth_raise": 0.4},
        {
            "brow_down": 1.3,
            "brow_slant": 0.35,
            "eye_slit": 0.55,
            "teeth": 0.75,
            "nose_up": 0.3,
            "nose_wide": 0.6,
            "neck": 0.3,
            "cheek_up": 0.3,
        },
        {
            "brow_down": 1.3,
            "brow_slant": 0.4,
            "teeth_lower": 0.6,
            "jaw": 0.3,
            "nose_up": 0.35,
            "nose_wide": 0.6,
            "eye_slit": 0.55,
            "cheek_up": 0.3,
        },
    ),
    "surprise": (
        {"brow_up": 0.7, "brow_outer_up": 0.5, "brow_inner_up": 0.6, "eye_wide": 1.0, "jaw": 0.75},
        {"brow_up": 0.8, "brow_outer_up": 0.4, "brow_inner_up": 0.6, "eye_wide": 0.9, "jaw": 0.5, "lips_round": 0.4},
        {"brow_up": 0.9, "brow_outer_up": 0.6, "brow_inner_up": 0.5, "eye_wide": 1.0, "lips_part": 0.6, "jaw": 0.12},
    ),
    "disgust": (
        {"nose_up": 1.1, "nose_wrinkle": 0.9, "lips_snarl": 0.8, "brow_down": 0.2, "eye_slit": 0.3, "cheek_up": 0.5},
        {
            "nose_up": 1.2,
            "nose_wrinkle": 1.1,
            "mouth_raise": 0.6,
            "corners_down": 0.8,
            "lips_pout": 0.3,
            "brow_down": 0.2,
            "eye_slit": 0.35,
            "cheek_up": 0.5,
        },
        {
            "nose_up": 1.1,
            "nose_wrinkle": 0.9,
            "lips_snarl": 0.6,
            "jaw": 0.2,
            "brow_down": 0.2,
            "eye_slit": 0.4,
            "cheek_up": 0.5,
        },
    ),
    "fear": (
        {
            "brow_inner_up": 1.2,
            "brow_grief": 0.4,
            "brow_up": 0.4,
            "eye_wide": 1.2,
            "lips_wide": 0.6,
            "corners_down": 0.7,
            "teeth_lower": 0.5,
            "neck": 0.5,
        },
        {
            "brow_inner_up": 1.2,
            "brow_grief": 0.4,
            "brow_up": 0.3,
            "eye_wide": 1.2,
            "lips_wide": 0.6,
            "lips_down": 0.5,
            "jaw": 0.3,
            "neck": 0.6,
        },
        {
            "brow_inner_up": 1.2,
            "brow_grief": 0.45,
            "brow_down": 0.3,
            "eye_wide": 1.2,
            "lips_wide": 0.7,
            "corners_down": 0.6,
            "neck": 0.7,
        },
    ),
}
"""Several ways to show each emotion, with closed and with open mouths."""


@dataclass(frozen=True)
class Manner:
    """How a person expresses emotions: the usual strength of each unit, and the asymmetry."""

    gain: dict[str, float]
    lean: float
    """Above 0 the left side is stronger."""


def manner_of(seed: int) -> Manner:
    """Return the manner of the person with this seed."""
    rng = np.random.default_rng([seed, 3])
    return Manner({unit: float(rng.uniform(0.85, 1.15)) for unit in UNITS}, float(rng.normal(0, 0.06)))


def apex(emotion: str, manner: Manner, rng: np.random.Generator, *, recipe: int | None = None) -> dict[str, float]:
    """Return a random apex of an emotion: strengths by the names of units with sides."""
    recipes = RECIPES[emotion]
    chosen = recipes[int(rng.integers(len(recipes))) if recipe is None else recipe]
    strength, lean = rng.uniform(0.8, 1.1), manner.lean + rng.normal(0, 0.04)
    units: dict[str, float] = {}
    for unit, value in chosen.items():
        value = value * strength * manner.gain[unit] * rng.uniform(0.9, 1.1)
        for side, name in sides(unit).items():
            units[name] = float(value * (1 + lean * side))
    return units


def sides(unit: str) -> Mapping[int, str]:
    """Return the names of a unit by side: +1 left and -1 right, or 0 for both."""
    return {1: f"{unit}.l", -1: f"{unit}.r"} if "*" in UNITS[unit] else {0: unit}


def target_names(unit: str) -> dict[str, str]:
    """Return the shape target of each side of a unit, still with {} for the ancestry."""
    path = UNITS[unit]
    words = ("left", "right") if path.startswith("expression") else ("l", "r")
    return {name: path.replace("*", words[side < 0]) for side, name in sides(unit).items()}
