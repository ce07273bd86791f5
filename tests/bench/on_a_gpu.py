"""Runs all checks that need a GPU, the most important first, as far as time allows.

    python tests/bench/on_a_gpu.py --out gpu
    python tests/bench/on_a_gpu.py --out gpu --train "engines/default.toml --ferplus F --london L --rendered R" \\
        --evaluate "--ferplus F --london L --rendered R" --ferplus F --clips "engines/micacl.toml --data prepared"

Each step is a process of its own and gets what is left of --limit-s. figures.json is written after every step, so that
an interrupted run is not lost. `--rehearse` does everything with small sizes on a machine without a GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "tests" / "bench"
Step = tuple[str, list[str], Callable[[Path, str], Any]]
"""Name, command, and what is made of its folder and output."""


def main() -> None:
    p = argparse.ArgumentParser(description="Run everything that only a GPU can show.")
    p.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    p.add_argument("--limit-s", type=float, default=3600.0, help="of all steps together")
    p.add_argument("--only", nargs="+", metavar="STEP", help="leave the others out")
    p.add_argument("--train", metavar="ARGUMENTS", help="what `realtime-micacl train` is given, but --out")
    p.add_argument("--evaluate", default="", metavar="ARGUMENTS", help="what `evaluate` is given for that engine")
    p.add_argument("--ferplus", type=Path, metavar="FILE", help="for the teacher")
    p.add_argument("--clips", metavar="ARGUMENTS", help="what `train` is given for r3d_18, but --out")
    p.add_argument("--wheels", type=Path, metavar="FOLDER", help="packages for a machine that cannot install any")
    p.add_argument("--rehearse", action="store_true", help="in small, on the processor")
    arguments = p.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    own = [ROOT, ROOT / "ui", ROOT / "engines"]  # a machine may have the packages and not the program
    if arguments.wheels:
        own.append(unpacked(arguments.wheels, arguments.out / "site"))
    os.environ["PYTHONPATH"] = os.pathsep.join([*map(str, own), os.environ.get("PYTHONPATH", "")])
    figures: dict[str, Any] = {}
    until_s = monotonic() + arguments.limit_s
    for name, command, read in steps(arguments):
        if arguments.only and name not in arguments.only:
            continue
        started_s = monotonic()
        done, said = run(command, arguments.out / f"{name}.log", until_s - started_s)
        figures[name] = {"took_s": round(monotonic() - started_s, 1), "ended": done}
        try:
            figures[name] |= {"found": read(arguments.out, said)}
        except (OSError, ValueError, KeyError, AttributeError) as cause:
            figures[name] |= {"found": None, "because": f"{cause!r}; {said[-500:]}"}
        (arguments.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
        sys.stderr.write(f"{name}: {done}, {figures[name]['took_s']} s\n")


def unpacked(wheels: Path, site: Path) -> Path:
    """Unpack wheels; return the folder with their packages."""
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    return site.absolute()


def run(command: list[str], log: Path, limit_s: float) -> tuple[int | str, str]:
    """Run a command; return its exit code, or that time was up, and what it said, which is also kept."""
    if limit_s <= 1:
        return "no time left", ""
    with log.open("w", encoding="utf-8") as stream:
        try:
            done = subprocess.run(command, cwd=ROOT, stdout=stream, stderr=stream, timeout=limit_s, check=False)
            code: int | str = done.returncode
        except subprocess.TimeoutExpired:
            code = "time was up"
    return code, log.read_text("utf-8", "replace")


def steps(arguments: argparse.Namespace) -> list[Step]:
    """Return the steps."""
    out, small = arguments.out.absolute(), arguments.rehearse
    python, device = sys.executable, "processor" if small else "cuda"
    paper = "light" if small else "micacl"  # r3d_18 is too slow on a processor
    program = [python, "-m", "realtime_micacl"]
    tests = [python, "-m", "pytest", "-q", "-rf", "tests/integration/gpu"]
    tests += ["-k", "test_replayed"] if small else ["-m", "gpu and not tensorrt"]
    engine = ["--windows", "30" if small else "45000"]
    wide = ["--engine", str(out / "r3d"), "--windows", "3" if small else "2000"]
    found: list[Step] = [
        ("floor", [python, str(BENCH / "gpu_floor.py"), "--json", str(out / "floor.json")], _file("floor.json")),
        ("tests", tests, _counts),
        ("default", _bench(device, out / "default.json", *engine), _file("default.json")),
        ("r3d-engine", [python, str(BENCH / "untrained.py"), f"engines/{paper}.toml", str(out / "r3d")], _said),
        ("r3d", _bench(device, out / "r3d.json", *wide), _file("r3d.json")),
        (
            "r3d-floor",
            [python, str(BENCH / "gpu_floor.py"), "--engine", str(out / "r3d"), "--json", str(out / "r3d-floor.json")],
            _file("r3d-floor.json"),
        ),
    ]
    if arguments.train:
        given = shlex.split(arguments.train)
        found.append(("train", [*program, "train", *given, "--out", str(out / "trained")], _history("trained")))
        found.append(("export", [*program, "export", str(out / "trained"), str(out / "engine")], _said))
        if arguments.evaluate:
            asked = [*shlex.split(arguments.evaluate), "--json", str(out / "scores.json")]
            found.append(("evaluate", [*program, "evaluate", str(out / "engine"), *asked], _file("scores.json")))
    knobs = [python, str(BENCH / "gpu_floor.py"), "--knobs", "--json", str(out / "knobs.json")]
    found.append(("knobs", knobs, _file("knobs.json")))
    if arguments.clips:
        given = shlex.split(arguments.clips)
        found.append(("clips", [*program, "train", *given, "--out", str(out / "clips")], _history("clips")))
    if arguments.ferplus:
        teacher = [python, str(BENCH / "teacher.py"), str(arguments.ferplus), "--out", str(out / "teacher")]
        found.append(("teacher", [*teacher, *(["--small"] if small else [])], _file("teacher/teacher.json")))
    return found


def _bench(device: str, file: Path, *rest: str) -> list[str]:
    return [sys.executable, str(BENCH / "gpu.py"), device, "--json", str(file), *rest]


def _file(name: str) -> Callable[[Path, str], Any]:
    return lambda out, _: json.loads((out / name).read_text("utf-8"))


def _history(name: str) -> Callable[[Path, str], Any]:
    return lambda out, _: json.loads((out / name / "checkpoint.json").read_text("utf-8"))["history"]


def _counts(_: Path, said: str) -> dict[str, Any]:
    """Return how many tests passed and failed, and the lines of those that failed."""
    counts = {kind: int(n) for n, kind in re.findall(r"(\d+) (passed|failed|error|skipped)", said)}
    return {**counts, "lines": re.findall(r"^(?:FAILED|ERROR) .*", said, re.MULTILINE)}


def _said(_: Path, said: str) -> str:
    return said.strip()[-1000:]


if __name__ == "__main__":
    main()
