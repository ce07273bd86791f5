"""Hints on what to install name a command that works from where the program came."""

from __future__ import annotations

import json
import re
import shlex
import sys
from importlib import metadata, util
from pathlib import Path
from types import SimpleNamespace

import pytest

import realtime_micacl_engines
from realtime_micacl import installed
from realtime_micacl.api import table
from realtime_micacl.errors import ConfigError, EngineError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.installed import install_command, not_loaded, other_versions, require

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


def test_where_there_is_no_pip_the_hint_is_one_for_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    came_from(None, monkeypatch)
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    wish = ["uv", "pip", "install", "--python", sys.executable, "realtime-micacl[lsl]"]
    assert shlex.split(install_command("lsl")) == wish


def test_a_package_of_another_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["numpy<3,>=2", "av<20,>=15; python_version > '3'", "onnx==1.20", "tqdm>=4", "ray>=2; extra == 'ray'"]
    here = {"numpy": "1.26.4", "av": "20.0.0rc1", "onnx": "1.20", "ray": "1.0"}

    def version(name: str) -> str:
        if name not in here:
            raise metadata.PackageNotFoundError(name)
        return here[name]

    monkeypatch.setattr(metadata, "requires", lambda name: wanted)
    monkeypatch.setattr(metadata, "version", version)
    assert other_versions() == ["numpy is 1.26.4, needed is numpy<3,>=2", "av is 20.0.0rc1, needed is av<20,>=15"]
    said = not_loaded(ImportError("no _ARRAY_API", name="cv2.numpy"))
    assert said.startswith("cv2 cannot be loaded: no _ARRAY_API; numpy is 1.26.4, needed is numpy<3,>=2, av is 20")
    here.update(numpy="2", av="15.0")
    assert other_versions() == []
    assert not_loaded(ImportError()).startswith("a package cannot be loaded; install what is named there")


def test_a_package_that_is_there_and_does_not_load_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "halfway.py").write_text("import pytz_that_is_not_there")
    (tmp_path / "oldish.py").write_text("raise ValueError('numpy.dtype size changed')")
    for module, said in (
        ("halfway", "which cannot be loaded: No module named 'pytz_that_is_not_there': "),
        ("absent", "which is not installed: "),
        ("absent.part", "which is not installed: "),
    ):
        with pytest.raises(ConfigError, match=f"--lsl needs {module}, {said}.* -m pip install "):
            require(module, "lsl")
    for module, said in (
        ("oldish", "which cannot be loaded: numpy.dtype size changed"),
        ("absent", "which is not inst"),
    ):
        with pytest.raises(ConfigError, match=f"this needs {module}, {said}.* pip install --upgrade {module}$"):
            table._package(module)


def test_a_program_that_lies_in_a_zip_file_says_that_it_has_to_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime_micacl_engines, "folder", lambda name: tmp_path / "program.zip" / name)
    with pytest.raises(
        EngineError, match=r"not at .*program\.zip.*; it cannot run from a zip file; install it: .* pip "
    ):
        default_engine()


def test_no_hint_names_a_registry() -> None:
    for file in PACKAGE.rglob("*.py"):
        if file.name != "installed.py":
            assert not re.search(r"pip install[^{\n]*(realtime-micacl|'\.\[)", file.read_text("utf-8")), file
