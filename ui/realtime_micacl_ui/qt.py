"""Qt's application, made before all else of it, and its last words: without a screen it ends its process."""

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

GONE = "connection broke"  # so X11 and Wayland say that the screen's server has gone; then Qt leaves

SCREEN_GONE = StageFailed("the screen is gone, and the window with it")

_application: list[QCoreApplication] = []  # Qt wants it to outlive every window
_shown: list[Callable[[], Iterable[LiveSession]]] = []
_said: list[str] = []


def application(name: str) -> None:
    """Make the application, if there is none yet; end the process in one line where no window can be shown."""
    if QApplication.instance() is None:
        qInstallMessageHandler(_heard)
        _application.append(QApplication([name]))
        for text in _said:
            log.info("%s", text)


@contextmanager
def ended_with_the_screen(sessions: Callable[[], Iterable[LiveSession]]) -> Iterator[None]:
    """Within the block end `sessions` in good order before the process ends, should the screen's server go."""
    _shown.append(sessions)
    try:
        yield
    finally:
        _shown.remove(sessions)


def _heard(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
    """Take what Qt says; after some of it Qt does not return, so this is where it is met."""
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
    elif not _application:  # another way may still lead to a window
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
