"""What every program with a window needs: a check that there is a screen, and the handling of signals."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from realtime_micacl.errors import ConfigError
from realtime_micacl.wording import why

X_PORT, ANSWER_S = 6000, 5.0
HEADLESS = "use --headless for readings without a window"
ENDS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closing terminal call `stop`; signals that are ignored, as by nohup, stay so.

    After the first signal, further ones are ignored until the program has ended.
    """
    ends = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal ends
        ends = True
        stop()

    heeded = [number for number in ENDS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, on_signal) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if ends else signal.SIG_DFL if handler is None else handler)


def open_screen(instead: str = HEADLESS) -> None:
    """Make Qt ready for a window; raise ConfigError, or exit with a message, if none can be shown.

    `instead` is the part of the message that says what works without a window.
    """
    if sys.platform == "linux":
        _look_for_one(os.environ, instead)
        if os.environ.get("WAYLAND_DISPLAY") == "":  # to Qt it would count as set
            del os.environ["WAYLAND_DISPLAY"]
    try:
        from realtime_micacl_ui.qt import application

        application("realtime-micacl")
    except ImportError as cause:
        raise ConfigError(f"the window cannot be shown ({cause}); see `realtime-micacl doctor`; {instead}") from cause


def _look_for_one(environ: Mapping[str, str], instead: str) -> None:
    """Raise ConfigError if there is no screen, or one over the network that does not answer."""
    display, wayland, wanted = (environ.get(name, "") for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if not (display or wayland or wanted):
        raise ConfigError(f"no display was found (DISPLAY is not set); {instead}")
    if wayland and not (display or wanted):
        place = Path(environ.get("XDG_RUNTIME_DIR", "/run")) / wayland
        if not place.exists():
            raise ConfigError(f"no window can be shown: there is no Wayland server at {place}; {instead}")
    far = re.fullmatch(r"(?:tcp/)?([\w.-]+):(\d+)(?:\.\d+)?", display)
    if far and far[1] != "unix" and not wayland and wanted in ("", "xcb"):
        try:
            socket.create_connection((far[1], X_PORT + int(far[2])), ANSWER_S).close()
        except (OSError, OverflowError) as cause:
            text = f"no window can be shown: no X server answers at DISPLAY={display} ({why(cause)}); {instead}"
            raise ConfigError(text) from cause
