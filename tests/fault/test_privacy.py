"""What the command writes and whom it talks to, as the kernel sees it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import RtspServer
from tests.fault.proxy import free_port

CALLS = "open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,link,linkat,symlink,truncate"
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|\b(creat|mkdir\w*|rename\w*|unlink\w*|link\w*|symlink|truncate)\(")
NO_FILES = ("/dev/", "/proc/self/")

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed: apt-get install strace")


@dataclass
class Traced:
    """What a command asked of the kernel."""

    written: set[str]
    """Paths that were opened for writing, made, renamed or removed."""
    addresses: set[str]
    started: int
    """Programs."""


@pytest.fixture
def traced(executable: str, tmp_path: Path) -> Callable[..., Traced]:
    def run(*arguments: object, told_after_s: float | None = None, **env: str) -> Traced:
        """Run the command to its end, or tell it to end after a while."""
        log = tmp_path / "strace.txt"
        home = tmp_path / "home"
        home.mkdir()
        trace = ["strace", "-f", "-qq", "-s", "4096", "-o", str(log), "-e", f"trace={CALLS},connect,bind,sendto,execve"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **env}
        if path := os.environ.get("PYTHONPATH"):
            environment["PYTHONPATH"] = path
        command = [*trace, executable, *map(str, arguments)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        ) as done:
            try:
                _, err = done.communicate(timeout=told_after_s or 90)
            except subprocess.TimeoutExpired:
                assert told_after_s, "it did not end by itself"
                psutil.Process(done.pid).children()[0].terminate()
                _, err = done.communicate(timeout=60)
        assert done.returncode in (0, 3), err
        lines = [line for line in log.read_text().splitlines() if " = -1 " not in line or "EINPROGRESS" in line]
        paths = {path for line in lines if WRITES.search(line) for path in re.findall(r'"([^"]*)"', line)}
        addresses = {address for line in lines for address in re.findall(r"\{(sa_family=.*?)\}", line)}
        assert not list(home.rglob("*")), "nothing is put into the home folder"
        written = {path for path in paths if not path.startswith(NO_FILES)}
        return Traced(written, addresses, sum("execve(" in line for line in lines))

    return run


@pytest.mark.fault("R22")
def test_headless_writes_the_named_file_and_nothing_else(
    traced: Callable[..., Traced], clips: Path, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    record = tmp_path / "r.jsonl"
    seen = traced("--source", clips / "one_face_720p.mp4", "--offline", "--record", record)
    assert seen.written == {str(record)}
    assert seen.addresses == set()
    assert seen.started == 1
    measured("files written: the recording; sockets: none; programs started: none")


@pytest.mark.fault("R22")
def test_the_window_writes_nothing(traced: Callable[..., Traced], clips: Path) -> None:
    seen = traced("--source", clips / "one_face_720p.mp4", told_after_s=20.0, QT_QPA_PLATFORM="offscreen")
    assert seen.written == set()
    assert {address for address in seen.addresses if "AF_UNIX" not in address} == set()
    assert seen.started == 1


@pytest.mark.fault("R22")
def test_a_stream_talks_to_its_server_alone(traced: Callable[..., Traced], rtsp: RtspServer) -> None:
    """It is away, so that the command ends by itself."""
    rtsp.kill()
    seen = traced("--source", rtsp.address, "--headless", "--wait", "--give-up-after", "2")
    ports = {m[1] for address in seen.addresses if (m := re.search(r"port=htons\((\d+)\)", address))}
    assert ports == {str(rtsp.port)}
    assert seen.written == set()


@pytest.mark.fault("R22")
def test_outlets_talk_to_whom_they_were_told_and_write_the_one_file(
    traced: Callable[..., Traced], clips: Path, tmp_path: Path
) -> None:
    osc, web, latest = free_port(), free_port(), tmp_path / "now.csv"
    clip = ("--source", clips / "face_leaves.mp4", "--headless")
    seen = traced(*clip, "--osc", f"127.0.0.1:{osc}", "--web", web, "--latest", latest)
    assert seen.addresses == {
        f'sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("127.0.0.1")' for port in (osc, web)
    }
    assert {re.sub(r"\.\d+-", "", file) for file in seen.written} == {str(latest)}
    assert seen.started == 1
