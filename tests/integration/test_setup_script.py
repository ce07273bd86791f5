"""scripts/setup.sh shows how far an installation is, and what went wrong with it."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from realtime_micacl.programs.parser import VERBS

SETUP = Path(__file__).parents[2] / "scripts" / "setup.sh"
PIP = """#!/bin/sh
# Stands for the Python of a new environment: it says what pip says.
case "$*" in *require-hashes*) ;; *) echo "Obtaining file:///x"; echo "Installing collected packages: x"; exit 0 ;; esac
echo "Looking in indexes: https://example.org"
n=0
while [ $n -lt 25 ]; do
    n=$((n + 1))
    echo "Collecting some-name-$n==1.$n (from -r run.lock)"
    echo "  Downloading some_name_$n-1.0-py3-none-any.whl (1.$n MB)"
done
echo "Processing /wheels/last_one-0.22.0-cp311.whl (from -r scripts/run.lock (line 856))"
{end}
"""
GOOD = 'echo "Installing collected packages: a, b"; echo "Successfully installed a-1"'
BAD = 'echo "ERROR: No matching distribution found for some-name-25" >&2; exit 1'


def made(folder: Path, end: str) -> list[str]:
    """Return the command that makes an environment in a folder whose pip ends in a way."""
    (folder / "scripts").mkdir()
    (folder / "scripts" / "run.lock").write_text("".join(f"some-name-{n}==1.{n} \\\n" for n in range(1, 27)))
    (folder / "pyproject.toml").touch()
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PIP.replace("{end}", end))
    python.chmod(0o755)
    return ["sh", "-c", f'set -eu; root="{folder}"; . "{SETUP}"; make_venv run.lock; echo made']


def test_a_log_has_every_tenth_package(tmp_path: Path) -> None:
    done = subprocess.run(made(tmp_path, GOOD), capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, "made\n"), done.stderr
    assert done.stderr.splitlines() == [
        "installing realtime-micacl into .venv (a few minutes the first time)",
        "  1 of 26: some-name-1",
        "  1 of 26: some-name-1, 1.1 MB",
        "  11 of 26: some-name-11",
        "  11 of 26: some-name-11, 1.11 MB",
        "  21 of 26: some-name-21",
        "  21 of 26: some-name-21, 1.21 MB",
        "  unpacking 26 packages, which takes a minute",
    ]
    assert (tmp_path / ".venv" / ".installed").exists()


def test_a_terminal_has_one_line_that_moves(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(made(tmp_path, GOOD), stdout=subprocess.PIPE, stderr=theirs, timeout=30, check=False)
    os.close(theirs)
    said = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "\r\x1b[K  26 of 26: last_one" in said
    assert "\r\x1b[K  7 of 26: some-name-7, 1.7 MB" in said
    assert said.count("\n") == 1, "what moves leaves nothing behind"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_what_fails_is_said_and_nothing_is_marked_as_done(tmp_path: Path, shell: str) -> None:
    command = made(tmp_path, BAD)
    done = subprocess.run([shell, *command[1:]], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "ERROR: No matching distribution found for some-name-25" in done.stderr
    assert not (tmp_path / ".venv" / ".installed").exists()


@pytest.mark.parametrize(
    ("arguments", "passed_on"),
    [
        ("", "--headless --source demo"),
        ("clip.mp4", "--headless clip.mp4"),
        ("- --offline", "- --offline"),
        ("--camera 1", "--headless --camera 1"),
        *((f"{verb} --help", f"{verb} --help") for verb in VERBS),
    ],
)
def test_run_passes_on_what_it_was_given(tmp_path: Path, arguments: str, passed_on: str) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "run").write_text((SETUP.parent / "run").read_text("utf-8").replace("/dev/video0", "/none"))
    ready = "".join(f"{step}() {{ :; }}\n" for step in ("need_to_run", "find_python", "install_missing", "make_venv"))
    (tmp_path / "scripts" / "setup.sh").write_text("say() { :; }\n" + ready)
    command = tmp_path / ".venv" / "bin" / "realtime-micacl"
    command.parent.mkdir(parents=True)
    command.write_text('#!/bin/sh\necho "$*"\n')
    command.chmod(0o755)
    bare = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    run = ["sh", str(tmp_path / "scripts" / "run"), *arguments.split()]
    done = subprocess.run(run, env=bare, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == passed_on
