"""Memory of pictures that are made and freed all the time is not asked of the system for each of them."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

CODE = """
import resource
from threading import Thread
import numpy as np
from realtime_micacl.live import huge_pages

huge_pages._worth_it = lambda: True
huge_pages.ranges = lambda _: []

def count(found):
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(20):
        pictures = [np.ones(2_764_800, np.uint8) for _ in range(4)]
        del pictures
    found.append(resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before)

def counted():
    found = []
    thread = Thread(target=count, args=[found])
    thread.start()
    thread.join()
    return found[0]

before = counted()
huge_pages.gather_memory()
print(before, counted())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other systems are left alone")
def test_freed_pictures_are_kept_for_the_next_ones() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    pages_before, pages = map(int, done.stdout.split())
    one_round = 4 * 2_764_800 // 4096
    assert pages_before > 5 * one_round, "else glibc keeps them by itself, and this is not needed"
    assert pages < 3 * one_round
