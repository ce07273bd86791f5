"""The folded r3d_18 gives the numbers of the unfolded one, and what it drops never counted."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from realtime_micacl.model.backbone import R3D18
from realtime_micacl.model.fold import FoldedR3D18, frames_after, taps


def encoder(frames: int = 4) -> R3D18:
    """An encoder whose normalisations do something."""
    torch.manual_seed(frames)
    made = R3D18(frames=frames).eval()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm3d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
    return made


def pieces(frames: int = 4, n: int = 1) -> Tensor:
    return torch.randint(0, 256, (n, frames, 16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def live_taps(made: R3D18) -> dict[str, set[int]]:
    """The taps of each 3x3x3 convolution that meet a frame, worked out by watching what goes in."""
    found: dict[str, set[int]] = {}

    def watch(name: str) -> object:
        def hook(conv: nn.Conv3d, inputs: tuple[Tensor], _: Tensor) -> None:
            frames = inputs[0].shape[2]
            outs = range(frames_after(frames, conv))
            found[name] = {tap for out in outs for tap in taps(frames, out, conv)[1]}

        return hook

    convs = {n: m for n, m in made.named_modules() if isinstance(m, nn.Conv3d) and m.kernel_size[0] == 3}
    hooks = [conv.register_forward_hook(watch(name)) for name, conv in convs.items()]  # type: ignore[arg-type]
    with torch.no_grad():
        made(pieces(made.piece))
    for hook in hooks:
        hook.remove()
    return found


def test_dropped_taps_never_counted() -> None:
    """With anything else in their place every bit of the features is the same."""
    made, x = encoder(), pieces()
    with torch.no_grad():
        expected = made(x)
        dropped = 0
        for name, live in live_taps(made).items():
            weight = made.get_submodule(name).get_parameter("weight")
            for tap in {0, 1, 2} - live:
                dropped += weight[:, :, tap].numel()
                weight[:, :, tap] = torch.randn_like(weight[:, :, tap]) * 100
        assert torch.equal(made(x), expected)
    assert dropped / sum(p.numel() for p in made.parameters()) == pytest.approx(0.61, abs=0.01)


@pytest.mark.parametrize("frames", [1, 4, 5])
def test_folded_features_are_equal_within_rounding(frames: int) -> None:
    made, x = encoder(frames), pieces(frames)
    with torch.no_grad():
        expected, got = made(x), FoldedR3D18(made)(x)
        assert got.shape == expected.shape
        assert (got - expected).norm() / expected.norm() < 1e-6
        made = made.double()
        exact = made(x)
        assert (FoldedR3D18(made)(x) - exact).norm() / exact.norm() < 1e-13


def test_folding_leaves_less_than_half_and_no_third_dimension() -> None:
    made = encoder()
    folded = FoldedR3D18(made)
    assert sum(p.numel() for p in folded.parameters()) < 0.43 * sum(p.numel() for p in made.parameters())
    assert not [m for m in folded.modules() if isinstance(m, nn.Conv3d | nn.BatchNorm3d)]
