"""What every verb with a window needs: a screen to show it on, and an end when the system asks for one."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType, ModuleType

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.session import LiveSession
from realtime_micacl.live.streams import Streams


@contextmanager
def stopped_by_signals(session: LiveSession | Streams) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end what runs in good order."""

    def stop(number: int, frame: FrameType | None) -> None:
        session.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def open_screen(module: str) -> ModuleType:
    """Return a module of the window; raise ConfigError where none can be shown."""
    shown = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform == "linux" and not shown:
        raise ConfigError("no display was found (DISPLAY is not set); use --headless for readings without a window")
    try:
        return import_module(f"realtime_micacl_ui.{module}")
    except ImportError as cause:
        raise ConfigError(
            f"the window cannot be shown ({cause}); see `realtime-micacl doctor`, or use --headless"
        ) from cause
