"""Moves this process's memory into pages of 2 MB: looking up pages of 4 KB took a fifth of the processor.

Each tick touches much of some hundred MB of weights, features and pictures. Nothing happens where transparent huge
pages are set to `never`, on Linux before 6.1, and on other systems.
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
STATM = Path("/proc/self/statm")
LARGE, PAGE = 2 << 20, mmap.PAGESIZE  # bytes
COLLAPSE = 25  # MADV_COLLAPSE of <linux/mman.h>
FREED = 8 << 20  # bytes; glibc keeps twice as much as the largest piece that it mapped and that was freed
SETTLED_S = 3.0  # after its start a program has opened what it works with
AGAIN_S = 60.0  # how long until it is worth doing again
FILLED = 0.95  # share of a large page that must be in use, or else the rest would be wasted
MOST = 1 << 30  # bytes; a process that uses more holds somebody else's data, and moving that would take seconds

_gathered_s = -float("inf")


def gather_when_settled(begun_s: float) -> None:
    """Gather memory once a session that began at `begun_s` (monotonic) has settled, at most once a minute."""
    global _gathered_s
    now_s = monotonic()
    if now_s - begun_s > SETTLED_S and now_s - _gathered_s > AGAIN_S:
        _gathered_s = now_s
        gather_memory()


def gather_memory() -> None:
    """Move the memory that this process uses now into large pages; takes a tenth of a second.

    First it returns to the system what is free, such as what opening the models needed; from then on glibc keeps up to
    twice FREED bytes that a thread frees, so that no picture waits for the system to clear its pages. Does nothing
    above MOST bytes.
    """
    if not _worth_it():
        return
    started_s = monotonic()
    try:
        system = ctypes.CDLL(None)
        if hasattr(system, "malloc_trim"):  # glibc
            system.malloc_trim(0)
            np.empty(FREED, np.uint8)  # freed at once, and never touched
        madvise = system.madvise
        madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        found = [at for one in ranges(MAPS.read_text().splitlines()) for at in filled(system, *one)]
    except (OSError, AttributeError):
        return
    done = [at for at in found if madvise(at, LARGE, COLLAPSE) == 0]  # the others stay as they are
    log.debug("%.0f MB are in large pages, after %.2f s", len(done) * LARGE / 1e6, monotonic() - started_s)


def filled(system: ctypes.CDLL, start: int, end: int) -> Iterator[int]:
    """Yield the addresses of those large pages of a range, in bytes, that are mostly in memory, by mincore(2)."""
    there = np.zeros((end - start) // PAGE, np.uint8)
    system.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    if system.mincore(start, end - start, there.ctypes.data) == 0:
        shares = (there & 1).reshape(-1, LARGE // PAGE).mean(axis=1)
        yield from (start + n * LARGE for n in np.flatnonzero(shares >= FILLED).tolist())


def ranges(maps: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield start and end of each range of private memory (no file, no stack) that fills whole large pages."""
    for line in maps:
        place, rights, _, _, inode, *name = line.split()
        if rights != "rw-p" or inode != "0" or name not in ([], ["[heap]"]):
            continue
        start, end = (int(at, 16) for at in place.split("-"))
        start, end = -(-start // LARGE) * LARGE, end // LARGE * LARGE
        if start < end:
            yield start, end


def _worth_it() -> bool:
    try:
        allowed = sys.platform == "linux" and "[never]" not in ENABLED.read_text()
        return allowed and int(STATM.read_text().split()[1]) * PAGE <= MOST
    except OSError:  # a kernel without them, a system without /proc
        return False
