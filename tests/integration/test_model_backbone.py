"""The instance encoders against loops written from their equations, and the facts they promise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from einops import EinopsError
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from realtime_micacl.model.backbone import R3D18, FrameEncoder, SEBlock


def randomise(module: nn.Module) -> nn.Module:
    """Give every weight and every running statistic a value of its own, so that no default hides a term."""
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_(0, 0.5)
        for name, statistic in module.named_buffers():
            if name.endswith("running_mean"):
                statistic.normal_()
            elif name.endswith("running_var"):
                statistic.uniform_(0.5, 2)
    return module.double().eval()


def small(frames: int = 4) -> FrameEncoder:
    encoder = FrameEncoder(widths=(8, 16), blocks=(1, 2), frames=frames, bottleneck=5)
    assert isinstance(randomise(encoder), FrameEncoder)
    return encoder


def crops(*shape: int) -> Tensor:
    return torch.randint(0, 256, (*shape, 3), dtype=torch.uint8)


def seen_by(layer: nn.Module) -> list[Tensor]:
    """Collect what enters `layer`."""
    seen: list[Tensor] = []
    layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    return seen


def twin_conv(x: np.ndarray, weight: np.ndarray, stride: int = 1, bias: np.ndarray | None = None) -> np.ndarray:
    out_width, _, k, _ = weight.shape
    pad = k // 2
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    side = (x.shape[1] - k) // stride + 1
    y = np.zeros((out_width, side, side))
    for o in range(out_width):
        for i in range(side):
            for j in range(side):
                window = x[:, i * stride : i * stride + k, j * stride : j * stride + k]
                y[o, i, j] = (weight[o] * window).sum() + (0 if bias is None else bias[o])
    return y


def twin_norm(x: np.ndarray, norm: nn.Module) -> np.ndarray:
    assert isinstance(norm, nn.BatchNorm2d)
    y = np.empty_like(x)
    for c in range(len(x)):
        scale = norm.weight[c].item() / np.sqrt(norm.running_var[c].item() + norm.eps)
        y[c] = (x[c] - norm.running_mean[c].item()) * scale + norm.bias[c].item()
    return y


def value(layer: nn.Module, name: str = "weight") -> np.ndarray:
    return layer.get_parameter(name).detach().numpy()


def test_the_block_is_its_equation() -> None:
    torch.manual_seed(0)
    block = randomise(SEBlock(inputs=3, width=16, stride=2))
    x = torch.randn(1, 3, 6, 6, dtype=torch.float64)
    u = np.maximum(twin_norm(twin_conv(x[0].numpy(), value(block.body[0]), 2), block.body[1]), 0)
    u = twin_norm(twin_conv(u, value(block.body[3])), block.body[4])
    squeeze = np.array([u[c].mean() for c in range(16)])
    hidden = np.maximum(value(block.gate[1])[:, :, 0, 0] @ squeeze + value(block.gate[1], "bias"), 0)
    gate = 1 / (1 + np.exp(-(value(block.gate[3])[:, :, 0, 0] @ hidden + value(block.gate[3], "bias"))))
    pooled = np.zeros((3, 3, 3))
    for c in range(3):
        for i in range(3):
            for j in range(3):
                pooled[c, i, j] = x[0, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean().item()
    shortcut = twin_norm(twin_conv(pooled, value(block.shortcut[1])), block.shortcut[2])
    expected = np.maximum(gate[:, None, None] * u + shortcut, 0)
    np.testing.assert_allclose(block(x)[0].detach().numpy(), expected, atol=1e-9)


def test_each_crop_enters_as_its_own_standardised_luma() -> None:
    torch.manual_seed(0)
    encoder, batch = small(), crops(3, 16, 16)
    seen = seen_by(encoder.stem)
    encoder.frames(batch)
    for b in range(3):
        x = np.zeros((16, 16))
        for i in range(16):
            for j in range(16):
                r, g, blue = (float(v) for v in batch[b, i, j])
                x[i, j] = (0.299 * r + 0.587 * g + 0.114 * blue) / 255
        expected = (x - x.mean()) / np.sqrt(((x - x.mean()) ** 2).mean() + 1e-3)
        np.testing.assert_allclose(seen[0][b, 0].numpy(), expected, atol=1e-6)  # the weights of luma are float32


def test_places_are_weighed_by_channel_and_start_alike() -> None:
    torch.manual_seed(0)
    encoder, batch = FrameEncoder(widths=(8, 16), blocks=(1, 1), places=4).double().eval(), crops(2, 16, 16)
    maps: list[Tensor] = []
    encoder.stages.register_forward_hook(lambda _, __, made: maps.append(made.detach()))
    torch.testing.assert_close(encoder.frames(batch), maps[0].mean(dim=(2, 3)))
    assert encoder.places is not None
    nn.init.normal_(encoder.places)
    features, weights = encoder.frames(batch).detach().numpy(), 1 + encoder.places.detach().numpy()
    for b in range(2):
        for c in range(16):
            at = [weights[c, i, j] * maps[1][b, c, i, j].item() for i in range(4) for j in range(4)]
            assert features[b, c] == pytest.approx(sum(at) / 16, abs=1e-12)


def test_frozen_frames_leave_only_the_pooling_of_frames_to_learn() -> None:
    encoder = FrameEncoder(widths=(8, 16), blocks=(1, 1), places=4)
    encoder.freeze_frames()
    assert {name for name, p in encoder.named_parameters() if p.requires_grad} == {
        "to_change.0.weight",
        "to_change.2.weight",
    }


@pytest.mark.parametrize(("gain", "offset"), [(0.5, 0), (0.5, 100), (1, 60), (1.4, -10)])
def test_light_hardly_matters(gain: float, offset: float) -> None:
    torch.manual_seed(0)
    encoder = small()
    face = torch.linspace(20, 180, 256).byte().reshape(1, 16, 16, 1).expand(1, 16, 16, 3)
    seen = seen_by(encoder.stem)
    encoder.frames(face)
    encoder.frames((face.double() * gain + offset).clamp(0, 255).round().byte())
    assert (seen[0] - seen[1]).square().mean().sqrt() < 0.06  # of a signal with rms 1


def test_a_black_crop_has_a_feature() -> None:
    assert small().frames(torch.zeros(1, 16, 16, 3, dtype=torch.uint8)).isfinite().all()


def test_pooling_is_its_equation() -> None:
    torch.manual_seed(0)
    encoder, f = small(), torch.randn(3, 4, 16, dtype=torch.float64)
    first, last = value(encoder.to_change[0]), value(encoder.to_change[2])
    erf = np.vectorize(lambda v: torch.erf(torch.tensor(v, dtype=torch.float64)).item())
    for m in range(3):
        frames = f[m].numpy()
        mean = sum(frames[t] for t in range(4)) / 4
        hidden = first @ np.concatenate([frames[t] - mean for t in range(4)])
        hidden = hidden * 0.5 * (1 + erf(hidden / np.sqrt(2)))
        np.testing.assert_allclose(encoder.pool(f)[m].detach().numpy(), mean + last @ hidden, atol=1e-9)


@settings(deadline=None, max_examples=25)
@given(length=st.integers(1, 8), seed=st.integers(0, 2**31))
def test_a_frozen_instance_is_treated_as_its_one_frame(length: int, seed: int) -> None:
    torch.manual_seed(seed)
    encoder, frame = small(length), torch.randn(2, 16, dtype=torch.float64)
    assert torch.equal(encoder.pool(frame[:, None].expand(2, length, 16)), frame)


def test_a_still_is_encoded_as_the_frame_network_encodes_it() -> None:
    torch.manual_seed(0)
    encoder, still = small(), crops(2, 16, 16)
    pieces = encoder(still[:, None])
    assert torch.equal(pieces, encoder.frames(still))
    assert torch.equal(encoder.pool(pieces[:, None].expand(2, 4, -1)), pieces)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**31))
def test_pooling_carries_what_the_frames_share_straight_through(seed: int) -> None:
    torch.manual_seed(seed)
    encoder, f, shared = small(), *torch.randn(2, 1, 4, 16, dtype=torch.float64)
    shared = shared[:, :1]
    torch.testing.assert_close(encoder.pool(f + shared), encoder.pool(f) + shared[:, 0], rtol=0, atol=1e-9)


def test_pooling_starts_as_the_mean_and_sees_order_once_trained() -> None:
    torch.manual_seed(0)
    f = torch.randn(2, 4, 16)
    fresh = FrameEncoder(widths=(8, 16), blocks=(1, 1))
    torch.testing.assert_close(fresh.pool(f), f.mean(dim=1))
    trained = small()
    assert (trained.pool(f.double()) - trained.pool(f.double().flip(1))).abs().max() > 0.1


def test_instances_of_another_length_are_refused() -> None:
    with pytest.raises(EinopsError):
        small()(crops(2, 2, 16, 16))
    with pytest.raises(EinopsError):
        small().pool(torch.randn(2, 3, 16).double())
    with pytest.raises(EinopsError):
        R3D18().pool(torch.randn(2, 4, 512))


@pytest.mark.parametrize("make", [small, R3D18], ids=["light", "r3d_18"])
def test_pieces_do_not_see_each_other(make: Callable[[], FrameEncoder | R3D18]) -> None:
    torch.manual_seed(0)
    encoder = make().double().eval()
    batch = crops(3, encoder.piece, 16, 16)
    together = encoder(batch)
    assert together.shape == (3, encoder.features)
    for m in range(3):
        torch.testing.assert_close(encoder(batch[m : m + 1])[0], together[m], rtol=0, atol=1e-12)


def test_r3d_18_has_the_state_dict_of_torchvision() -> None:
    expected = {"stem.0.weight": (64, 3, 3, 7, 7)}

    def norm(name: str, width: int) -> None:
        expected.update({f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")})
        expected[f"{name}.num_batches_tracked"] = ()

    norm("stem.1", 64)
    inputs = 64
    for layer, width in enumerate((64, 128, 256, 512), start=1):
        for block in range(2):
            name = f"layer{layer}.{block}"
            for conv in ("conv1", "conv2"):
                expected[f"{name}.{conv}.0.weight"] = (width, inputs, 3, 3, 3)
                norm(f"{name}.{conv}.1", width)
                if conv == "conv1" and inputs != width:
                    expected[f"{name}.downsample.0.weight"] = (width, inputs, 1, 1, 1)
                    norm(f"{name}.downsample.1", width)
                inputs = width
    with torch.device("meta"):
        state = R3D18().state_dict()
    assert {key: tuple(tensor.shape) for key, tensor in state.items()} == expected


def test_r3d_18_normalises_as_its_kinetics_weights_expect() -> None:
    torch.manual_seed(0)
    encoder, batch = R3D18().eval(), crops(1, 4, 16, 16)
    seen = seen_by(encoder.stem)
    encoder(batch)
    mean, std = (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)
    for channel in range(3):
        expected = (batch[0, ..., channel].numpy() / 255 - mean[channel]) / std[channel]
        np.testing.assert_allclose(seen[0][0, channel].numpy(), expected, atol=1e-5)
