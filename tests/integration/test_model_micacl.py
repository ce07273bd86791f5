"""The whole network: its configuration, its shapes, and that a cached feature is as good as a fresh one."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from einops import EinopsError
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from realtime_micacl.errors import ConfigError
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.model.cost import count
from realtime_micacl.model.geiim import GEIIM
from realtime_micacl.model.micacl import MICACL, RELEASED, MICACLConfig
from realtime_micacl.model.wian import WIAN
from tests.small import NETWORK, assert_alone_as_in_a_batch
from tests.small import random_bags as bags

SMALL = NETWORK | {"size_px": 16, "geiim_width": 8}
STRANGERS = {"stranger_crops": 1.4, "stranger_shape": 0.3}
FORMS: dict[str, dict[str, Any]] = {
    "default": {},
    "released head": {"geiim_nodes": "channels", "geiim_kernels": [], "wian_over": "channels", "wian_layers": 4},
    "plain": {"geiim": False, "wian": False},
    "own hidden size": {"wian_hidden": 24, "instances": 3, "frames": 2},
    "places weighed": {"pooling": "gdc"},
}


def made(form: str) -> MICACL:
    torch.manual_seed(0)
    return MICACL(MICACLConfig.from_dict(SMALL | FORMS[form]))


@pytest.mark.parametrize("form", FORMS)
def test_a_bag_alone_is_the_bag_in_a_batch_and_the_bag_from_cached_features(form: str) -> None:
    model = made(form)
    assert_alone_as_in_a_batch(model)
    instances = torch.zeros(1, model.config.instances, model.encoder.features).double()
    assert model.bag_features == model.embed(instances)[0].shape[1]


@pytest.mark.parametrize("form", FORMS)
def test_every_weight_is_trained(form: str) -> None:
    model = made(form)
    nn.init.normal_(model.encoder.get_submodule("to_change")[-1].weight)
    model(bags(model, 4))[0].square().sum().backward()
    assert not [name for name, weight in model.named_parameters() if weight.grad is None]


def test_the_signal_is_healthy_at_every_layer_norm() -> None:
    torch.manual_seed(0)
    model, rms = MICACL(MICACLConfig()), []
    for layer in model.modules():
        if isinstance(layer, nn.LayerNorm):
            layer.register_forward_pre_hook(lambda _, inputs: rms.append(inputs[0].square().mean().sqrt().item()))
    with torch.no_grad():
        model(bags(model, 2))
    assert len(rms) == 2
    assert all(0.1 < value < 10 for value in rms)


def test_every_setting_reaches_its_module() -> None:
    model = MICACL(
        MICACLConfig(
            widths=(8, 16),
            blocks=(1, 2),
            size_px=16,
            geiim_nodes="channels",
            geiim_kernels=(3,),
            geiim_hops=3,
            geiim_alpha=0.5,
            geiim_width=5,
            wian_over="channels",
            wian_layers=3,
            emotions=2,
        )
    )
    assert isinstance(model.encoder, FrameEncoder)
    assert isinstance(model.interact, GEIIM)
    assert isinstance(model.aggregate, WIAN)
    assert len(model.encoder.stages) == 3
    assert model.interact.graph.n1.shape == (16, 5)
    assert (model.interact.graph.hops, model.interact.graph.alpha) == (3, 0.5)
    assert len(model.interact.scales) == 1
    assert len(model.aggregate.forwards) == len(model.aggregate.backwards) == 3
    features = torch.randn(1, 16, 16)
    assert torch.allclose(model.classify(features)[1], torch.ones(1, 4))  # as over channels it must be
    assert model.classify(features)[0].shape == (1, 2)


def test_bags_of_another_size_are_refused() -> None:
    model = made("default")
    with pytest.raises(EinopsError):
        model(bags(model, 2)[:, :2])


def test_dropout_stands_before_the_head_and_only_in_training() -> None:
    model = MICACL(MICACLConfig.from_dict(SMALL | {"dropout": 0.5}))
    features = torch.randn(1, 16, 16)
    assert not torch.equal(model.classify(features)[0], model.classify(features)[0])
    assert torch.equal(model.instances(features), model.instances(features))
    model.eval()
    assert torch.equal(model.classify(features)[0], model.classify(features)[0])


def test_shapes_count_less_of_strangers_and_of_changes_never_seen() -> None:
    model = MICACL(MICACLConfig.from_dict(SMALL | {"shape": 6, "shape_components": 6} | STRANGERS)).eval()

    def counts(trust: float, spread: float) -> list[float]:
        return [round(float(w), 3) for w in model.weights(torch.tensor([[trust]]), torch.tensor([[spread]]))]

    assert counts(0.0, 0.5) == counts(2.0, 9.0) == [1.4, 0.3]
    assert counts(2.0, 0.5) == counts(1.1, 1.29) == [1.0, 1.0]
    assert counts(2.0, 1.95) == [1.2, 0.65]
    assert model.shape
    torch.nn.init.normal_(model.shape.basis)
    features = torch.randn(1, 16, 16)
    rows = [
        torch.cat([features, torch.full((1, 16, 6), size), torch.full((1, 16, 1), 2.0)], dim=2) for size in (0.01, 90.0)
    ]
    crops = model.seen(features)[0]
    for row, of_crops, of_shape in zip(rows, (1.0, 1.4), (1.0, 0.3), strict=True):
        expected = of_crops * crops + of_shape * model.shape(row[..., 16:])[0]
        torch.testing.assert_close(model.classify(row)[0], expected)


def test_the_released_form_is_the_paper_backbone_with_the_known_cost() -> None:
    with torch.device("meta"):
        model = MICACL(RELEASED)
        cost = count(model, bags(model, 1))
    assert model.encoder.features == 512
    assert cost.multiply_adds == pytest.approx(43.1e9, rel=0.01)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"widhts": [8]}, "unknown key model.widhts; the nearest is model.widths"),
        ({"geim_nodes": "channels"}, "the nearest is model.geiim_nodes"),
        ({"encoder": "resnet"}, "model.encoder must be one of light, r3d_18, not 'resnet'"),
        ({"wian_over": "frames"}, "model.wian_over must be one of"),
        ({"pooling": "max"}, "model.pooling must be one of mean, gdc, not 'max'"),
        ({"geiim_nodes": 3}, "model.geiim_nodes must be of type str"),
        ({"instances": True}, "model.instances must be of type int"),
        ({"instances": 1}, "at least 2 for WIAN"),
        ({"frames": 0}, "model.frames must be at least 1"),
        ({"wian_hidden": -4}, "model.wian_hidden must be at least 0"),
        ({"wian_hidden": 6}, "multiple of 4"),
        ({"widths": [8, 12], "blocks": [1, 1]}, "multiples of 8"),
        ({"widths": [8.0]}, "positive whole numbers"),
        ({"widths": [8]}, "as many as widths"),
        ({"widths": [], "blocks": []}, "as many as widths"),
        ({"size_px": 100}, "multiple of 16"),
        ({"geiim_kernels": [2]}, "odd"),
        ({"geiim_alpha": 1.5}, "from 0 to 1"),
        ({"dropout": 1}, "below 1"),
        ({"dropout": "no"}, "of type float"),
    ],
)
def test_a_wrong_setting_is_named(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MICACLConfig.from_dict(table)


@settings(deadline=None, max_examples=25)
@given(
    encoder=st.sampled_from(["light", "r3d_18"]),
    widths=st.lists(st.sampled_from([8, 16, 64]), min_size=1, max_size=4),
    kernels=st.lists(st.sampled_from([1, 3, 5]), max_size=3),
    dropout=st.sampled_from([0, 0.25]),
)
def test_settings_survive_json(encoder: str, widths: list[int], kernels: list[int], dropout: float) -> None:
    table = {"encoder": encoder, "widths": widths, "blocks": [1] * len(widths), "geiim_kernels": kernels}
    config = MICACLConfig.from_dict(table | {"dropout": dropout})
    assert MICACLConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
