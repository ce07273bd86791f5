"""The verb: report look by look, and end with an error where the main job cannot run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from realtime_micacl.doctor.finding import Finding, Look
from realtime_micacl.errors import EngineError
from realtime_micacl.installed import not_loaded
from realtime_micacl.options import VerbParser

NEEDED = ("system", "packages", "display", "detector", "engine")  # by the main job


def main(argv: Sequence[str]) -> None:
    """Run the verb; raise EngineError where the main job cannot run."""
    p = VerbParser(prog="realtime-micacl doctor", description="Report what this machine lacks.")
    p.add_argument("--metrics", metavar="[HOST:]PORT", help="check the session whose metrics are served there")
    p.add_argument("--headless", action="store_true", help="leave out what only a window needs")
    p.add_argument("--tensorrt", action="store_true", help="try the GPU: open the engine on it and compare")
    arguments = p.parse_args(argv)
    marks = {True: "ok     ", False: "MISSING", None: "-      "}
    found: dict[str, bool | None] = {}
    for f in (finding for look in _looks(arguments) for finding in _found(look)):
        found[f.subject] = f.good and found.get(f.subject, True)
        sys.stdout.write(f"{marks[f.good]} {f.subject:<12} {f.said}\n")
        sys.stdout.flush()
    if absent := [subject for subject in NEEDED if found.get(subject) is False]:
        hint = "; to check for use without a window: doctor --headless" if absent == ["display"] else ""
        raise EngineError(f"the program cannot run here: no {' and no '.join(absent)}, see MISSING above{hint}")
    if arguments.tensorrt and not (found.get("try tensorrt") or found.get("try tensorrt-rtx")):
        raise EngineError("neither TensorRT nor TensorRT for RTX can be used here; the lines above say why")


def _found(look: Look) -> Iterator[Finding]:
    """Yield what a look finds; that a package is missing or broken is what is looked for, and ends no report."""
    try:
        yield from look()
    except ImportError as cause:
        yield Finding("packages", False, not_loaded(cause) or str(cause))


def _looks(arguments: argparse.Namespace) -> Sequence[Look]:
    """Return what is looked at, in order; what was not asked for is not imported."""
    if arguments.metrics:
        from realtime_micacl.doctor.session import session

        return [lambda: session(arguments.metrics)]
    from realtime_micacl.doctor import machine
    from realtime_micacl.doctor.gpu import gpu, tensorrt

    if arguments.tensorrt:
        return [machine.system, tensorrt]
    base = [lambda: machine.packages(machine.HEADLESS)] if arguments.headless else [machine.packages, machine.display]
    return [machine.system, *base, machine.cameras, machine.detector, machine.engine, gpu, machine.outlets]
