"""The locks beside scripts/setup.sh say what pyproject.toml asks for, to the last package, each with its hashes."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LEFT_OUT = re.compile(r"torch|triton|(nvidia|cuda)-.+")  # scripts/lock says why
MEND = "run scripts/lock"


def locked(name: str) -> dict[str, str]:
    """Return name -> version of what a lock holds for this machine, and check that each has a hash."""
    text = (ROOT / "scripts" / name).read_text("utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        words = re.split(r"\s+--hash=", line.strip())
        assert len(words) > 1
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", word) for word in words[1:]), line
        requirement = Requirement(words[0])
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        if requirement.marker is None or requirement.marker.evaluate():
            found[canonicalize_name(requirement.name)] = pin.version
    return found


def asked(*extras: str) -> list[Requirement]:
    texts = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]]
    for extra in extras:
        texts += PROJECT["project"]["optional-dependencies"][extra]
    return [r for r in map(Requirement, texts) if r.name != PROJECT["project"]["name"]]


@pytest.mark.fault("R18")
@pytest.mark.parametrize(("name", "extras"), [("run.lock", ()), ("test.lock", ("train", "dev"))])
def test_a_lock_holds_what_is_asked_for_and_nothing_else(name: str, extras: tuple[str, ...]) -> None:
    pins, due, reached = locked(name), asked(*extras), set[str]()
    while due:
        requirement = due.pop()
        package = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        if LEFT_OUT.fullmatch(package):
            due += map(Requirement, requires(package) or ()) if package == "torch" else ()
            continue
        assert package in pins, f"{name} lacks {package}; {MEND}"
        assert requirement.specifier.contains(pins[package]), f"{name} has {package} {pins[package]}; {MEND}"
        if package not in reached:
            reached.add(package)
            due += map(Requirement, requires(package) or ())
    assert set(pins) == reached, f"{MEND}: nothing needs {set(pins) - reached}"


def test_both_locks_agree() -> None:
    assert locked("run.lock").items() <= locked("test.lock").items()


@pytest.mark.parametrize("name", ["run.lock", "test.lock"])
def test_a_lock_names_no_host(name: str) -> None:
    assert not re.search(r"://|index|torch==|nvidia", (ROOT / "scripts" / name).read_text("utf-8"))
