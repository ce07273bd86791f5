"""The precision in which encoders are trained."""

from __future__ import annotations

import torch

from realtime_micacl.inference.cpu.processor import multiplies_bfloat16


def half(device: torch.device) -> torch.autocast:
    """Return a context in which torch computes in bfloat16 if the device multiplies it in hardware, else in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu" or multiplies_bfloat16())
