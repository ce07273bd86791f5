"""What an engine may run on, by name."""

from __future__ import annotations

from typing import Literal, get_args

Device = Literal["auto", "cpu", "openvino", "cuda", "tensorrt", "tensorrt-rtx"]
DEVICES: tuple[str, ...] = get_args(Device)
TRITON = "triton://"
DEVICE = rf"^({'|'.join(DEVICES)}|{TRITON}[\w.-]+(:\d{{1,5}})?)$"
"""Besides these, a server."""
