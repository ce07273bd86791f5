"""Calibration and risk: how far the probabilities of readings can be trusted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.live.reading.probabilities import softmax
from realtime_micacl.making.scores import (
    calibrated,
    reliability,
    report,
    risks,
)
from tests.unit.test_scores import LABELS, SAID, one_hot


def test_calibration_error_by_hand() -> None:
    assert reliability(one_hot(SAID, 0.8), LABELS).ece == pytest.approx(0.8 - 4 / 7, abs=1e-6)
    assert reliability(one_hot(LABELS), LABELS).ece == pytest.approx(0)


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels, with many equally sure ones among them."""
    rows = draw(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from([0.3, 0.5, 0.8])), min_size=1))
    labels, said, sure = (np.array(column) for column in zip(*rows, strict=True))
    return np.concatenate([one_hot(said[i : i + 1], s) for i, s in enumerate(sure)]), labels


@given(predictions())
def test_reliability_against_a_loop(given: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = given
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(15)]
    for row, label in zip(probabilities, labels, strict=True):
        bins[min(int(row.max() * 15), 14)].append((float(row.max()), int(row.argmax()) == label))
    diagram = reliability(probabilities, labels)
    assert diagram.n.tolist() == [len(b) for b in bins]
    gap = 0.0
    for b, sure, right in zip(bins, diagram.sure, diagram.right, strict=True):
        if b:
            assert sure == pytest.approx(sum(s for s, _ in b) / len(b))
            assert right == pytest.approx(sum(r for _, r in b) / len(b))
            gap += abs(sum(s for s, _ in b) - sum(r for _, r in b)) / len(labels)
    assert diagram.ece == pytest.approx(gap, abs=1e-6)


def test_risk_falls_to_the_surest_by_hand() -> None:
    sure = np.array([0.9, 0.8, 0.7, 0.6])
    probabilities = np.concatenate([one_hot(np.array([0]), s) for s in sure])
    labels = np.array([0, 1, 0, 1])
    assert risks(probabilities, labels) == pytest.approx([0, 1 / 2, 1 / 3, 2 / 4])
    risk = report(probabilities, labels, abstain_below=0.65, draws=10)["risk"]
    assert risk["area"] == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 4, abs=1e-4)
    assert (risk["threshold_coverage"], risk["threshold_risk"]) == (0.75, 0.3333)
    assert risk["at_coverage"]["0.1"] == 0
    assert risk["at_coverage"]["0.5"] == 0.5
    assert risk["at_coverage"]["0.6"] == pytest.approx(1 / 3, abs=1e-4)
    assert report(probabilities, labels, abstain_below=0.95, draws=10)["risk"]["threshold_risk"] is None


@given(predictions())
def test_the_risk_curve_is_the_mean_over_every_order_of_ties(given: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = given
    top, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    curve = risks(probabilities, labels)
    assert curve[-1] == pytest.approx(wrong.mean())
    for n in range(1, len(labels) + 1):
        cut = np.sort(top)[-n]
        above, tied = wrong[top > cut], wrong[top == cut]
        expected = (above.sum() + (n - len(above)) * tied.mean()) / n
        assert curve[n - 1] == pytest.approx(expected)


def test_calibration_finds_the_temperature_that_was_put_in() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(1000, 7)) * 2
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((1000, 1))).argmax(axis=1)
    temperature, _ = calibrated((logits * 2.5).astype(np.float32), labels)
    assert temperature == pytest.approx(2.5, rel=0.06)


def test_the_threshold_holds_the_risk() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 7, 1000)
    logits = rng.normal(size=(1000, 7)).astype(np.float32) + 2.2 * np.eye(7, dtype=np.float32)[labels]
    temperature, threshold = calibrated(logits, labels, risk=0.1)
    p = np.exp(logits / temperature)
    p /= p.sum(axis=1, keepdims=True)
    shown = p.max(axis=1) >= threshold
    assert 0.2 < shown.mean() < 1
    assert (p.argmax(axis=1) != labels)[shown].mean() <= 0.102


@pytest.mark.parametrize("put_in", [0.4, 1.3, 4.5])
def test_no_other_temperature_is_likelier(put_in: float) -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(500, 7)) * 2
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) > rng.random((500, 1))).argmax(axis=1)

    def cost(temperature: float) -> float:
        z = logits * put_in / temperature
        return float(np.mean(np.logaddexp.reduce(z, axis=1) - z[np.arange(500), labels]))

    temperature, _ = calibrated((logits * put_in).astype(np.float32), labels)
    assert cost(temperature) < min(cost(temperature * 1.02), cost(temperature / 1.02))


def test_what_cannot_be_calibrated_stays_within_reason() -> None:
    """Of clips that are all right, or all wrong, any temperature could be likelier than the one before."""
    labels = np.arange(210) % 7
    right = np.eye(7, dtype=np.float32)[labels]
    temperature, threshold = calibrated(right, labels)
    assert 0.1 < temperature < 1
    assert (softmax(right / np.float32(temperature)).max(axis=1) > threshold - 1e-3).all(), "all may be shown"
    temperature, threshold = calibrated(right, (labels + 1) % 7)
    assert 2 < temperature < 20
    assert (softmax(right / np.float32(temperature)).max(axis=1) < threshold).all(), "none is worth showing"
    assert threshold <= 1, "as a sidecar takes it"


def test_as_it_comes_about_a_tenth_of_what_is_shown_may_be_wrong() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 7, 1000)
    logits = rng.normal(size=(1000, 7)).astype(np.float32) + 2.2 * np.eye(7, dtype=np.float32)[labels]
    temperature, threshold = calibrated(logits, labels)
    shown = softmax(logits / np.float32(temperature)).max(axis=1) >= threshold
    assert 0.05 < (logits.argmax(axis=1) != labels)[shown].mean() < 0.15
