"""A disk that is full: it is said, and the live job goes on."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import COMMAND, Running

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
def test_a_file_that_may_not_grow_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    file, said = tmp_path / "r.jsonl", tmp_path / "err.txt"
    arguments = [COMMAND, "--source", "demo", "--headless", "--record", str(file)]
    with said.open("wb") as err, subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=err) as process:
        assert process.stdout is not None
        try:
            for _ in range(10):
                process.stdout.readline()
            size = file.stat().st_size + 500  # of files alone: the output is a pipe
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            while SAID not in said.read_text():
                assert process.stdout.readline()
            written = file.stat().st_size
            assert all(process.stdout.readline() for _ in range(10)), "readings go on"
            process.terminate()
            process.stdout.read()
            assert process.wait(10) == 0
        finally:
            process.kill()
    assert "File too large" in said.read_text()
    assert file.stat().st_size == written


def test_offline_a_recording_that_may_not_grow_is_named(clips: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    shell = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", COMMAND, str(clips / "one_face_720p.mp4"), "--offline"]
    done = subprocess.run([*shell, "--record", file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 5
    assert done.stderr == f"realtime-micacl: the readings cannot be written: {file}: File too large\n"
