"""Machines that give a process less than they seem to have: containers, services, network shares, frozen programs."""

from __future__ import annotations

import errno
import fcntl
import logging
import sys
from collections.abc import Mapping
from math import inf
from pathlib import Path

import psutil
import pytest

from realtime_micacl import devices
from realtime_micacl.corpus.job import Job, Wanted
from realtime_micacl.corpus.process import usual_jobs
from realtime_micacl.corpus.workers import Workers
from realtime_micacl.devices import cores, memory, size_of_memory
from realtime_micacl.errors import ConfigError, EngineError, StageFailed
from realtime_micacl.files import held
from realtime_micacl.inference.gpu import card
from realtime_micacl.live import huge_pages

NEWER, OLDER = "0::/pod/box\n", "9:name=systemd:/\n4:memory:/a/b\n3:cpu,cpuacct:/a/b\n0::/\n"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 64 cores, whose control groups lie in this folder."""
    monkeypatch.setattr(devices, "GROUP", tmp_path / "mine")
    monkeypatch.setattr(devices, "GROUPS", tmp_path)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    return tmp_path


@pytest.mark.parametrize(
    ("mine", "limits", "expected"),
    [
        ("", {}, (64, inf)),
        (NEWER, {"pod/box/cpu.max": "max 100000", "pod/box/memory.max": "max"}, (64, inf)),
        (NEWER, {"pod/box/cpu.max": "150000 100000", "pod/box/memory.max": "1300000000"}, (2, 1.3e9)),
        (NEWER, {"pod/box/cpu.max": "5000 100000", "pod/memory.max": "1000000"}, (1, 1e6)),
        (NEWER, {"pod/cpu.max": "800000 200000", "cpu.max": "300000 100000", "memory.max": "7"}, (3, 7)),
        (OLDER, {"cpu,cpuacct/cpu.cfs_quota_us": "-1"}, (64, inf)),
        (OLDER, {"cpu,cpuacct/a/cpu.cfs_quota_us": "400000", "memory/a/b/memory.limit_in_bytes": "5"}, (4, 5)),
    ],
)
def test_a_container_may_use_what_its_control_groups_allow(
    machine: Path, mine: str, limits: Mapping[str, str], expected: tuple[int, float]
) -> None:
    there = psutil.virtual_memory().total
    (machine / "mine").write_text(mine)
    for file, text in limits.items():
        (machine / file).parent.mkdir(parents=True, exist_ok=True)
        (machine / file).write_text(f"{text}\n")
    assert (cores(), memory()[0]) == (expected[0], min(expected[1], there))
    assert usual_jobs() == max(1, min(expected[0], int(memory()[1] // 6e8)))


def test_where_nothing_says_how_much_memory_there_is_the_work_goes_on(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden() -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "/proc/meminfo")

    monkeypatch.setattr(psutil, "virtual_memory", hidden)
    assert (memory(), size_of_memory(), usual_jobs()) == ((inf, inf), "memory unknown", 64)
    monkeypatch.setattr(huge_pages, "STATM", machine / "statm")
    huge_pages.gather_memory()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_share_without_locks_takes_results(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(file: int, operation: int) -> None:
        raise OSError(number, "no locks")

    monkeypatch.setattr(fcntl, "flock", refused)
    with caplog.at_level(logging.WARNING), held(tmp_path / "out"):
        assert (tmp_path / "out").is_dir()
    assert "has no locks (no locks); start no second run" in caplog.text


@pytest.mark.parametrize("inside", [{"frozen": True}, {"executable": ""}, {"executable": None}])
def test_a_program_without_a_python_is_not_started_in_its_place(
    inside: Mapping[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in inside.items():
        monkeypatch.setattr(sys, name, value, raising=False)
    monkeypatch.setattr(card, "_driver_is_there", lambda: True)
    with pytest.raises(EngineError, match=r"cannot be asked: no further Python .* frozen .*; use --device cpu"):
        card.probe()
    with pytest.raises(ConfigError, match="no further Python can be started"):
        next(Workers(Wanted(), 1).run([Job("a.mp4", "a.mp4", "part")], lambda name, share: None, lambda: False))


@pytest.mark.parametrize(
    ("program", "said"), [("no/python", "no/python cannot be started to read clips"), ("true", "true ends")]
)
def test_what_is_started_in_the_place_of_python_is_named(
    program: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(StageFailed, match=f"^{said}"):
        next(Workers(Wanted(), 1).run([Job("a.mp4", "a.mp4", "part")], lambda name, share: None, lambda: False))
