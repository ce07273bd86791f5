"""What the wheel holds, and that what README and docs show is what the command takes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import zipfile
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

from realtime_micacl.programs.arguments import parser
from realtime_micacl.programs.parser import VERBS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> list[str]:
    blocks = [block for page in PAGES for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL)]
    lines = [line.split("#")[0].strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return sorted({line for line in lines if line.startswith(("realtime-micacl", "scripts/run"))})


def test_the_wheel_holds_three_packages_the_engine_and_the_demo(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path), "."]
    subprocess.run(build, cwd=ROOT, check=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops - {top for top in tops if top.endswith(".dist-info")} == {
        "realtime_micacl",
        "realtime_micacl_ui",
        "realtime_micacl_engines",
    }
    for name in ("encode.onnx", "classify.onnx", "engine.json"):
        assert f"realtime_micacl_engines/default/{name}" in names
    assert "realtime_micacl/live/sources/demo.mp4" in names
    assert "realtime_micacl_ui/translations/window_de.qm" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert wheel.stat().st_size < 25e6


def test_both_opencv_packages_are_the_same_version() -> None:
    assert version("opencv-python") == version("opencv-contrib-python")


def test_the_pages_show_commands() -> None:
    assert len(commands()) >= 8


@cache
def help_of(verb: str) -> str:
    command = [sys.executable, "-m", "realtime_micacl", verb, "--help"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_pages_is_understood(line: str) -> None:
    words = shlex.split(line.split("|")[0].split(">")[0])
    arguments = words[1:]
    if arguments and arguments[0] in VERBS:
        for word in arguments[1:]:
            if word.startswith("--"):
                assert word in help_of(arguments[0]), f"{arguments[0]} does not know {word}"
        return
    parser().parse_args(arguments)
