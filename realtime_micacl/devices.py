"""What an engine may run on, by name, and how many cores are there for us."""

from __future__ import annotations

import os
from typing import Literal, get_args

Device = Literal["auto", "cpu", "openvino", "cuda", "tensorrt", "tensorrt-rtx"]
DEVICES: tuple[str, ...] = get_args(Device)
TRITON = "triton://"
DEVICE = rf"^({'|'.join(DEVICES)}|{TRITON}[\w.-]+(:\d{{1,5}})?)$"
"""Besides these, a server."""


def cores() -> int:
    """Return how many processor cores this process may use; on a shared machine that is fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
