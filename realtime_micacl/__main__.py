"""`python -m realtime_micacl` is `realtime-micacl`."""

from __future__ import annotations

import sys

from realtime_micacl.standard import made_usable


def main() -> None:
    """Run the command; what takes a second to import is imported only now, so that Ctrl-C is met there too."""
    made_usable()
    try:
        from realtime_micacl.programs import cli
    except KeyboardInterrupt:
        sys.exit(130)
    cli.main()


if __name__ == "__main__":
    main()
