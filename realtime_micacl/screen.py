"""What every verb with a window needs: a screen to show it on, and an end when the system asks for one."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType, ModuleType

from realtime_micacl.errors import ConfigError

ENDS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a terminal that is closed call `stop`; what is ignored, as by nohup, stays ignored."""

    def told(number: int, frame: FrameType | None) -> None:
        stop()

    heeded = [number for number in ENDS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, told) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


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
