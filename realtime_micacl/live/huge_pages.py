"""Memory in pages of 2 MB where Linux has them, since looking up pages of 4 KB took a fifth of the processor.

Networks, their numbers and decoded pictures lie in some hundred MB, of which each tick goes through a good part. Who
set transparent huge pages to `never` keeps what the system does; Linux before 6.1 and other systems do, too.
"""

from __future__ import annotations

import ctypes
import logging
import mmap
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic

import numpy as np

log = logging.getLogger(__name__)

ENABLED = Path("/sys/kernel/mm/transparent_hugepage/enabled")
MAPS = Path("/proc/self/maps")
HELD = Path("/proc/self/statm")
LARGE, PAGE = 2 << 20, mmap.PAGESIZE  # bytes
COLLAPSE = 25  # MADV_COLLAPSE of <linux/mman.h>
SETTLED_S = 3.0  # by then all that a program works with has been opened
AGAIN_S = 60.0  # what came since then is worth another go
FILLED = 0.95  # of a large page: one that holds less would take the rest of it for nothing
MOST = 1 << 30  # bytes in memory; a process that holds more holds data of somebody else's, which would take seconds

_gathered_s = -float("inf")


def gather_when_settled(begun_s: float) -> None:
    """Gather memory once what began at `begun_s` has settled, and once a minute at most."""
    global _gathered_s
    now_s = monotonic()
    if now_s - begun_s > SETTLED_S and now_s - _gathered_s > AGAIN_S:
        _gathered_s = now_s
        gather_memory()


def gather_memory() -> None:
    """Bring what this process holds by now into large pages, unless that is much; it takes a tenth of a second.

    What it no longer uses, as after opening its models, goes back to the system first.
    """
    if not _allowed() or _held() > MOST:
        return
    started_s = monotonic()
    try:
        system = ctypes.CDLL(None)
        if hasattr(system, "malloc_trim"):  # glibc
            system.malloc_trim(0)
        madvise = system.madvise
        madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        found = [at for one in ranges(MAPS.read_text().splitlines()) for at in filled(system, *one)]
    except (OSError, AttributeError):
        return
    done = [at for at in found if madvise(at, LARGE, COLLAPSE) == 0]  # else it stays
    log.debug("%.0f MB are in large pages, after %.2f s", len(done) * LARGE / 1e6, monotonic() - started_s)


def filled(system: ctypes.CDLL, start: int, end: int) -> Iterator[int]:
    """Yield the large pages of a range, in whole ones, of which most is in memory, as the system's library knows."""
    there = np.zeros((end - start) // PAGE, np.uint8)
    system.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    if system.mincore(start, end - start, there.ctypes.data) == 0:
        shares = (there & 1).reshape(-1, LARGE // PAGE).mean(axis=1)
        yield from (start + n * LARGE for n in np.flatnonzero(shares >= FILLED).tolist())


def ranges(maps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield where memory of our own, no file's and no stack's, fills whole large pages: from and to."""
    for line in maps:
        place, rights, _, _, inode, *name = line.split()
        if rights != "rw-p" or inode != "0" or name not in ([], ["[heap]"]):
            continue
        start, end = (int(at, 16) for at in place.split("-"))
        start, end = -(-start // LARGE) * LARGE, end // LARGE * LARGE
        if start < end:
            yield start, end


def _held() -> int:
    return int(HELD.read_text().split()[1]) * PAGE


def _allowed() -> bool:
    try:
        return sys.platform == "linux" and "[never]" not in ENABLED.read_text()
    except OSError:  # a kernel without them
        return False
