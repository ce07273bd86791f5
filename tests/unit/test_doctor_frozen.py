"""What doctor can know in a program that was frozen: its packages may lack metadata, and it can start no Python."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest

from realtime_micacl.doctor import machine
from realtime_micacl.installed import install_command

ABSENT = ("av", "pylsl", "opencv-contrib-python")


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(sys, "frozen", True, raising=False)
    for module in (machine, metadata):
        monkeypatch.setattr(module, "version", version)
    monkeypatch.setattr(machine, "find_spec", lambda name: None if name in ABSENT else object())


@pytest.mark.usefixtures("frozen")
def test_a_package_without_metadata_is_not_missing_if_its_module_is_there() -> None:
    there, missing = machine.packages()
    assert there.text == "cv2, onnxruntime, numpy, google.protobuf, PyQt6"
    assert (missing.good, missing.text) == (False, "av: freeze the program again, with realtime-micacl")
    found = {outlet.text: outlet.good for outlet in machine.outlets()}
    assert found == {
        "--lsl needs pylsl: freeze the program again, with 'realtime-micacl[lsl]'": None,
        "--web: websockets": True,
        "--osc: pythonosc": True,
        "--mqtt: paho.mqtt": True,
    }
    assert "pip" not in install_command("web")


@pytest.mark.usefixtures("frozen")
def test_the_detector_is_not_missing_without_metadata() -> None:
    (found,) = machine.detector()
    assert found.good, found.text


@pytest.mark.usefixtures("frozen")
def test_the_screen_is_not_called_missing_where_nobody_can_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a frozen program was started as a Python"))
    (screen,) = machine.display()
    assert screen.good is None
    assert screen.text.startswith("not looked for: no further Python can be started")
