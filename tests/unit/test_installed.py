"""Hints on what to install name a command that works from where the program came."""

from __future__ import annotations

import json
import re
import shlex
import sys
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
        ({"url": "file:///home/me/my%20code", "dir_info": {"editable": True}}, ["-e", "/home/me/my code[train]"]),
        ({"url": "file:///home/me/code", "dir_info": {}}, ["/home/me/code[train]"]),
        (
            {"url": "file:///tmp/realtime_micacl-0.1.0-py3-none-any.whl", "archive_info": {}},
            ["realtime-micacl[train] @ file:///tmp/realtime_micacl-0.1.0-py3-none-any.whl"],
        ),
        (
            {"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            ["realtime-micacl[train] @ git+https://host/x.git@abc"],
        ),
    ],
)
def test_it_comes_from_where_it_came(noted: object, wish: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    text = noted if noted is None or isinstance(noted, str) else json.dumps(noted)
    monkeypatch.setattr(installed, "distribution", lambda name: SimpleNamespace(read_text=lambda file: text))
    assert shlex.split(install_command("train")) == [sys.executable, "-m", "pip", "install", *wish]


def test_no_hint_names_a_registry() -> None:
    for file in PACKAGE.rglob("*.py"):
        if file.name != "installed.py":
            assert not re.search(r"pip install[^{\n]*(realtime-micacl|'\.\[)", file.read_text("utf-8")), file
