"""The locks beside scripts/setup.sh say what pyproject.toml asks for, to the last package, each with its hashes."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
parsed = cache(Requirement)
LEFT_OUT = re.compile(r"torch|triton|(nvidia|cuda)-.+")  # scripts/lock says why
MEND = "run scripts/lock"


@cache
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
        requirement = parsed(words[0])
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        if requirement.marker is None or requirement.marker.evaluate():
            found[canonicalize_name(requirement.name)] = pin.version
    return found


def asked(*extras: str) -> list[Requirement]:
    texts = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["build"]]
    for extra in extras:
        texts += PROJECT["project"]["optional-dependencies"][extra]
    found = list(map(parsed, texts))
    own = [r for r in found if r.name == PROJECT["project"]["name"]]
    return [r for r in found if r not in own] + [more for r in own for more in asked(*r.extras)]


@pytest.mark.fault("R18")
@pytest.mark.parametrize(("name", "extras"), [("run.lock", ()), ("test.lock", ("dev",))])
def test_a_lock_holds_what_is_asked_for_and_nothing_else(name: str, extras: tuple[str, ...]) -> None:
    pins, reached, seen = locked(name), set[str](), set[tuple[str, str]]()
    due = [(requirement, [""]) for requirement in asked(*extras)]
    while due:
        requirement, wanted = due.pop()
        package = canonicalize_name(requirement.name)
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in wanted):
            continue
        if LEFT_OUT.fullmatch(package):
            due += [(parsed(text), [""]) for text in requires(package) or () if package == "torch"]
            continue
        assert package in pins, f"{name} lacks {package}; {MEND}"
        assert requirement.specifier.contains(pins[package]), f"{name} has {package} {pins[package]}; {MEND}"
        if (package, str(requirement.extras)) not in seen:
            seen.add((package, str(requirement.extras)))
            reached.add(package)
            due += [(parsed(text), ["", *requirement.extras]) for text in requires(package) or ()]
    assert set(pins) == reached, f"{MEND}: nothing needs {set(pins) - reached}"


def test_both_locks_agree() -> None:
    assert locked("run.lock").items() <= locked("test.lock").items()


@pytest.mark.parametrize("name", ["run.lock", "test.lock"])
def test_a_lock_names_no_host(name: str) -> None:
    assert not re.search(r"://|index|torch==|nvidia", (ROOT / "scripts" / name).read_text("utf-8"))


def test_uv_sync_asks_only_for_systems_that_all_packages_have_wheels_for() -> None:
    environments = [parsed(f"x; {line}").marker for line in PROJECT["tool"]["uv"]["environments"]]
    given = {"python_version": "3.12", "python_full_version": "3.12.1"}
    for system, machine, wanted in (
        ("linux", "x86_64", True),
        ("darwin", "arm64", True),
        ("darwin", "x86_64", False),
        ("win32", "AMD64", True),
        ("emscripten", "wasm32", False),
    ):
        here = given | {"sys_platform": system, "platform_machine": machine}
        assert any(marker and marker.evaluate(here) for marker in environments) == wanted, system
