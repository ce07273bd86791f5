"""The common frame: every network is built by its name, reads a bag alone as in a batch and from what was kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.cpu.torch_engine import load_model
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.model.fineclip import FineCLIPER
from realtime_micacl.model.ifdd import IFDD
from realtime_micacl.model.m3dfel import M3DFEL
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.model.s4d import S4D
from realtime_micacl.model.system import System
from realtime_micacl.model.zoo import SYSTEMS, build, configured
from tests.small import NETWORK, assert_alone_as_in_a_batch
from tests.small import random_bags as bags

ENGINES = Path(__file__).parents[2] / "engines"
SMALL = NETWORK | {"size_px": 16}
CLIP = {"encoder": "clip", "clip_patch": 8, "clip_width": 64, "clip_layers": 2, "clip_vector": 32, "clip_adapters": 1}
OWN: dict[str, dict[str, Any]] = {"ifdd": {"ifdd_width": 16, "ifdd_heads": 2}, "fineclip": CLIP}


def made(name: str, **more: Any) -> System:
    torch.manual_seed(0)
    return build(configured(SMALL | {"system": name} | OWN.get(name, {}) | more))


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_bag_alone_is_the_bag_in_a_batch_and_the_bag_from_cached_pieces(name: str) -> None:
    importance = assert_alone_as_in_a_batch(made(name))
    torch.testing.assert_close(importance.mean(dim=1), torch.ones(3).double())


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_configuration_survives_json_and_a_wrong_one_is_named(name: str) -> None:
    config = made(name).config
    assert configured(json.loads(json.dumps(config.to_dict()))) == config
    with pytest.raises(ConfigError, match=r"unknown key model\.widhts"):
        configured({"system": name, "widhts": [8]})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"system": "mma"}, "model.system must be one of micacl, m3dfel, ifdd, s4d, fineclip"),
        ({"system": 3}, "model.system must be one of"),
        ({"system": "m3dfel", "shape": 384}, "reads crops alone"),
        ({"system": "ifdd", "encoder": "r3d_18"}, 'must be "light" for IFDD'),
        ({"system": "ifdd", "instances": 3, "frames": 3}, "must be even for IFDD"),
        ({"system": "ifdd", "ifdd_width": 100}, "multiple of ifdd_heads"),
        ({"system": "s4d", "kinds": 3}, "must be 1 or 2"),
        ({"system": "s4d", "instances": 2, "frames": 1}, "three pieces or more"),
        ({"system": "s4d", "served": 9}, "at most as many as experts"),
        ({"system": "s4d", "adapter": "sparse"}, "must be one of none, experts, dense"),
        ({"system": "s4d", "shape": 384}, "reads crops alone"),
    ],
)
def test_what_a_system_cannot_be_is_said(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        configured(table)


def test_a_stranger_is_believed_by_crops_and_a_known_face_by_both_streams() -> None:
    shape = {"frames": 1, "shape": 12, "shape_components": 8}
    model = made("micacl", **shape, stranger_crops=1.5, stranger_shape=0.25).eval()
    alike = made("micacl", **shape).eval()
    assert model.shape is not None
    model.shape.basis.normal_(std=0.1)  # changes as narrow as those that were learnt from
    alike.load_state_dict(model.state_dict())
    n, size = model.config.pieces, model.encoder.features

    def logits(of: System, trust: float) -> Tensor:
        torch.manual_seed(1)
        rows = torch.randn(1, n, size + 13)
        rows[..., -1] = trust
        return of.classify(rows)[0]

    torch.manual_seed(1)
    rows = torch.randn(1, n, size + 13)
    rows[..., -1] = 0
    crops, from_shape = model.seen(rows[..., :size])[0], model.shape(rows[..., size:])[0]
    torch.testing.assert_close(logits(model, 0.0), 1.5 * crops + 0.25 * from_shape)
    torch.testing.assert_close(logits(alike, 0.0), crops + from_shape)
    for trust in (1.2, 3.0):
        torch.testing.assert_close(logits(model, trust), logits(alike, trust))
    half_known = logits(model, 0.5) - logits(alike, 0.5)
    assert (half_known.abs() < (logits(model, 0.0) - logits(alike, 0.0)).abs()).float().mean() > 0.5
    with pytest.raises(ConfigError, match=r"model\.stranger_shape must be from 0 to 4, not -0\.1"):
        made("micacl", **shape, stranger_shape=-0.1)


def test_m3dfel_has_the_bits_that_micacl_without_its_parts_has() -> None:
    one, other = made("m3dfel").eval(), made("micacl", geiim=False, wian=False).eval()
    assert one.state_dict().keys() == other.state_dict().keys()
    batch = bags(one, 2)
    assert all(torch.equal(a, b) for a, b in zip(one(batch), other(batch), strict=True))


def test_the_shipped_engine_and_an_older_sidecar_are_micacl() -> None:
    folder, sidecar = read_sidecar(default_engine())
    old = msgspec.structs.replace(sidecar, model={k: v for k, v in sidecar.model.items() if k != "system"})
    model = load_model(folder, old)
    assert type(model) is MICACL
    assert isinstance(model.config, MICACLConfig)
    rows = torch.randn(1, old.pieces, old.row_size)
    unmoved = torch.cat([rows[..., : old.feature_size], torch.zeros(1, old.pieces, old.coordinates + 1)], dim=-1)
    assert not torch.equal(model.classify(rows)[0], model.classify(unmoved)[0]), "the second stream speaks"


@pytest.mark.parametrize("file", sorted(ENGINES.glob("*.toml")), ids=lambda file: file.stem)
def test_every_recipe_names_a_network(file: Path) -> None:
    recipe = read_toml(file, Recipe)
    with torch.device("meta"):
        model = build(configured(recipe.network))
    kinds = {"m3dfel": M3DFEL, "ifdd": IFDD, "s4d": S4D, "fineclip": FineCLIPER}
    assert type(model) is kinds.get(file.stem, MICACL)
