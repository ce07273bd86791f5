"""A disk that is full: it is said, and the live job goes on."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Running

SAID = "nothing more is written there"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system; the test beside this one limits the file's size")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.fault("R19")
def test_a_full_disk_ends_the_recording_and_nothing_else(
    start: Callable[..., Running], small_disk: Path, measured: Callable[[str], None]
) -> None:
    (small_disk / "ballast").write_bytes(bytes(56 << 10))
    file = small_disk / "r.jsonl"
    running = start("--source", "demo", "--headless", "--record", file)
    running.until(lambda now: SAID in now.err, 40.0)
    written, read = file.stat().st_size, len(running.so_far().readings)
    running.until(lambda now: len(now.readings) > read + 5)
    ended, _ = running.stop()
    assert ended.code == 0, ended.err
    assert ended.err.count(SAID) == 1
    assert file.stat().st_size == written
    whole = file.read_text().rpartition("\n")[0].splitlines()
    assert all(json.loads(line)["schema"] == 2 for line in whole)
    measured("full disk: said once, readings go on, exit code 0")


@pytest.mark.fault("R19")
def test_a_file_that_may_not_grow_ends_the_recording_and_nothing_else(
    start: Callable[..., Running], tmp_path: Path
) -> None:
    file = tmp_path / "r.jsonl"
    running = start("--source", "demo", "--headless", "--record", file)
    running.until(lambda now: len(now.readings) > 5)
    limit = (file.stat().st_size + 500, resource.RLIM_INFINITY)  # of every file of the command, its output too
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, limit)
    running.until(lambda now: SAID in now.err)
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    ended, _ = running.stop()
    assert ended.code == 0
    assert "File too large" in ended.err
