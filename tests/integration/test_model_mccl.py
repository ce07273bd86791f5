"""MCCL against loops written from its equations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from realtime_micacl.model.mccl import MCCL

E, COUNTS = 8, (100, 10, 0, 40)


def made(scales: tuple[int, ...] = (1, 2, 4)) -> MCCL:
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    try:
        return MCCL(feature_size=E, class_counts=COUNTS, scales=scales)
    finally:
        torch.set_default_dtype(torch.float32)


def batch(labels: list[int], seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(seed)
    rows = len(labels)
    return (
        torch.randn(rows, E, dtype=torch.float64),
        torch.randn(rows, len(COUNTS), dtype=torch.float64),
        torch.tensor(labels),
    )


def twin(loss: MCCL, b: np.ndarray, logits: np.ndarray, labels: list[int]) -> float:
    rows = len(labels)
    present = [1 / n for n in COUNTS if n]
    category = [1 / n / (sum(present) / len(present)) if n else 0 for n in COUNTS]
    total = 0.0
    for scale, project in zip(loss.scales, loss.projections, strict=True):
        z = []
        for row in b:
            pooled = np.array([row[e * scale : (e + 1) * scale].mean() for e in range(E // scale)])
            hidden = project[0].weight.detach().numpy() @ pooled + project[0].bias.detach().numpy()
            hidden = np.array([v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in hidden])
            out = project[2].weight.detach().numpy() @ hidden + project[2].bias.detach().numpy()
            z.append(out / math.sqrt((out**2).sum()))
        terms = []
        for i in range(rows):
            positives = [j for j in range(rows) if labels[j] == labels[i] and j != i]
            if not positives:
                continue
            tau = 0.07 * (1 + COUNTS[labels[i]] / max(COUNTS))
            rest = math.log(sum(math.exp(z[i] @ z[k] / tau) for k in range(rows) if k != i))
            p = math.exp(logits[i, labels[i]]) / np.exp(logits[i]).sum()
            pull = -sum(z[i] @ z[j] / tau - rest for j in positives) / len(positives)
            terms.append(category[labels[i]] * (1 - p) * pull)
        total += sum(terms) / len(terms) if terms else 0.0
    return total / len(loss.scales)


@settings(deadline=None, max_examples=20)
@given(labels=st.lists(st.sampled_from([0, 1, 3]), min_size=1, max_size=7), seed=st.integers(0, 2**31))
def test_it_is_its_equations(labels: list[int], seed: int) -> None:
    loss = made()
    b, logits, y = batch(labels, seed)
    assert loss(b, logits, y).item() == pytest.approx(twin(loss, b.numpy(), logits.numpy(), labels), abs=1e-9)


def test_category_weights_have_mean_one_over_the_emotions_present() -> None:
    loss = made()
    torch.testing.assert_close(loss.category[torch.tensor(COUNTS) > 0].mean().item(), 1.0)
    assert loss.category[2] == 0
    assert loss.category.argmax() == 1  # the rarest


def test_gradients() -> None:
    loss, (b, logits, labels) = made(), batch([0, 1, 0, 3, 1, 1])
    assert torch.autograd.gradcheck(lambda b: loss(b, logits, labels), (b.requires_grad_(),))


def test_hardness_weighs_and_is_not_trained() -> None:
    loss, (b, logits, labels) = made(), batch([0, 0, 1, 1])
    logits.requires_grad_()
    value = loss(b.requires_grad_(), logits, labels)
    value.backward()
    assert logits.grad is None
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in loss.parameters())
    sure = 50 * torch.nn.functional.one_hot(labels, len(COUNTS)).double()
    assert loss(b, sure, labels).item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("labels", [[0], [0, 1], [0, 1, 3]])
def test_without_positives_it_is_zero_and_still_in_the_graph(labels: list[int]) -> None:
    loss, (b, logits, y) = made(), batch(labels)
    value = loss(b.requires_grad_(), logits, y)
    value.backward()
    assert value.item() == 0
    assert b.grad is not None
    assert torch.equal(b.grad, torch.zeros_like(b))


def test_an_anchor_without_positives_is_not_counted() -> None:
    loss, (b, logits, y) = made((1,)), batch([0, 0, 3])
    far = b.clone()
    far[2] = -b[:2].mean(dim=0)
    with_stranger = loss(far, logits, y)
    # The stranger stands in the denominators of the two others, and that is all it does.
    rows = [loss(far[order], logits[order], y[order]) for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0])]
    torch.testing.assert_close(torch.stack(rows), with_stranger.expand(3), rtol=0, atol=1e-12)
    assert loss(b[:2], logits[:2], y[:2]).item() == pytest.approx(0, abs=1e-12)  # one pair, nothing to tell apart


def test_pulling_together_what_belongs_together_lowers_it() -> None:
    torch.manual_seed(0)
    loss, labels = MCCL(feature_size=E, class_counts=COUNTS), torch.tensor([0, 0, 1, 1, 3, 3])
    b, logits = torch.randn(6, E, requires_grad=True), torch.zeros(6, len(COUNTS))
    start = loss(b, logits, labels).item()
    for _ in range(30):
        (slope,) = torch.autograd.grad(loss(b, logits, labels), b)
        b = (b - 0.2 * slope).detach().requires_grad_()
    assert loss(b, logits, labels).item() < 0.5 * start


def test_only_the_projections_are_in_the_state() -> None:
    assert {key.split(".")[0] for key in made().state_dict()} == {"projections"}


def test_a_queue_is_a_longer_batch_whose_head_alone_is_anchor() -> None:
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    try:
        loss = MCCL(feature_size=E, class_counts=COUNTS, scales=(1,), queue=4)
    finally:
        torch.set_default_dtype(torch.float32)
    first, second = batch([0, 1, 1], seed=1), batch([1, 0, 3], seed=2)
    empty = loss(*first)
    plain = made((1,))
    plain.load_state_dict({k: v for k, v in loss.state_dict().items() if k.startswith("projections")})
    torch.testing.assert_close(empty, plain(*first))  # nothing was queued yet
    assert loss.queued_labels.tolist() == [0, 1, 1, -1]
    found = loss(*second)
    assert loss.queued_labels.tolist() == [1, 0, 3, 0]

    b = torch.cat([second[0], first[0]])
    hidden = loss.projections[0](b).detach().numpy()
    z = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
    labels = [1, 0, 3, 0, 1, 1]
    terms = []
    for i in range(3):
        positives = [j for j in range(6) if labels[j] == labels[i] and j != i]
        if positives:
            tau = 0.07 * (1 + COUNTS[labels[i]] / max(COUNTS))
            rest = math.log(sum(math.exp(z[i] @ z[k] / tau) for k in range(6) if k != i))
            p = second[1][i].softmax(0)[labels[i]].item()
            pull = -sum(z[i] @ z[j] / tau - rest for j in positives) / len(positives)
            terms.append(loss.category[labels[i]].item() * (1 - p) * pull)
    assert found.item() == pytest.approx(sum(terms) / len(terms), abs=1e-9)


def test_the_queue_rests_while_measuring() -> None:
    loss = MCCL(feature_size=E, class_counts=COUNTS, queue=4).eval().double()
    loss(*batch([0, 1, 1]))
    assert loss.queued_labels.tolist() == [-1] * 4
