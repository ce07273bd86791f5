"""`realtime-micacl bench`: run the real program on a clip and say how fast it is on this machine."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

from realtime_micacl.devices import cores, size_of_memory
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import Sidecar, read_sidecar
from realtime_micacl.live.sources.source import SourceSpec, check, parse_source
from realtime_micacl.measuring import engines, live, passes, plain_loop, stages
from realtime_micacl.options import VerbParser
from realtime_micacl.wording import counted

PARTS = {
    "live": "the program with its window",
    "stages": "each stage and each pass alone",
    "engines": "engines side by side",
    "loop": "a plain cv2 loop, to compare with",
}


def main(argv: Sequence[str]) -> None:
    """Run the verb."""
    parts = "; ".join(f"{name}: {what}" for name, what in PARTS.items())
    p = VerbParser(prog="realtime-micacl bench", description="Measure the real program on this machine.")
    p.add_argument("--source", default="demo", metavar="WHAT", help="what to play; a file is repeated (default demo)")
    p.add_argument("--seconds", type=float, default=20.0, help="how long to run the program (default 20)")
    p.add_argument("--engine", type=Path, metavar="PATH", help="folder of another engine")
    p.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=parts)
    p.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = p.parse_args(argv)
    if not 1 <= arguments.seconds < inf:
        raise ConfigError(f"--seconds {arguments.seconds:g}: measure at least one second")
    spec = parse_source(arguments.source)
    check(spec)
    if arguments.only != ["live"] and not (spec.kind == "file" and Path(spec.value).is_file()):
        raise ConfigError(f"{spec.name} can only be measured live, as the other parts read a video: add --only live")
    if arguments.json and (arguments.json.is_dir() or not arguments.json.parent.is_dir()):
        raise ConfigError(f"--json {arguments.json}: no file can be written there; check the path")
    folder, sidecar = read_sidecar(arguments.engine or default_engine())
    figures = measured(spec, arguments.seconds, folder, sidecar, arguments.only)
    if arguments.json:
        strict = json.loads(json.dumps(figures), parse_constant=lambda _: None)  # null for NaN, which is not in JSON
        arguments.json.write_text(json.dumps(strict, indent=1) + "\n", "utf-8")


def measured(spec: SourceSpec, seconds: float, folder: Path, sidecar: Sidecar, parts: Sequence[str]) -> dict[str, Any]:
    """Measure the parts one after the other, print each when it is done, and return all figures."""
    figures: dict[str, Any] = {"machine": _machine(), "source": spec.name, "engine": sidecar.name}
    _tell([(name, figures[name]) for name in figures])
    if "live" in parts:  # first: the start-up is counted from the start of the process
        figures |= live.measure(spec, seconds, folder, sidecar)
        _tell(live.rows(figures))
    if set(parts) == {"live"}:
        return figures
    own = stages.run_stages(Path(spec.value), folder, sidecar)
    figures["stages"] = own.figures
    if "stages" in parts:
        _tell(stages.table(own.figures))
        figures["passes"] = passes.passes(Path(spec.value))
        _tell(passes.table(figures["passes"]))
    if "engines" in parts:
        if not own.bags:
            raise ConfigError(f"no face was read in {spec.name}, so engines have nothing to do: name a clip with faces")
        figures["engines"] = engines.side_by_side(folder, sidecar, own.bags)
        _tell(engines.table(figures["engines"]))
    if "loop" in parts:
        figures["loop"] = plain_loop.loops(Path(spec.value), own, figures.get("cpu_percent"))
        _tell(plain_loop.table(figures["loop"]))
    return figures


def _tell(rows: Sequence[tuple[str, str]]) -> None:
    sys.stdout.write("".join(f"{name:<12} {figure}".rstrip() + "\n" for name, figure in rows))
    sys.stdout.flush()


def _machine() -> str:
    size = f"{counted(cores(), 'core')}, {size_of_memory()}"
    return f"{size}, {platform.machine()}, Python {platform.python_version()}"
