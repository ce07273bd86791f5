"""The common frame: every network is built by its name, reads a bag alone as in a batch and from what was kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from realtime_micacl.config import read_toml
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.cpu.torch_engine import load_model
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.making.recipe import Recipe
from realtime_micacl.model.fineclip import FineCLIPER
from realtime_micacl.model.ifdd import IFDD, ISSM, LADM
from realtime_micacl.model.m3dfel import M3DFEL
from realtime_micacl.model.micacl import MICACL, MICACLConfig
from realtime_micacl.model.s4d import S4D, MoAE, stills
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


# IFDD


def reference_ifdd(model: IFDD, maps: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """Logits [K] and the lifting term's mean [H*W] of one bag of maps [T,C,H,W], in plain loops."""
    w = {name: t.double().numpy() for name, t in model.state_dict().items()}
    heads, (t, c, height, width) = model.config.ifdd_heads, maps.shape
    gelu = nn.GELU()
    squeeze = np.einsum("oc,tchw->tohw", w["sample.squeeze.0.weight"][:, :, 0, 0], maps)
    squeeze = gelu(torch.tensor(squeeze + w["sample.squeeze.0.bias"][:, None, None])).numpy().reshape(t, -1)
    like = squeeze @ squeeze.T / c

    def soft(x: Any) -> Any:
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    def samples(offsets: Any, first: int) -> Any:
        found = []
        for s, offset in enumerate(offsets):
            p = min(max(2 * s + first + 2 * np.tanh(offset), 0), t - 1)
            low = min(int(p), t - 2)
            found.append((1 - (p - low)) * maps[low] + (p - low) * maps[low + 1])
        return np.stack(found).transpose(0, 2, 3, 1).reshape(-1, c)

    def norm(x: Any, name: str) -> Any:
        centred = x - x.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
        return scaled * w[f"lift.{name}.weight"] + w[f"lift.{name}.bias"]

    def linear(x: Any, name: str) -> Any:
        return x @ w[f"lift.{name}.weight"].T + w[f"lift.{name}.bias"]

    def attended(q: Any, k: Any, v: Any, plus: float) -> Any:
        out, size = np.zeros_like(v), c // heads
        for m in range(heads):
            part = slice(m * size, (m + 1) * size)
            out[:, part] = soft(q[:, part] @ k[:, part].T / np.sqrt(size)) @ v[:, part] + plus * v[:, part]
        return out

    def crossing(own: Any, other: Any, name: str) -> Any:
        q, k, v = linear(own, f"{name}.query"), linear(other, f"{name}.key"), linear(other, f"{name}.value")
        return linear(attended(q, k, v, 1.0), f"{name}.lead")

    a = norm(samples(w["sample.alike.weight"] @ soft(like).ravel(), 0), "norm_a")
    d = norm(samples(w["sample.unlike.weight"] @ soft(-like).ravel(), 1), "norm_d")
    a = a + crossing(a, d, "update")
    d = d - crossing(d, a, "predict")
    q, k, v = np.split(linear(norm(d, "norm_self"), "attend.to_qkv"), 3, axis=1)
    e = d + linear(attended(q, k, v, 0.0), "attend.to_out.0")
    f = e + linear(gelu(torch.tensor(linear(norm(e, "norm_mlp"), "mlp.0"))).numpy(), "mlp.2")
    logits = w["head.1.weight"] @ (f.T @ w["read.weight"][0]) + w["head.1.bias"]
    pooled = maps.transpose(0, 2, 3, 1).reshape(t // 2, 2, height * width, c).mean(axis=1)
    return logits, (pooled - a.reshape(t // 2, height * width, c)).mean(axis=(0, 2))


def ifdd(**more: Any) -> IFDD:
    model = made("ifdd", **more)
    assert isinstance(model, IFDD)
    return model


def test_ifdd_is_what_its_equations_say() -> None:
    model = ifdd().double().eval()
    maps = torch.randn(2, 16, 16, 4, 4).double()
    logits = model.judge(model.fold(maps).bag, maps)
    wanted = [reference_ifdd(model, one.numpy()) for one in maps]
    np.testing.assert_allclose(logits.detach().numpy(), [said for said, _ in wanted], atol=1e-9)
    model.train()
    penalty = model.fold(maps).penalty
    assert penalty is not None
    off = np.stack([lifted for _, lifted in wanted])
    assert np.abs(off).max() < 1, "SmoothL1 is a square there"
    assert penalty.item() == pytest.approx(0.1 * (off**2 / 2).mean(), rel=1e-6)


@pytest.mark.parametrize("ticks", [2, 4, 16])
def test_without_offsets_the_halves_are_the_even_and_the_odd_ticks(ticks: int) -> None:
    sample, x = ISSM(channels=8, ticks=ticks), torch.randn(3, ticks, 8, 2, 2)
    nn.init.zeros_(sample.alike.weight)
    nn.init.zeros_(sample.unlike.weight)
    near, far = sample(x)
    assert torch.equal(near @ x.flatten(2), x[:, 0::2].flatten(2))
    assert torch.equal(far @ x.flatten(2), x[:, 1::2].flatten(2))


def test_an_offset_reads_between_ticks_and_stops_at_the_ends() -> None:
    sample = ISSM(channels=8, ticks=4)
    ramp = torch.arange(4.0)[None, :, None].expand(2, -1, 5)
    weights = sample._weights(torch.tensor([[-1.5, 0.25], [2.5, 4.0]]))
    torch.testing.assert_close((weights @ ramp)[..., 0], torch.tensor([[0.0, 0.25], [2.5, 3.0]]))


def test_what_is_not_led_back_leaves_the_tokens_as_they_are() -> None:
    lift, a, d = LADM(width=16, heads=2, residual=True).eval(), torch.randn(2, 6, 16), torch.randn(2, 6, 16)
    for layer in (lift.update.lead, lift.predict.lead, lift.attend.to_out[0], lift.mlp[2]):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    read, shared, _ = lift(a, d)
    assert torch.equal(shared, lift.norm_a(a))
    assert torch.equal(read, lift.norm_d(d))


def test_the_last_layers_keep_their_residual_unless_it_is_asked_away() -> None:
    a, d = torch.randn(2, 6, 16), torch.randn(2, 6, 16)
    torch.manual_seed(1)
    kept = LADM(width=16, heads=2, residual=True).eval()
    torch.manual_seed(1)
    released = LADM(width=16, heads=2, residual=False).eval()
    nn.init.zeros_(kept.mlp[2].weight)
    nn.init.zeros_(released.mlp[2].weight)
    assert kept(a, d)[0].std() > 0.1
    torch.testing.assert_close(released(a, d)[0], released.mlp[2].bias.expand(2, 6, 16))


def test_every_weight_of_ifdd_is_trained() -> None:
    model = ifdd()
    folded = model.fold(model.instances(torch.randn(8, 16, 256)))
    assert folded.penalty is not None
    (model.head(folded.bag).square().sum() + folded.penalty).backward()
    for name, weight in model.named_parameters():
        if not name.startswith("encoder."):
            assert weight.grad is not None, name
            assert weight.grad.abs().sum() > 0, name


# S4D


def test_an_untrained_adapter_changes_no_bit_and_eight_experts_cost_what_a_dense_one_does() -> None:
    x = torch.randn(5, 4, 16)
    sparse = MoAE(features=16, experts=8, served=2, width=4)
    dense = MoAE(features=16, experts=8, served=2, width=4, router=False)
    assert torch.equal(sparse.eval()(x)[0], x)
    assert torch.equal(dense(x)[0], x)
    sizes = [sum(p.numel() for p in m.parameters()) for m in (sparse, dense)]
    assert sizes[0] - sizes[1] == 2 * 16 * 8, "the router alone"


def learnt_experts() -> MoAE:
    torch.manual_seed(3)
    moae = MoAE(features=16, experts=8, served=2, width=4)
    nn.init.normal_(moae.up.weight)
    return moae


def test_two_experts_serve_each_instance_whoever_else_is_in_the_batch() -> None:
    moae, x = learnt_experts().double().eval(), torch.randn(64, 4, 16).double()
    gates = moae.use(x)
    assert ((gates > 0).sum(dim=-1) == 2).all()
    torch.testing.assert_close(gates.sum(dim=-1), torch.ones(64, 4).double())
    alone = torch.cat([moae(one[None])[0] for one in x])
    torch.testing.assert_close(moae(x)[0], alone, rtol=0, atol=1e-12)  # a capacity would drop some of them
    u, said = moae.norm(x[0, 0]), torch.zeros(16).double()
    for e in range(8):
        rows = slice(4 * e, 4 * e + 4)
        hidden = nn.functional.gelu(moae.down.weight[rows] @ u + moae.down.bias[rows])
        said += gates[0, 0, e] * (moae.up.weight[:, rows] @ hidden)
    torch.testing.assert_close(moae(x)[0][0, 0], x[0, 0] + said)


def test_noise_is_for_training_alone_and_the_balance_cannot_fall_below_its_best() -> None:
    moae, x = learnt_experts(), torch.randn(256, 4, 16)
    assert not torch.equal(moae.train()(x)[0], moae(x)[0])
    moae.eval()
    assert torch.equal(moae(x)[0], moae(x)[0])
    nn.init.zeros_(moae.router.weight)
    nn.init.constant_(moae.noise.weight, 0)
    _, even = moae.train()(x)
    assert even.item() == pytest.approx(1, abs=0.05)
    moae.router.weight.data[:2] = 5 * torch.randn(1, 16)
    _, uneven = moae.eval()(x.abs())
    assert uneven.item() > 1.5


def test_what_shows_one_picture_is_told_from_what_moves() -> None:
    still = torch.randn(1, 1, 16).expand(1, 16, 16)
    mirrored = torch.randn(1, 2, 16).repeat(1, 8, 1)
    moving = torch.randn(1, 16, 16)
    held = still + 0.02 * torch.randn(1, 16, 16)  # a camera's noise
    assert stills(torch.cat([still, mirrored, moving, held])).tolist() == [True, True, False, False]


def test_each_kind_has_a_head_and_one_head_learns_from_one_kind() -> None:
    model = made("s4d")
    assert isinstance(model, S4D)
    assert model.still_head
    pieces = torch.cat([torch.randn(1, 1, 16).expand(1, 16, 16), torch.randn(1, 16, 16)])
    bag = model.fold(model.instances(pieces)).bag
    said = model.judge(bag, pieces)
    assert torch.equal(said[0], model.still_head(bag)[0])
    assert torch.equal(said[1], model.head(bag)[1])
    said[1].sum().backward()
    assert model.head[1].weight.grad.abs().sum() > 0
    assert not model.still_head[1].weight.grad.abs().sum()
    assert len(model.heads) == 2
    assert len(made("s4d", kinds=1).heads) == 1
