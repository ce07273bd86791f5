"""S4D: adapters, experts and the heads for stills and clips."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from realtime_micacl.model.s4d import S4D, MoAE, stills
from tests.integration.test_model_zoo import made


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
