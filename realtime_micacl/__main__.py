"""`python -m realtime_micacl` is `realtime-micacl`."""

from __future__ import annotations

import sys

from realtime_micacl.standard import NO_MEMORY, made_usable, said, starved


def main() -> None:
    """Run the command; what takes a second to import is imported only now, so that Ctrl-C is met there too."""
    made_usable()
    try:
        from realtime_micacl.programs import cli
    except KeyboardInterrupt:
        sys.exit(130)
    except ImportError as cause:
        if not starved(cause):
            raise
        said(NO_MEMORY)
        sys.exit(5)
    cli.main()


if __name__ == "__main__":
    main()
