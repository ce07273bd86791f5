"""The names of devices that an engine can run on, and the number of cores."""

from __future__ import annotations

import os
from typing import Literal, get_args

Device = Literal["auto", "cpu", "openvino", "cuda", "tensorrt", "tensorrt-rtx"]
DEVICES: tuple[str, ...] = get_args(Device)
TRITON = "triton://"
DEVICE = rf"^({'|'.join(DEVICES)}|{TRITON}([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{{1,5}})?)$"
"""The pattern of all of them, and of a server."""


def cores() -> int:
    """Return the number of processor cores that this process may use; fewer than there are on a shared machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
