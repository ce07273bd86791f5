"""Measures how large the program is and how it starts: `python -m tests.bench.weight [REVISION ..]`, HEAD if none.

Each revision is installed into a bare environment by its own lock, by the Python that runs this, and plays the demo
clip without a window and with one that paints into memory. Needs a package index and up to 2 GB for each in the folder
for temporary files. They start in turn; times are the shortest of ROUNDS runs, which are least disturbed by other
work on the machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from threading import Timer
from time import perf_counter, sleep
from typing import NamedTuple

import psutil

ROUNDS = 5
LATE_S = 300  # a busy machine takes a minute to read 1.4 GB of packages for the first time
SETTLED_S = 8  # after the first reading memory is looked at
WINDOW_S = 20
IMPORT = re.compile(rb"import time:\s+(\d+) \|")
ROWS = (
    "wheel, MB",
    "installed with `run.lock`, MB",
    "imports until the first reading, s",
    "start to first reading, s",
    "processor until then, s",
    "memory without a window, MB",
    "memory with a window, MB",
)


class Installed(NamedTuple):
    """A revision that was installed."""

    revision: str
    folder: Path
    python: Path
    sizes_mb: list[float]


def install(revision: str, folder: Path) -> tuple[Path, list[float]]:
    """Install a revision; return its Python, and the sizes of its wheel and of all that was installed, in MB."""
    archive = subprocess.run(["git", "archive", revision], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(archive)) as files:
        files.extractall(folder / "source", filter="data")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    (packages,) = (folder / "venv" / "lib").glob("python3*/site-packages")
    before = size_mb(packages)
    pip: list[str | Path] = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    lock = folder / "source" / "scripts" / "run.lock"
    subprocess.run([*pip, "install", "--require-hashes", "-r", lock], check=True)
    wheel: list[str | Path] = [
        *pip,
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        folder / "source",
    ]
    subprocess.run(wheel, check=True)
    (made,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", made], check=True)
    return python, [made.stat().st_size / 1e6, size_mb(packages) - before]


@contextmanager
def installed(revisions: list[str]) -> Iterator[list[Installed]]:
    """Install revisions, away from the screen of whoever calls; remove them in the end."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in revisions]
        yield [
            Installed(revision, folder, *install(revision, folder))
            for revision, folder in zip(revisions, folders, strict=True)
        ]


def size_mb(folder: Path) -> float:
    """Return the size of all files in a folder, MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def first_reading(
    python: Path, folder: Path, *options: str, settled_s: float = 0.0
) -> tuple[float, float, float, float]:
    """Play without a window; return the seconds until the first reading, those of the processor, of imports, and MB."""
    log = folder / "stderr.txt"
    with log.open("wb") as said:
        started_s = perf_counter()
        command: list[str | Path] = [python, *options, "-m", "realtime_micacl", "--source", "demo", "--headless"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, cwd=folder) as program:
            assert program.stdout is not None
            late = Timer(LATE_S, program.kill)
            late.start()
            read = any(b'"probabilities"' in line for line in program.stdout)
            late.cancel()
            if not read:
                sys.exit(
                    f"no reading within {LATE_S} s: {log.read_text()[-500:] or 'the machine has too much else to do'}"
                )
            took_s, process = perf_counter() - started_s, psutil.Process(program.pid)
            used_s = float(sum(process.cpu_times()[:2]))
            sleep(settled_s)
            memory_mb = float(process.memory_info().rss) / 1e6
            program.kill()
    imports_s = sum(map(int, IMPORT.findall(log.read_bytes()))) / 1e6
    return took_s, used_s, imports_s, memory_mb


def window_mb(python: Path, folder: Path) -> float:
    """Return the memory of the program with its window."""
    command: list[str | Path] = [python, "-m", "realtime_micacl", "--source", "demo"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder) as program:
        sleep(WINDOW_S)
        memory_mb = float(psutil.Process(program.pid).memory_info().rss) / 1e6
        program.kill()
    return memory_mb


def started(pythons: list[tuple[Path, Path]]) -> list[list[float]]:
    """Return the start times of each revision, in the order of ROWS: the shortest of ROUNDS, taken in turn."""
    for python, folder in pythons:
        first_reading(python, folder)  # Python compiles what it imports the first time
    plain = [[first_reading(*one) for one in pythons] for _ in range(ROUNDS)]
    imports = [[first_reading(*one, "-X", "importtime")[2] for one in pythons] for _ in range(ROUNDS)]
    columns = []
    for n, one in enumerate(pythons):
        took_s, used_s = (min(turn[n][k] for turn in plain) for k in (0, 1))
        memory_mb = first_reading(*one, settled_s=SETTLED_S)[3]
        columns.append([min(turn[n] for turn in imports), took_s, used_s, memory_mb, window_mb(*one)])
    return columns


def table(them: list[Installed]) -> str:
    """Return the table of sizes and start times."""
    starts = started([(one.python, one.folder) for one in them])
    columns = [[*one.sizes_mb, *start] for one, start in zip(them, starts, strict=True)]
    lines = [f"| | {' | '.join(one.revision for one in them)} |", f"|---|{'---|' * len(them)}"]
    for name, row in zip(ROWS, zip(*columns, strict=True), strict=True):
        digits = 2 if name.endswith(", s") else 1 if "wheel" in name else 0
        lines.append(f"| {name} | {' | '.join(f'{one:.{digits}f}' for one in row)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table."""
    with installed(sys.argv[1:] or ["HEAD"]) as them:
        sys.stdout.write(table(them))


if __name__ == "__main__":
    main()
