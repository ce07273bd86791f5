"""IFDD against its equations: even and odd ticks, offsets between them, and what is led back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from realtime_micacl.model.ifdd import IFDD, ISSM, LADM
from tests.integration.test_model_zoo import made


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
