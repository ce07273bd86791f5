"""The command `realtime-micacl`: with no verb the live job, otherwise the verb's module."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, TextIO

from realtime_micacl.errors import ConfigError, MicaclError, StageFailed
from realtime_micacl.installed import install_command, not_loaded
from realtime_micacl.live.sources.source import redacted
from realtime_micacl.programs.arguments import parser, settings_from
from realtime_micacl.programs.journal import configure_log
from realtime_micacl.programs.live import INTERRUPTED, live
from realtime_micacl.programs.parser import MODULES, VERBS, check_empty
from realtime_micacl.stdio import flushed, say
from realtime_micacl.wording import NO_MEMORY, plain, short, starved, why

log = logging.getLogger(__name__)

WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EAGAIN, errno.EROFS, errno.ENXIO}
"""Errors with which the system refuses to write."""


def main(on_interrupt: Any) -> None:
    """Run the command with `on_interrupt` as the handler of SIGINT, and exit with its code."""
    outside = signal.getsignal(signal.SIGINT)
    try:
        try:
            signal.signal(signal.SIGINT, on_interrupt)
            code = run(sys.argv[1:])
        finally:
            if signal.getsignal(signal.SIGINT) is on_interrupt:  # an interrupted run has set it to ignore more of them
                signal.signal(signal.SIGINT, outside)
    except SystemExit as end:  # of the parser
        code = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        code = INTERRUPTED
    if (cause := flushed()) and not code:
        say(f"the output cannot be written: {why(cause)}")
        code = StageFailed.exit_code
    if threading.active_count() > 1 or sys.flags.inspect:  # a device holds a thread, or Python would show the exit
        os._exit(code)
    sys.exit(code)


def run(argv: Sequence[str]) -> int:
    """Run the command line `argv` and return the exit code."""
    configure_log("warning")
    try:
        check_empty(argv)
        if argv and argv[0] in VERBS:
            _verb(argv[0]).main(argv[1:])
            return 0
        arguments = parser().parse(argv)
        if arguments.list_cameras:
            _list_cameras(sys.stdout)
            return 0
        return live(settings_from(arguments))
    except MicaclError as error:
        log.debug("the error came from here", exc_info=True)
        say(redacted(str(error)))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left first, which is no error
        return 0
    except OSError as cause:
        log.debug("the error came from here", exc_info=True)
        refused = "the output cannot be written" if cause.errno in WRITING else "the system refused a call"
        say(f"{cause.filename or refused}: {why(cause)}")
        return StageFailed.exit_code
    except Exception as cause:
        if not (text := NO_MEMORY if starved(cause) else not_loaded(cause, _extra(argv))):
            raise
        log.debug("the error came from here", exc_info=True)
        say(text)
        return StageFailed.exit_code if text == NO_MEMORY else ConfigError.exit_code


def _verb(name: str) -> ModuleType:
    """Return the module of a verb; raise ConfigError if a package it needs is not there or does not load."""
    try:
        return import_module(f"realtime_micacl.{MODULES[name]}")
    except ModuleNotFoundError as cause:
        mend = install_command(_extra([name]))
        raise ConfigError(f"`realtime-micacl {name}` needs {cause.name}, which is not installed: {mend}") from cause
    except ValueError as cause:  # of a library that takes settings from the environment as soon as it is loaded
        kept = "a library refuses an environment variable, such as TQDM_MININTERVAL or MPLBACKEND; unset it"
        raise ConfigError(f"`realtime-micacl {name}` cannot start: {kept}: {short(cause)}") from cause


def _extra(argv: Sequence[str]) -> str:
    """Return the extra that brings what a verb needs; empty if it needs none."""
    return "train" if argv and MODULES.get(argv[0], "").startswith("making.") else ""


def _list_cameras(out: TextIO) -> None:
    from realtime_micacl.live.sources.camera import list_cameras

    cameras = list_cameras()
    for index, name in cameras.items():
        out.write(f"{index}  {plain(name)}\n")
    if not cameras:
        out.write("no camera was found\n")
