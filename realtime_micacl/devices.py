"""The names of devices that an engine can run on; how many cores and how much memory this process may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from math import ceil, inf
from pathlib import Path
from typing import Literal, get_args

Device = Literal["auto", "cpu", "openvino", "cuda", "tensorrt", "tensorrt-rtx"]
DEVICES: tuple[str, ...] = get_args(Device)
TRITON = "triton://"
DEVICE = rf"^({'|'.join(DEVICES)}|{TRITON}([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{{1,5}})?)$"
"""The pattern of all of them, and of a server."""

OLD_PERIOD_US = 1e5  # of `cpu.cfs_quota_us`, which everybody leaves as it is
GROUP, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def cores() -> int:
    """Return how many processor cores this process may use; fewer than there are on a shared machine."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = [float(quota) / float(period) for quota, period in map(str.split, _limits("cpu.max"))]
    given += [float(quota) / OLD_PERIOD_US for quota in _limits("cpu.cfs_quota_us") if quota != "-1"]
    return max(1, ceil(min([there, *given])))


def memory() -> tuple[float, float]:
    """Return how many bytes of memory this process may use, and how many of them are free; infinite if unknown."""
    import psutil  # takes a while to import

    total = free = inf
    with suppress(OSError):  # there is no /proc/meminfo, as in a service with ProcSubset=pid
        found = psutil.virtual_memory()
        total, free = found.total, found.available
    limit = min(map(float, [*_limits("memory.max"), *_limits("memory.limit_in_bytes")]), default=inf)
    return min(total, limit), min(free, limit)


def size_of_memory() -> str:
    """Return how much memory this process may use, in words."""
    total, _ = memory()
    return f"{total / 1e9:.0f} GB memory" if total < inf else "memory unknown"


def _limits(name: str) -> Iterator[str]:
    """Yield the limits called `name` of this process's control groups: of a container, a service or a batch job."""
    try:
        lines = GROUP.read_text().splitlines()
    except OSError:  # another system, or no /proc
        return
    for kinds, _, place in (line.partition(":")[2].partition(":") for line in lines):
        root, inside = GROUPS / kinds, Path(place.lstrip("/"))  # of the newer form, `kinds` is empty
        for folder in {root / inside, *(root / above for above in inside.parents)}:
            with suppress(OSError):
                yield (folder / name).read_text().strip().replace("max", "inf")
