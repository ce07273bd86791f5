"""Which rendered and photographed people are held out of training. A person is a number, the seed of their looks."""

from __future__ import annotations

FIRST_TEST_SEED = 10_000
"""People from this number on are for the demo and the tests, never for training."""
PHOTOGRAPHED = 5004
"""Photograph n of the London set shows person 5004 + n, or is the skin of that rendered person."""


def held_out(person: int) -> bool:
    """Return whether a person is only measured, never trained on: every fifth is, photographed or rendered."""
    return person % 5 == 4
