"""`realtime-micacl report SESSION`: show a recording, or what `process` made of a folder, as one page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from realtime_micacl.errors import ConfigError, SourceError
from realtime_micacl.files import write_whole
from realtime_micacl.options import VerbParser
from realtime_micacl.report.html import SIGN
from realtime_micacl.wording import why


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    p = VerbParser(prog="realtime-micacl report", description="Show a session as one page of HTML.")
    what = "a recording (.jsonl, .csv, .parquet), several that follow one another, or the folder that process wrote"
    p.add_argument("session", type=Path, nargs="+", metavar="SESSION", help=what)
    p.add_argument("--to", type=Path, metavar="FILE", help="the page (default: beside the session, ending in .html)")
    arguments = p.parse_args(argv)
    first: Path = arguments.session[0]
    target = arguments.to or (first / "report.html" if first.is_dir() else first.with_name(f"{first.name}.html"))
    report(arguments.session, target)
    sys.stdout.write(f"{target}\n")


def report(paths: Sequence[Path], target: Path) -> None:
    """Write the page of a session; raise SourceError if that cannot be read, ConfigError if the page cannot."""
    from realtime_micacl.report.folder import folder_page
    from realtime_micacl.report.page import page
    from realtime_micacl.report.session import read_session

    for path in paths:
        try:
            path.stat()
        except OSError as cause:
            raise SourceError(f"{path} cannot be read: {why(cause)}; check the path") from cause
    try:
        if target.exists() and not target.read_text("utf-8", errors="replace").startswith(SIGN):
            raise ConfigError(f"{target} exists, is not a report and is not overwritten; name another with --to")
        if paths[0].is_dir() and len(paths) > 1:
            raise ConfigError(f"{paths[0]} is a folder; give one folder, or recordings")
        whole = folder_page(paths[0]) if paths[0].is_dir() else page(read_session(paths))
        write_whole(target, whole)
    except OSError as cause:
        raise ConfigError(f"{target} cannot be written: {why(cause)}; name another with --to") from cause
