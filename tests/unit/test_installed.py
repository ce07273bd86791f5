"""Hints on what to install name a command that works from where the program came."""

from __future__ import annotations

import json
import re
import shlex
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from realtime_micacl import installed
from realtime_micacl.installed import install_command

PACKAGE = Path(installed.__file__).parent


@pytest.mark.parametrize(
    ("noted", "wish"),
    [
        (None, ["realtime-micacl[train]"]),
        ("not json", ["realtime-micacl[train]"]),
        ({"url": "file://HERE/my%20code", "dir_info": {"editable": True}}, ["-e", "HERE/my code[train]"]),
        ({"url": "file://HERE/code", "dir_info": {}}, ["HERE/code[train]"]),
        (
            {"url": "file://HERE/realtime_micacl-0.1.0-py3-none-any.whl", "archive_info": {}},
            ["realtime-micacl[train] @ file://HERE/realtime_micacl-0.1.0-py3-none-any.whl"],
        ),
        (
            {"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            ["realtime-micacl[train] @ git+https://host/x.git@abc"],
        ),
    ],
)
def test_it_comes_from_where_it_came(
    noted: object, wish: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("code", "my code", "realtime_micacl-0.1.0-py3-none-any.whl"):
        (tmp_path / name).touch()
    text = noted if noted is None or isinstance(noted, str) else json.dumps(noted).replace("HERE", str(tmp_path))
    came_from(text, monkeypatch)
    wish = [word.replace("HERE", str(tmp_path)) for word in wish]
    assert shlex.split(install_command("train")) == [sys.executable, "-m", "pip", "install", *wish]


def came_from(text: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "distribution", lambda name: SimpleNamespace(read_text=lambda file: text))


def test_where_the_folder_is_gone_the_packages_themselves_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    came_from(json.dumps({"url": "file:///build", "dir_info": {}}), monkeypatch)
    made_of = [
        "numpy<3,>=2",
        "pylsl<2,>=1.18; extra == 'lsl'",
        "tensorrt-cu13<12; (sys_platform == 'linux') and extra == 'tensorrt'",
    ]
    monkeypatch.setattr(metadata, "requires", lambda name: made_of)
    for extra, wish in (
        ("", "numpy<3,>=2"),
        ("lsl", "pylsl<2,>=1.18"),
        ("tensorrt", "tensorrt-cu13<12; (sys_platform == 'linux')"),
    ):
        assert shlex.split(install_command(extra))[3:] == ["install", wish]


def test_no_hint_names_a_registry() -> None:
    for file in PACKAGE.rglob("*.py"):
        if file.name != "installed.py":
            assert not re.search(r"pip install[^{\n]*(realtime-micacl|'\.\[)", file.read_text("utf-8")), file
