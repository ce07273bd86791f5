"""The looks of a person: age, gender, ancestry, face shape, colours, hair; drawn from a seed, without any assets.

People with seeds below 10000 are for training, those from 10000 on for the demo and the tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from realtime_micacl.types import F32

SKIN_TONES = {  # sRGB by melanin
    0.0: (243, 208, 186),
    0.3: (226, 180, 148),
    0.5: (192, 141, 105),
    0.75: (133, 88, 62),
    1.0: (80, 52, 38),
}
MELANIN = {"african": (0.6, 1.0), "asian": (0.2, 0.5), "caucasian": (0.0, 0.35)}
HAIR_COLOURS = {
    "black": (30, 24, 22),
    "dark brown": (52, 36, 28),
    "brown": (86, 58, 40),
    "light brown": (128, 94, 62),
    "blond": (186, 150, 98),
    "red": (132, 66, 36),
    "grey": (150, 148, 145),
    "white": (208, 206, 202),
}
IRISES = {
    "dark": (52, 32, 20),
    "brown": (96, 58, 30),
    "hazel": (112, 92, 48),
    "green": (88, 110, 74),
    "blue": (88, 124, 156),
}
BALD, CROPPED = "bald", "cropped"
"""Hair styles without a mesh; other styles are names of files."""
MALE_HAIR = ("short01", "short02", "short03", "short04", CROPPED, BALD)
FEMALE_HAIR = ("long01", "bob01", "bob02", "ponytail01", "braid01", "short02")


@dataclass(frozen=True)
class Brows:
    """The shape of the eyebrows, in dm on the base face."""

    height: float = 0.0
    arch: float = 0.04
    tilt: float = 0.0
    """How much higher than usual the outer end is."""
    thickness: float = 0.035
    density: float = 1.0


@dataclass(frozen=True, eq=False)
class Person:
    """All looks of a person that do not change."""

    seed: int
    age: float
    """From 0, a young adult, to 1, old."""
    male: float
    """From 0, female, to 1, male."""
    ancestry: dict[str, float]
    """Shares of african, asian and caucasian."""
    weight: tuple[float, float, float]
    """Shares of slim, average and heavy."""
    skin: F32
    """sRGB, 0 to 255, [3]."""
    hair: str
    hair_rgb: F32
    iris_rgb: F32
    brows: Brows
    beard: float
    """From 0, shaved, over 0.4, stubble, to 1, full."""
    makeup: float
    cloth_rgb: F32
    collar: float
    """Height of the neckline above the usual, in dm."""
    details: dict[str, float] = field(default_factory=dict)
    """Strengths of further shape targets; a left one is applied to both sides."""


def sample_person(seed: int, details: tuple[str, ...] = ()) -> Person:
    """Return a random person; the same seed and the same names of shape targets give the same person."""
    rng = np.random.default_rng([seed, 1])
    male = float(rng.random() < 0.5)
    age = float(rng.beta(0.8, 1.4))
    shares = rng.dirichlet([0.25] * 3)
    ancestry = dict(zip(MELANIN, map(float, shares), strict=True))
    melanin = sum(share * rng.uniform(*MELANIN[name]) for name, share in ancestry.items())
    tones = np.array(list(SKIN_TONES.values()), np.float32)
    skin = np.array([np.interp(melanin, list(SKIN_TONES), tones[:, k]) for k in range(3)])
    hair_rgb = _hair_colour(rng, age, ancestry["caucasian"])
    pale_eyes = ancestry["caucasian"] > 0.6 and rng.random() < 0.6
    iris = rng.choice(["hazel", "green", "blue"] if pale_eyes else ["dark", "dark", "brown"])
    return Person(
        seed=seed,
        age=age,
        male=male,
        ancestry=ancestry,
        weight=_weights(rng),
        skin=(skin * rng.normal(1, 0.014, 3)).clip(30, 250).astype(np.float32),
        hair=_hair_style(rng, male > 0.5, age, ancestry["african"]),
        hair_rgb=hair_rgb,
        iris_rgb=(np.array(IRISES[str(iris)]) * rng.uniform(0.8, 1.15)).astype(np.float32),
        brows=Brows(
            height=rng.normal(0, 0.015),
            arch=rng.uniform(0.01, 0.065),
            tilt=rng.normal(0, 0.01),
            thickness=rng.uniform(0.028, 0.05) if male else rng.uniform(0.018, 0.034),
            density=rng.uniform(0.7, 1.2),
        ),
        beard=float(rng.choice([0.0, 0.25, 0.5, 1.0], p=[0.4, 0.25, 0.2, 0.15])) if male else 0.0,
        makeup=float(rng.random() ** 2) if not male else 0.0,
        cloth_rgb=(rng.uniform(25, 215) + rng.uniform(-35, 35, 3)).clip(10, 235).astype(np.float32),
        collar=float(rng.uniform(-0.2, 0.05)),
        details={name: float(rng.uniform(0.05, 0.45)) for name in details if rng.random() < 0.16},
    )


def _weights(rng: np.random.Generator) -> tuple[float, float, float]:
    slim, average, heavy = rng.dirichlet([0.6, 1.5, 0.5])
    return float(slim), float(average), float(heavy)


def _hair_style(rng: np.random.Generator, male: bool, age: float, african: float) -> str:
    if african > 0.5 and rng.random() < 0.5:
        return str(rng.choice(["afro01", CROPPED] if male else ["afro01", "braid01"]))
    if male:
        bald = 0.25 if age > 0.5 else 0.04
        return str(rng.choice(MALE_HAIR, p=[*[(0.8 - bald) / 4] * 4, 0.2, bald]))
    return str(rng.choice(FEMALE_HAIR))


def _hair_colour(rng: np.random.Generator, age: float, caucasian: float) -> F32:
    dark = ["black", "black", "dark brown"]
    fair = ["dark brown", "brown", "brown", "light brown", "blond", "red"]
    name = str(rng.choice(fair if rng.random() < caucasian else dark))
    colour = np.array(HAIR_COLOURS[name], np.float64)
    if age > 0.55 and rng.random() < 0.75:
        grey = np.array(HAIR_COLOURS[str(rng.choice(["grey", "white"]))], np.float64)
        colour += (grey - colour) * min(1.0, (age - 0.45) * 2)
    return (colour * rng.normal(1, 0.02, 3)).clip(8, 235).astype(np.float32)
