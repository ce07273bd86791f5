from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.reading.compound import BOTH_ABOVE, PAIRS, mixture
from realtime_micacl.types import EMOTIONS, F32


def distribution(**share: float) -> F32:
    rest = (1 - sum(share.values())) / (len(EMOTIONS) - len(share))
    return np.array([share.get(name, rest) for name in EMOTIONS], np.float32)


@pytest.mark.parametrize(("name", "pair"), PAIRS.items())
def test_each_pair_is_found_where_both_are_present(name: str, pair: tuple[str, str]) -> None:
    found = mixture(distribution(**dict.fromkeys(pair, 0.45)))
    assert found is not None
    assert found.name == name
    assert found.score == pytest.approx(0.9)


def test_the_seven_pairs_of_the_challenge_in_its_order() -> None:
    assert list(PAIRS.values()) == [
        ("fear", "surprise"),
        ("happy", "surprise"),
        ("sad", "surprise"),
        ("disgust", "surprise"),
        ("angry", "surprise"),
        ("sad", "fear"),
        ("sad", "angry"),
    ]
    assert all(part in EMOTIONS for pair in PAIRS.values() for part in pair)


@pytest.mark.parametrize("strong", EMOTIONS)
def test_one_strong_class_alone_is_no_mixture(strong: str) -> None:
    assert mixture(distribution(**{strong: 0.9})) is None


@given(st.lists(st.floats(0.001, 1.0), min_size=7, max_size=7))
def test_it_is_the_formula_with_the_guard(weights: list[float]) -> None:
    p = np.array(weights) / np.sum(weights)
    scores = [p[EMOTIONS.index(a)] + p[EMOTIONS.index(b)] for a, b in PAIRS.values()]
    a, b = list(PAIRS.values())[int(np.argmax(scores))]
    both = sqrt(p[EMOTIONS.index(a)] * p[EMOTIONS.index(b)]) > BOTH_ABOVE
    found = mixture(p)
    assert (found is not None) is both
    if found:
        assert PAIRS[found.name] == (a, b)
        assert found.score == pytest.approx(max(scores))


def test_of_equal_scores_the_first_wins() -> None:
    p = np.array([0.3, 0.0, 0.0, 0.0, 0.42, 0.0, 0.3], np.float32)
    found = mixture(p)
    assert found is not None
    assert found.name == "fearfully surprised"


def test_neutral_is_part_of_no_mixture() -> None:
    assert mixture(distribution(neutral=0.45, happy=0.45)) is None
