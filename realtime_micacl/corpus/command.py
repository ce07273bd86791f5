"""`realtime-micacl process FOLDER OUT`: read a folder of videos."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from realtime_micacl.corpus.job import Wanted
from realtime_micacl.corpus.process import Report, process
from realtime_micacl.corpus.results import FAILED, SUMMARY
from realtime_micacl.corpus.tables import FORMS
from realtime_micacl.errors import SomeFailed
from realtime_micacl.options import VerbParser
from realtime_micacl.programs.arguments import add_reading, settings_from
from realtime_micacl.programs.screen import stopped_by_signals
from realtime_micacl.wording import counted


def main(argv: Sequence[str]) -> None:
    """Run the verb; raise SomeFailed where clips could not be read, KeyboardInterrupt where it was interrupted."""
    p = VerbParser(
        prog="realtime-micacl process",
        description="Read every video under FOLDER; write its readings, and a summary of all, to OUT."
        " The same command continues an interrupted run.",
        allow_abbrev=False,
    )
    p.add_argument("folder", type=Path, metavar="FOLDER", help="where the clips are, folders in it included")
    p.add_argument("out", type=Path, metavar="OUT", help="a folder for the results, new or of an earlier run")
    p.add_argument("--jobs", type=int, metavar="N", help="worker processes (default: one per core, if memory allows)")
    p.add_argument(
        "--format", choices=FORMS, default="jsonl", dest="form", help="format of the readings (default jsonl)"
    )
    p.add_argument("--again", action="store_true", help="read all clips again, even with other settings than before")
    p.add_argument("--video", action="store_true", help="write each clip with its readings drawn in: pictures of faces")
    p.add_argument("--blur-faces", action="store_true", help="blur the faces in those videos")
    p.add_argument("--ray", metavar="ADDRESS", help="run on a Ray cluster: HOST:PORT, or auto")
    add_reading(p)
    arguments = p.parse_args(argv)
    folder, out, form, video, blur = (vars(arguments).pop(n) for n in ("folder", "out", "form", "video", "blur_faces"))
    how = {name: vars(arguments).pop(name) for name in ("jobs", "again", "ray")}
    wanted = Wanted(settings_from(arguments), form, video, blur)
    stop = threading.Event()
    with stopped_by_signals(stop.set):
        report = process(folder, out, wanted, **how, interrupted=stop.is_set)
    sys.stdout.write(ending_of(report))
    if stop.is_set():
        raise KeyboardInterrupt
    if report.failed:
        raise SomeFailed(f"{counted(len(report.failed), 'clip')} could not be read; {report.out / FAILED} says why")


def ending_of(report: Report) -> str:
    """Return how it ended, for people."""
    left = f", {report.left} left; the same command goes on" if report.left else ""
    gone = (
        f"\nno longer there, and not in the summary: {counted(report.gone, 'clip')} of earlier runs"
        if report.gone
        else ""
    )
    return f"{counted(report.done, 'clip')} read, {len(report.failed)} failed{left}: {report.out / SUMMARY}{gone}\n"
