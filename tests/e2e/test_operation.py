"""What an operator sees of the running command: the page of figures, and the signs of life for systemd."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.outlets.address import Peer
from realtime_micacl.programs.metrics import address
from tests.fault.proxy import free_port


@pytest.fixture
def port() -> int:
    return free_port()


def page(port: int, token: str = "") -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=5) as answer:
        return str(answer.read().decode())


def value(text: str, name: str) -> float:
    found = re.search(rf"^realtime_micacl_{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"{name} is not in {text}"
    return float(found[1])


def test_the_page_has_what_the_session_counts(start: Callable, command: Callable, port: int) -> None:
    running = start("--source", "demo", "--headless", "--metrics", port)
    now = running.until(lambda now: len(now.readings) > 90, 40.0)
    text = page(port)
    assert value(text, "readings_total") >= len(now.readings)
    captured, analysed = value(text, "frames_captured_total"), value(text, "frames_analysed_total")
    assert captured >= analysed > 20
    assert value(text, "faces") >= 1
    assert value(text, 'state{state="live"}') == 1
    assert value(text, 'changes_total{state="live"}') >= 1
    buckets = [float(n) for n in re.findall(r'seconds_bucket\{le="[^"]+",stage="reading"\} (\S+)', text)]
    assert buckets == sorted(buckets)
    assert buckets[-1] == value(text, 'seconds_count{stage="reading"}') > 20
    assert "process_resident_memory_bytes" in text
    seen = command("doctor", "--metrics", port)
    assert seen.code == 0, seen.err
    assert re.search(r"ok +state +live, \d faces", seen.out)
    assert "readings" in seen.out
    taken = command("--source", "demo", "--headless", "--metrics", port)
    assert (taken.code, "name another port" in taken.err) == (2, True)
    assert running.stop()[0].code == 0
    gone = command("doctor", "--metrics", port)
    assert gone.code == 3
    assert "no session answers" in gone.err


def test_a_source_that_is_away_is_told_once_everywhere_with_its_attempt(
    start: Callable, command: Callable, port: int
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"rtsp://127.0.0.1:{nobody.getsockname()[1]}/x"
        running = start("--source", address, "--headless", "--wait", "--metrics", port)
        running.until(lambda now: "reconnecting" in now.states)
        running.until(lambda _: value(page(port), "attempt") >= 3)
        text = page(port)
    assert value(text, 'state{state="reconnecting"}') == 1
    assert value(text, 'changes_total{state="reconnecting"}') == 1
    assert re.search(r"MISSING +state +reconnecting, attempt \d+, 0 faces", command("doctor", "--metrics", port).out)
    ended, _ = running.stop()
    details = [record["detail"] for record in ended.records if record["state"] == "reconnecting"]
    assert len(details) == 1
    assert re.search(r"attempt \d+, (next try in|trying now)", details[0])
    assert ended.err.count("reconnecting:") == 1


def test_of_a_camera_that_is_away_there_is_one_line_however_often_it_is_tried(start: Callable, port: int) -> None:
    """OpenCV wrote two at each try, 30,000 in a weekend."""
    running = start("--camera", 93, "--headless", "--wait", "--metrics", port)
    running.until(lambda now: "reconnecting" in now.states)
    running.until(lambda _: value(page(port), "attempt") >= 2)
    ended, _ = running.stop()
    assert ended.err.count("reconnecting: no camera 93") == 1
    assert "VIDEOIO" not in ended.err


def test_the_network_may_read_with_a_token_alone(start: Callable, port: int, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(f'metrics = "0.0.0.0:{port}"\nmetrics_token = "0123456789abcdef"\n')
    running = start("--source", "synthetic", "--headless", "--config", tmp_path / "s.toml")
    running.until(lambda now: "no face" in now.states, 40.0)
    for token in ("", "0123456789abcdeX"):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            page(port, token)
    assert value(page(port, "0123456789abcdef"), "frames_captured_total") > 0
    assert "0123456789abcdef" not in running.stop()[0].err


@pytest.mark.parametrize("text", ["0.0.0.0:9464", ":", "x", "0", "65536", "localhost:", "::1:5", "[::]:9464", "\u00b2"])
def test_an_address_that_is_wrong_or_open_to_all(text: str) -> None:
    with pytest.raises(ConfigError, match="--metrics"):
        address(text, None)


def test_an_address_is_this_machine_s_alone() -> None:
    assert address("9464", None) == Peer("127.0.0.1", 9464)
    assert address("[::1]:9464", None) == Peer("::1", 9464)
    assert address("0.0.0.0:9464", "0123456789abcdef") == Peer("0.0.0.0", 9464)


@pytest.fixture
def notify(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(30)
        yield ear


@pytest.mark.parametrize("how", ["--headless", "--kiosk", "--log-level=warning"])
def test_systemd_hears_that_it_is_up_alive_and_ending(start: Callable, notify: socket.socket, how: str) -> None:
    watchdog = {"NOTIFY_SOCKET": notify.getsockname(), "WATCHDOG_USEC": "1000000"}
    running = start("--source", "synthetic", how, **watchdog)
    heard: list[str] = []
    deadline_s = monotonic() + 30
    while heard.count("WATCHDOG=1") < 4 or not any("STATUS=no face" in line for line in heard):
        heard.append(notify.recv(4096).decode())
        assert monotonic() < deadline_s, heard
    assert heard[0].endswith("READY=1")
    assert running.stop()[0].code == 0
    while heard[-1] != "STOPPING=1":
        heard.append(notify.recv(4096).decode())
