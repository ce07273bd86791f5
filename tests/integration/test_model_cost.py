"""The counter against figures worked out by hand and known from elsewhere."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from realtime_micacl.model.backbone import R3D18, FrameEncoder
from realtime_micacl.model.cost import Cost, count


def test_r3d_18_costs_what_it_is_known_to_cost() -> None:
    with torch.device("meta"):
        cost = count(R3D18(), torch.zeros(1, 4, 112, 112, 3, dtype=torch.uint8))
    assert cost.parameters == 33_371_472 - 512 * 400 - 400  # torchvision's figure less its head
    assert cost.multiply_adds == pytest.approx(10.8e9, rel=0.01)


def test_a_frame_of_the_light_encoder_costs_a_hundred_and_seventieth() -> None:
    with torch.device("meta"):
        cost = count(FrameEncoder(), torch.zeros(1, 1, 64, 64, 3, dtype=torch.uint8))
    assert cost.multiply_adds == pytest.approx(63.7e6, rel=0.01)
    assert cost.parameters == pytest.approx(1.33e6, rel=0.01)


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (nn.Linear(3, 5), (2, 7, 3), Cost(20, 2 * 7 * 15)),
        (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2, bias=False), (1, 4, 8, 8), Cost(108, 16 * 6 * 2 * 9)),
        (nn.LSTM(3, 5, batch_first=True, bidirectional=True), (2, 7, 3), Cost(400, 2 * 7 * 2 * 4 * 5 * (3 + 5))),
    ],
    ids=["linear", "grouped convolution", "lstm"],
)
def test_a_layer_costs_its_products(layer: nn.Module, shape: tuple[int, ...], expected: Cost) -> None:
    assert count(layer, torch.zeros(shape)) == expected


def test_counting_changes_nothing() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.BatchNorm1d(18))
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    count(module, torch.randn(1, 1, 5, 5))  # one row: enough, as in use, where training would refuse
    assert module.training
    assert all(torch.equal(tensor, before[key]) for key, tensor in module.state_dict().items())
    assert not module[0]._forward_hooks
