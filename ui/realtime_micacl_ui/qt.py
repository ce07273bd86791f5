"""Qt's application, and handling Qt's fatal messages: without a screen it ends the process."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from PyQt6.QtCore import QCoreApplication, QMessageLogContext, QtMsgType, qInstallMessageHandler
from PyQt6.QtWidgets import QApplication

from realtime_micacl.errors import ConfigError, StageFailed
from realtime_micacl.live.session import LiveSession

log = logging.getLogger(__name__)

GONE = "connection broke"  # in the message of X11 and Wayland that the display server has gone; then Qt exits

SCREEN_GONE = StageFailed("the screen is gone, and the window with it")

_application: list[QCoreApplication] = []  # Qt wants it to outlive every window
_shown: list[Callable[[], Iterable[LiveSession]]] = []
_said: list[str] = []


def application(name: str) -> None:
    """Make the application, if there is none yet; exit with a message if no window can be shown."""
    if QApplication.instance() is None:
        os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")  # parts drawn by threads take more in all
        qInstallMessageHandler(_heard)
        _application.append(QApplication([name]))
        for text in _said:
            log.info("%s", text)


@contextmanager
def ended_with_the_screen(sessions: Callable[[], Iterable[LiveSession]]) -> Iterator[None]:
    """Within the block, end `sessions` properly before the process ends, if the display server goes away."""
    _shown.append(sessions)
    try:
        yield
    finally:
        _shown.remove(sessions)


def _heard(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
    """Handle a message of Qt; after a fatal one Qt ends the process, so it is handled here."""
    text = " ".join((text or "").split())
    if kind is QtMsgType.QtFatalMsg:
        if _application:
            _leave(f"the window failed: {text}", StageFailed)
        reason = (_said or [text])[0].rstrip(".")
        _leave(f"no window can be shown: {reason}; use --headless, or ask `realtime-micacl doctor`", ConfigError)
    elif GONE in text:
        for sessions in _shown:
            for session in sessions():
                session.leave(SCREEN_GONE)
        _leave(str(SCREEN_GONE), StageFailed)
    elif not _application:  # Qt may still find another platform that works
        _said.append(text)
    elif kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg):
        log.warning("%s", text)
    else:
        log.debug("%s", text)


def _leave(text: str, error: type[ConfigError] | type[StageFailed]) -> None:
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.write(f"realtime-micacl: {text}\n")
        sys.stderr.flush()
    os._exit(error.exit_code)
