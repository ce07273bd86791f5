"""Starts threads with a stack that is large enough for the libraries they call."""

from __future__ import annotations

from threading import Thread, stack_size

BYTES = 8 << 20


def started(thread: Thread) -> None:
    """Start a thread with a stack of at least BYTES, even if the program around has set a smaller size."""
    before = stack_size(0)  # sets the system's default
    try:
        if before:
            stack_size(max(before, BYTES))
        thread.start()
    finally:
        stack_size(before)
