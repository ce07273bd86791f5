"""What an error of FFmpeg says, in words."""

from __future__ import annotations

from typing import Any

import av


def fell_silent(cause: Any) -> bool:
    """Say whether FFmpeg timed out."""
    return isinstance(cause, av.error.ExitError | av.error.TimeoutError)


def reason_of(cause: Any) -> str:
    """Return what FFmpeg or the system says, without the address, which may hold a password."""
    if fell_silent(cause):
        return "it stopped sending"
    return getattr(cause, "strerror", None) or type(cause).__name__
