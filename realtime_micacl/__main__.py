"""`python -m realtime_micacl` is `realtime-micacl`."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command; what takes time to import is imported only now, so that Ctrl-C is met there too."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # what it raises, NumPy would take for a broken installation
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    if sys.platform != "win32":  # whoever started it may have blocked them, by which nobody could end it
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # of a camera that is away it warns at every try, for days
    os.environ["PYTHONSAFEPATH"] = "1"  # for processes of ours: a logging.py of the folder they run in is not Python's
    from realtime_micacl.stdio import make_usable, say
    from realtime_micacl.wording import NO_MEMORY, starved

    make_usable()
    try:
        from realtime_micacl.programs import cli
    except ImportError as cause:
        from realtime_micacl.installed import not_loaded

        if not (text := NO_MEMORY if starved(cause) else not_loaded(cause)):
            raise
        say(text)
        sys.exit(5 if text == NO_MEMORY else 2)
    cli.main(before)


if __name__ == "__main__":
    main()
