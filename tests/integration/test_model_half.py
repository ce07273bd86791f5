"""Encoders in half precision against the same in float64."""

from __future__ import annotations

import pytest
import torch

from realtime_micacl.model.backbone import R3D18, FrameEncoder
from realtime_micacl.model.half import halved

ENCODERS = {
    "light": lambda: FrameEncoder(widths=(8, 16, 32), blocks=(1, 2, 1)),
    "light, gdc": lambda: FrameEncoder(widths=(8, 16, 32), blocks=(1, 2, 1), places=4),
    "r3d_18": lambda: R3D18(frames=4),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_half_is_near_float64(name: str) -> None:
    torch.manual_seed(0)
    encoder = ENCODERS[name]()
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d):  # as training leaves them
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    if isinstance(encoder, FrameEncoder) and encoder.places is not None:
        torch.nn.init.normal_(encoder.places)
    encoder.eval()
    size_px = 32 if name != "r3d_18" else 16
    crops = torch.randint(0, 256, (3, encoder.piece if name != "r3d_18" else 4, size_px, size_px, 3), dtype=torch.uint8)
    with torch.inference_mode():
        single = encoder(crops)
        half = halved(encoder)(crops)
        exact = encoder.double()(crops)
    assert half.dtype == torch.float32
    relative = float((half - exact).norm() / exact.norm())
    assert 1e-6 < relative < 3e-3, "half precision must be used, and not cost more than it has to"
    assert (single - exact).norm() / exact.norm() < 1e-5
    assert all(p.dtype == torch.float64 for p in encoder.parameters()), "the original stays as it was"
