"""Memory that is brought into large pages: which, when, and that it stays what it was."""

from __future__ import annotations

import ctypes
import importlib.util
import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.live import huge_pages
from realtime_micacl.live.huge_pages import LARGE, filled, gather_memory, gather_when_settled, ranges


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("00200000-00600000 rw-p 00000000 00:00 0", [(0x200000, 0x600000)]),
        ("001ff000-00601000 rw-p 00000000 00:00 0   [heap]", [(0x200000, 0x600000)]),
        ("00201000-00601000 rw-p 00000000 00:00 0", [(0x400000, 0x600000)]),
        ("00201000-005ff000 rw-p 00000000 00:00 0", []),  # no large page lies wholly in it
        ("00200000-00600000 rw-p 00000000 00:00 0   [stack]", []),
        ("00200000-00600000 ---p 00000000 00:00 0", []),
        ("00200000-00600000 rw-s 00000000 00:00 0", []),
        ("00200000-00600000 rw-p 00000000 08:01 42  /a file with/a name", []),
        ("00200000-00600000 rw-p 00000000 00:00 0   [anon: a name]", []),
    ],
)
def test_whole_pages_of_our_own_are_gathered(line: str, found: list[tuple[int, int]]) -> None:
    assert list(ranges([line])) == found


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are left alone")
def test_pages_of_which_little_is_used_stay_small() -> None:
    with mmap.mmap(-1, 5 * LARGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:
        place = np.frombuffer(held, np.uint8)
        start = -(-place.ctypes.data // LARGE) * LARGE
        at = start - place.ctypes.data
        for page, share in enumerate((1.0, 0.8, 0.0, 0.98)):
            for used in range(0, int(share * LARGE), mmap.PAGESIZE):
                held[at + page * LARGE + used] = 1
        assert list(filled(ctypes.CDLL(None), start, start + 4 * LARGE)) == [start, start + 3 * LARGE]
        del place


def test_what_lies_in_memory_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = np.arange(8 * LARGE // 4, dtype=np.uint32)
    start, before = held.ctypes.data, held.sum()
    (tmp_path / "maps").write_text(f"{start:x}-{start + held.nbytes:x} rw-p 00000000 00:00 0\n")
    monkeypatch.setattr(huge_pages, "MAPS", tmp_path / "maps")
    gather_memory()
    assert held.sum() == before


@pytest.fixture
def looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Where memory was looked for; on a system with large pages, in a process that holds little."""
    found = list[object]()
    for name, text in {"ENABLED": "always [madvise] never\n", "STATM": "9 9 9\n", "MAPS": "a line\n"}.items():
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(huge_pages, name, tmp_path / name)
    monkeypatch.setattr(huge_pages, "ranges", lambda maps: found.append(maps) or [])
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are left alone")
@pytest.mark.parametrize(("held_mb", "left_alone"), [(400, False), (4000, True)])
def test_a_process_that_holds_much_is_left_alone(looked: list[object], held_mb: int, left_alone: bool) -> None:
    huge_pages.STATM.write_text(f"9999999 {held_mb * 1_000_000 // mmap.PAGESIZE} 9\n")
    gather_memory()
    assert (looked == []) is left_alone


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are left alone")
@pytest.mark.parametrize("enabled", ["always madvise [never]\n", None])
@pytest.mark.parametrize("missing", ["ENABLED", "STATM"])
def test_a_system_without_large_pages_or_proc_is_left_alone(
    looked: list[object], enabled: str | None, missing: str
) -> None:
    gather_memory()
    assert len(looked) == 1
    if enabled:
        huge_pages.ENABLED.write_text(enabled)
    else:
        getattr(huge_pages, missing).unlink()
    gather_memory()
    assert len(looked) == 1


def test_another_system_is_left_alone(looked: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    gather_memory()
    assert looked == []


def test_how_much_was_gathered_is_in_the_log(
    looked: list[object], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class System:
        """The library of a Linux that refuses every third page."""

        def __init__(self, _: None) -> None:
            answers = iter([0, 0, -1] * 5)
            self.madvise = lambda *_: next(answers)
            self.madvise.argtypes = []  # type: ignore[attr-defined]

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", System)
    monkeypatch.setattr(huge_pages, "ranges", lambda _: [(0, 15 * LARGE)])
    monkeypatch.setattr(huge_pages, "filled", lambda _, start, end: range(start, end, LARGE))
    with caplog.at_level("DEBUG"):
        gather_memory()
    assert f"{10 * LARGE / 1e6:.0f} MB are in large pages" in caplog.text


def test_the_first_time_is_some_seconds_after_the_beginning_even_if_the_machine_has_just_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = importlib.util.spec_from_file_location("fresh_pages", huge_pages.__file__)
    assert spec and spec.loader
    spec.loader.exec_module(fresh := importlib.util.module_from_spec(spec))
    now_s, done = 0.0, list[float]()
    monkeypatch.setattr(fresh, "monotonic", lambda: now_s)
    monkeypatch.setattr(fresh, "gather_memory", lambda: done.append(now_s))
    for now_s in np.arange(0.1, 30, 0.1):  # noqa: B007
        fresh.gather_when_settled(0.0)
    assert [1 < at_s < 10 for at_s in done] == [True]


def test_it_waits_until_all_has_settled_and_then_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    done, now_s = list[float](), 0.0
    monkeypatch.setattr(huge_pages, "SETTLED_S", 3.0)
    monkeypatch.setattr(huge_pages, "_gathered_s", -float("inf"))
    monkeypatch.setattr(huge_pages, "monotonic", lambda: now_s)
    monkeypatch.setattr(huge_pages, "gather_memory", lambda: done.append(now_s))
    for now_s in (10.0, 12.0, 14.0, 15.0, 60.0, 75.0, 90.0):  # noqa: B007
        gather_when_settled(10.0)
    assert done == [14.0, 75.0]
