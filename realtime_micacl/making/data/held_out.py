"""Which rendered and photographed people are kept from training. A person is a number, the seed that draws them."""

from __future__ import annotations

FIRST_TEST_SEED = 10_000
"""From here on people are for the demo and the tests, never for training."""
PHOTOGRAPHED = 5004
"""Photograph n of the London set is of, or dresses, person 5004 + n."""


def held_out(person: int) -> bool:
    """Say whether all of a person is kept for measuring: every fifth is, photographed or not."""
    return person % 5 == 4
