"""Scores: recalls, intervals over drawn people, and comparisons of two engines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.making.scores import (
    bootstrap,
    compare,
    confusion,
    coverage,
    mcnemar,
    recalls,
    report,
    spread,
    uar,
    war,
)

LABELS = np.array([0, 0, 0, 0, 1, 1, 2])
SAID = np.array([0, 0, 0, 1, 1, 2, 0])


def one_hot(said: np.ndarray, sure: float = 1.0) -> np.ndarray:
    rest = (1 - sure) / 6
    return np.where(np.eye(7)[said] > 0, sure, rest).astype(np.float32)


def test_against_figures_worked_out_by_hand() -> None:
    matrix = confusion(LABELS, SAID)
    assert matrix[0].tolist() == [3, 1, 0, 0, 0, 0, 0]
    assert war(matrix) == pytest.approx(4 / 7)
    assert recalls(matrix)[:3].tolist() == pytest.approx([0.75, 0.5, 0.0])
    assert uar(matrix) == pytest.approx((0.75 + 0.5 + 0.0) / 3), "classes that do not occur do not count"


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60))
def test_both_recalls_lie_between_zero_and_one(pairs: list[tuple[int, int]]) -> None:
    labels, said = np.array(pairs).T
    matrix = confusion(labels, said)
    assert matrix.sum() == len(pairs)
    assert 0 <= uar(matrix) <= 1
    assert war(matrix) == pytest.approx((labels == said).mean())


def test_the_majority_guess_by_hand() -> None:
    scores = report(one_hot(SAID), LABELS, draws=10)
    assert scores["majority"] == {"emotion": "happy", "war": 0.5714, "uar": 0.3333}


def test_clips_that_were_not_read_count_as_wrong() -> None:
    matrix = confusion(LABELS, SAID)
    found = coverage(matrix, np.array([1, 1, 3]))
    assert found["unread"] == 3
    assert found["coverage"] == 0.7
    assert found["war_all"] == pytest.approx(4 / 10)
    assert found["uar_all"] == pytest.approx((3 / 4 + 1 / 4 + 0 + 0) / 4, abs=1e-4)
    nothing = coverage(matrix, np.array([], np.int64))
    assert nothing["war_all"] == pytest.approx(war(matrix), abs=1e-4)
    assert nothing["uar_all"] == pytest.approx(uar(matrix), abs=1e-4)


def test_mcnemar_by_hand() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(1, 1) == 1
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(5, 0) == mcnemar(0, 5)
    assert mcnemar(2, 8) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert 0 <= mcnemar(900, 1100) < 1e-4, "large counts do not overflow"


def test_a_better_engine_is_found_better_and_an_equal_one_equal() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 400)
    worse = np.where(rng.random(400) < 0.5, labels, rng.integers(0, 7, 400))
    better = np.where(rng.random(400) < 0.4, labels, worse)
    found = compare(labels, worse, better, draws=300)
    assert found["war"] == pytest.approx((better == labels).mean() - (worse == labels).mean(), abs=1e-4)
    assert found["uar"] == pytest.approx(uar(confusion(labels, better)) - uar(confusion(labels, worse)), abs=1e-4)
    assert 0 < found["uar_95"][0] < found["uar"] < found["uar_95"][1]
    assert found["only_second_right"] == ((better == labels) & (worse != labels)).sum()
    assert found["only_first_right"] == 0
    assert found["mcnemar_p"] < 0.001
    same = compare(labels, worse, worse, draws=50)
    assert (same["uar"], same["uar_95"], same["mcnemar_p"]) == (0, [0, 0], 1)
    back = compare(labels, better, worse, draws=300)
    assert back["uar"] == -found["uar"]
    assert back["uar_95"] == [-v for v in reversed(found["uar_95"])]


def test_drawn_people_against_a_loop() -> None:
    labels, people = np.array([0, 0, 1, 2, 1, 0]), np.array([5, 5, 5, 9, 9, 2])
    said = np.array([0, 1, 1, 2, 0, 0])
    rng = np.random.default_rng(7)
    wars = []
    for _ in range(200):
        rows = [i for p in np.unique(people)[rng.integers(0, 3, 3)] for i in np.flatnonzero(people == p)]
        wars.append((labels[rows] == said[rows]).mean())
    found = report(one_hot(said), labels, people, draws=200, seed=7)
    assert found["war_95"] == pytest.approx(np.percentile(wars, [2.5, 97.5]), abs=1e-4)


def test_the_report_has_intervals_around_its_figures() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 300)
    said = np.where(rng.random(300) < 0.7, labels, rng.integers(0, 7, 300))
    scores = report(one_hot(said, 0.9), labels, draws=200)
    assert scores["war_95"][0] < scores["war"] < scores["war_95"][1]
    assert scores["uar_95"][0] < scores["uar"] < scores["uar_95"][1]
    assert scores["n"] == 300
    assert sum(scores["counts"].values()) == 300


def test_what_one_person_shows_ten_times_is_not_ten_facts() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 60)
    said = np.where(rng.random(60) < 0.7, labels, rng.integers(0, 7, 60))
    once = report(one_hot(said, 0.9), labels, draws=300)
    ten = report(one_hot(said.repeat(10), 0.9), labels.repeat(10), np.arange(60).repeat(10), draws=300)
    assert ten["war"] == once["war"]
    assert ten["people"] == 60
    assert ten["war_95"] == once["war_95"]


def test_figures_have_four_digits() -> None:
    found = report(one_hot(SAID, 0.8), LABELS, draws=50)
    assert (found["war"], found["ece"]) == (0.5714, 0.2286)


def test_an_interval_of_any_statistic_draws_whole_people() -> None:
    people, values = np.arange(30).repeat(3) * 2, np.random.default_rng(0).normal(size=90)
    rng = np.random.default_rng(7)
    means = []
    for _ in range(200):
        rows = [i for p in np.unique(people)[rng.integers(0, 30, 30)] for i in np.flatnonzero(people == p)]
        means.append(values[rows].mean())
    found = bootstrap(people, lambda rows: float(values[rows].mean()), draws=200, seed=7)
    assert found == pytest.approx(np.percentile(means, [2.5, 97.5]), abs=1e-4)
    assert bootstrap(people, lambda rows: np.nan if 5 in rows else 1.0, draws=200) == [1, 1], "what cannot be told"


def test_the_spread_over_seeds_by_hand() -> None:
    assert spread([0.1, 0.2, 0.6]) == pytest.approx((0.07) ** 0.5, abs=1e-4)
    assert spread([0.4]) == 0


def test_an_emotion_that_nobody_showed_has_no_recall() -> None:
    recall = report(one_hot(SAID), LABELS, draws=10)["recall"]
    assert recall == {"happy": 0.75, "sad": 0.5, "neutral": 0.0}
