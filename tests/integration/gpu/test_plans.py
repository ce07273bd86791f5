"""The cache of plans on a real file system: damage, other owners, other processes, a full disk."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_micacl.errors import EngineError
from realtime_micacl.inference.gpu import plans
from realtime_micacl.inference.gpu.plans import key_of, load_or_build
from tests.fault.test_disk import small_disk

__all__ = ["small_disk"]

FACTS = {"graph": "abc", "gpu": "NVIDIA Paper 9000", "capability": (9, 0)}
MACHINE = {"gpu": "NVIDIA Paper 9000"}


class Factory:
    """Builds plans and counts them."""

    def __init__(self, size: int = 1000) -> None:
        self.size = size
        self.builds: list[bytes] = []

    def __call__(self, timings: bytes) -> tuple[bytes, bytes]:
        self.builds.append(timings)
        return b"plan" * self.size, timings + b"t"


def load(plan: bytes) -> str | None:
    return plan[:4].decode() if plan.startswith(b"plan") else None


@pytest.fixture
def factory() -> Factory:
    return Factory()


def made(folder: Path, factory: Factory) -> Path:
    """Fill the cache; return the plan."""
    assert load_or_build(folder, FACTS, MACHINE, factory, load) == "plan"
    return folder / f"{key_of(FACTS)}.plan"


def test_a_plan_is_kept_for_its_user_alone(tmp_path: Path, factory: Factory) -> None:
    folder = tmp_path / "cache" / "plans"
    plan = made(folder, factory)
    assert load_or_build(folder, FACTS, MACHINE, factory, load) == "plan"
    assert factory.builds == [b""]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert json.loads(plan.with_suffix(".json").read_text())["facts"]["graph"] == "abc"
    names = {file.suffix for file in folder.iterdir()}
    assert names == {".plan", ".json", ".lock", ".cache"}, "no draft is left"
    assert load_or_build(folder, FACTS | {"graph": "def"}, MACHINE, factory, load) == "plan"
    assert factory.builds == [b"", b"t"], "the second build knows what the first has learnt"


@pytest.mark.fault("R12")
@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped", "no label", "label cut", "other facts", "no plan"])
def test_damage_is_built_again(tmp_path: Path, factory: Factory, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    plan = made(tmp_path, factory)
    label = plan.with_suffix(".json")
    match damage:
        case "truncated":
            os.truncate(plan, 1234)
        case "empty":
            os.truncate(plan, 0)
        case "flipped":
            plan.write_bytes(b"plan" * 999 + b"plaN")
        case "no label":
            label.unlink()
        case "label cut":
            os.truncate(label, 20)
        case "other facts":
            label.write_text(label.read_text().replace("Paper 9000", "Paper 8000"))
        case "no plan":
            plan.unlink()
    assert load_or_build(tmp_path, FACTS, MACHINE, factory, load) == "plan"
    assert len(factory.builds) == 2
    assert "is of no use" in caplog.text
    assert load_or_build(tmp_path, FACTS, MACHINE, factory, load) == "plan"
    assert len(factory.builds) == 2


def test_not_even_a_fresh_plan_can_be_loaded(tmp_path: Path, factory: Factory) -> None:
    with pytest.raises(EngineError, match="cannot load the plan that it has just built"):
        load_or_build(tmp_path, FACTS, MACHINE, factory, lambda plan: None)
    assert len(factory.builds) == 1
    assert not list(tmp_path.glob("*.plan"))


@pytest.mark.fault("R12")
@pytest.mark.parametrize("place", ["a file", "nowhere to write", "somebody else's"])
def test_where_nothing_can_be_kept_it_is_said_and_built(
    tmp_path: Path,
    factory: Factory,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    folder = tmp_path / "plans"
    if place == "a file":
        folder.write_text("")
    elif place == "nowhere to write":
        folder = Path("/proc/plans")  # where not even root may make one
    else:
        folder.mkdir()
        monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    for _ in range(2):
        assert load_or_build(folder, FACTS, MACHINE, factory, load) == "plan"
    assert len(factory.builds) == 2
    assert [r.levelno for r in caplog.records] == [logging.WARNING] * 2
    assert "for this run only" in caplog.text


@pytest.mark.fault("R12")
def test_a_full_disk_costs_the_cache_and_nothing_else(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    factory = Factory(size=100_000)
    for _ in range(2):
        assert load_or_build(small_disk / "plans", FACTS, MACHINE, factory, load) == "plan"
    assert len(factory.builds) == 2
    assert "No space left" in caplog.text
    assert not [f for f in (small_disk / "plans").iterdir() if f.suffix in (".plan", ".json")]


@pytest.mark.fault("R12")
def test_a_file_that_may_not_grow_costs_the_cache_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    factory = Factory(size=100_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        assert load_or_build(tmp_path, FACTS, MACHINE, factory, load) == "plan"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert "cannot be kept" in caplog.text
    assert not [f for f in tmp_path.iterdir() if f.suffix in (".plan", ".json")]


STARTER = """
import sys, time
from pathlib import Path
from realtime_micacl.inference.gpu.plans import load_or_build
folder = Path(sys.argv[1])
def build(timings):
    (folder / f"built-{time.monotonic_ns()}").touch()
    time.sleep(1.0)
    return b"plan" * 1000, b""
print(load_or_build(folder / "plans", {"graph": "abc"}, {}, build, lambda plan: plan[:4].decode()))
"""


@pytest.mark.fault("R12")
def test_of_several_starters_one_builds(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [starter.communicate(timeout=60)[0] for starter in starters] == ["plan\n"] * 3
    assert len(list(tmp_path.glob("built-*"))) == 1


@pytest.mark.fault("R12")
def test_a_builder_that_was_killed_holds_nobody_up(tmp_path: Path) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTER.replace("sleep(1.0)", "sleep(600)"), str(tmp_path)])
    while not list(tmp_path.glob("built-*")):
        assert starter.poll() is None
    starter.kill()
    starter.wait(10)
    factory = Factory()
    assert load_or_build(tmp_path / "plans", {"graph": "abc"}, {}, factory, load) == "plan"
    assert len(factory.builds) == 1


@pytest.mark.fault("R12")
def test_a_builder_that_hangs_is_waited_for_no_longer_than_its_limit(
    tmp_path: Path, factory: Factory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(plans, "WAIT_S", 0.3)

    def builds_within(timings: bytes) -> tuple[bytes, bytes]:
        assert load_or_build(tmp_path, FACTS, MACHINE, factory, load) == "plan"  # as another process would, meanwhile
        return b"plan", b""

    assert load_or_build(tmp_path, FACTS, MACHINE, builds_within, load) == "plan"
    assert len(factory.builds) == 1
    assert "waiting for it" in caplog.text
    assert "held it for 0.3 s" in caplog.text


@pytest.fixture(autouse=True)
def no_lock_left() -> Callable[[], None]:
    """Descriptors are closed whatever happens."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) <= before
