from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.scores import calibrated, confusion, ece, recalls, report, uar, war

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


def test_calibration_error_by_hand() -> None:
    assert ece(one_hot(SAID, 0.8), LABELS) == pytest.approx(0.8 - 4 / 7, abs=1e-6)
    assert ece(one_hot(LABELS), LABELS) == pytest.approx(0)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60))
def test_both_recalls_lie_between_zero_and_one(pairs: list[tuple[int, int]]) -> None:
    labels, said = np.array(pairs).T
    matrix = confusion(labels, said)
    assert matrix.sum() == len(pairs)
    assert 0 <= uar(matrix) <= 1
    assert war(matrix) == pytest.approx((labels == said).mean())


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


def test_calibration_finds_the_temperature_that_was_put_in() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(20000, 7)) * 2
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((20000, 1))).argmax(axis=1)
    temperature, _ = calibrated((logits * 2.5).astype(np.float32), labels)
    assert temperature == pytest.approx(2.5, rel=0.06)


def test_the_threshold_holds_the_risk() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 7, 5000)
    logits = rng.normal(size=(5000, 7)).astype(np.float32) + 2.2 * np.eye(7, dtype=np.float32)[labels]
    temperature, threshold = calibrated(logits, labels, risk=0.1)
    p = np.exp(logits / temperature)
    p /= p.sum(axis=1, keepdims=True)
    shown = p.max(axis=1) >= threshold
    assert 0.2 < shown.mean() < 1
    assert (p.argmax(axis=1) != labels)[shown].mean() <= 0.102
