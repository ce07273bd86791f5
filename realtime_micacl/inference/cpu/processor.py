"""What the processor can do that decides between engines."""

from __future__ import annotations

from functools import cache
from pathlib import Path

DOT_PRODUCTS = {"avx512_vnni", "avx_vnni", "asimddp"}


@cache
def multiplies_bytes(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Say whether it has dot products of bytes (VNNI); False where that is not known.

    Without them int8 is slow, and on AVX2 its sums saturate.
    """
    try:
        lines = cpuinfo.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return bool(DOT_PRODUCTS & set(flags.split()))
