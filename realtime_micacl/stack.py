"""Gives a thread a stack that is large enough for the libraries it calls."""

from __future__ import annotations

from threading import Thread, stack_size

BYTES = 8 << 20


def started(thread: Thread) -> None:
    """Start a thread with room enough, however little the program around has set for its own."""
    before = stack_size(0)  # the system's own, from now on
    try:
        if before:
            stack_size(max(before, BYTES))
        thread.start()
    finally:
        stack_size(before)
