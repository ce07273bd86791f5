"""The verb `doctor`: print one line for each finding, and end with an error if the program cannot run here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from realtime_micacl.doctor.finding import Check, Finding
from realtime_micacl.errors import EngineError
from realtime_micacl.installed import not_loaded
from realtime_micacl.options import VerbParser

NEEDED = ("system", "packages", "display", "detector", "engine")  # without these nothing can be read


def main(argv: Sequence[str]) -> None:
    """Run the verb; raise EngineError if the program cannot run here."""
    p = VerbParser(prog="realtime-micacl doctor", description="Report what this machine lacks.")
    p.add_argument("--metrics", metavar="[HOST:]PORT", help="check the session whose metrics are served there")
    p.add_argument("--headless", action="store_true", help="skip what only a window needs")
    p.add_argument("--tensorrt", action="store_true", help="try the GPU: open the engine on it and compare its results")
    arguments = p.parse_args(argv)
    marks = {True: "ok     ", False: "MISSING", None: "-      "}
    found: dict[str, bool | None] = {}
    for f in (finding for check in _checks(arguments) for finding in _findings(check)):
        found[f.subject] = f.good and found.get(f.subject, True)
        sys.stdout.write(f"{marks[f.good]} {f.subject:<12} {f.text}\n")
        sys.stdout.flush()
    if absent := [subject for subject in NEEDED if found.get(subject) is False]:
        hint = "; to check for use without a window: doctor --headless" if absent == ["display"] else ""
        raise EngineError(f"the program cannot run here: no {' and no '.join(absent)}, see MISSING above{hint}")
    if arguments.tensorrt and not (found.get("try tensorrt") or found.get("try tensorrt-rtx")):
        raise EngineError("neither TensorRT nor TensorRT for RTX can be used here; the lines above say why")


def _findings(check: Check) -> Iterator[Finding]:
    """Yield what a check finds; a package that is missing or broken is a finding, too, and does not end the report."""
    try:
        yield from check()
    except ImportError as cause:
        yield Finding("packages", False, not_loaded(cause) or str(cause))


def _checks(arguments: argparse.Namespace) -> Sequence[Check]:
    """Return the checks in the order of the report; modules of other checks are not imported."""
    if arguments.metrics:
        from realtime_micacl.doctor.session import session

        return [lambda: session(arguments.metrics)]
    from realtime_micacl.doctor import machine
    from realtime_micacl.doctor.gpu import gpu, tensorrt

    if arguments.tensorrt:
        return [machine.system, tensorrt]
    base = [lambda: machine.packages(machine.HEADLESS)] if arguments.headless else [machine.packages, machine.display]
    return [machine.system, *base, machine.cameras, machine.detector, machine.engine, gpu, machine.outlets]
