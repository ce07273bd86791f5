"""The command with every outlet on at once: each hears the same numbers, and nothing holds up the end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from realtime_micacl.types import EMOTIONS
from tests.e2e.ears import Ears
from tests.fault.proxy import free_port

OUTLETS = Path(__file__).parents[2] / "docs" / "outlets.md"
PACKAGES = {"lsl": "pylsl", "web": "websockets", "osc": "pythonosc", "mqtt": "paho"}


@pytest.mark.fault("R19", "R24")
def test_every_outlet_hears_the_numbers_of_standard_output_and_the_end_is_soon(
    start: Callable, command: Callable, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    metrics = free_port()
    with Ears(tmp_path, "all-at-once") as ears:
        running = start("--source", "demo", "--headless", "--metrics", metrics, *ears.options)
        running.until(lambda now: len(now.readings) > 3, 60.0)
        ears.listen()
        running.until(lambda now: all(len(heard) > 20 for heard in ears.heard.values()), 60.0)
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5) as answer:
            page = answer.read().decode()
        for outlet in ears.heard:
            assert f'realtime_micacl_outlet_away{{outlet="{outlet}"}} 0.0' in page
            assert f'realtime_micacl_outlet_dropped_total{{outlet="{outlet}"}}' in page
        assert "outlet" in command("doctor", "--metrics", metrics).out
        (client,) = re.findall(r"```python\n(import json.*?)```", OUTLETS.read_text("utf-8"), re.DOTALL)
        code = client.replace("8080", str(ears.web_port))
        with subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True) as documented:
            assert documented.stdout is not None
            slot, word, share = documented.stdout.readline().split()
            documented.kill()
        assert (int(slot) in (1, 2, 3, 4), word in (*EMOTIONS, "unsure"), 0 <= float(share) <= 1) == (True,) * 3
        ears.broker.signal(signal.SIGSTOP)
        ended, took_s = running.stop()
        ears.broker.signal(signal.SIGCONT)
    assert (ended.code, ended.states[-1]) == (0, "ended")
    assert took_s < 4.0
    measured(f"all outlets on, the broker frozen: ended {took_s:.1f} s after SIGTERM")
    said = np.array([[r["slot"], *r["probabilities"].values()] for r in ended.readings])
    for outlet, heard in ears.heard.items():
        for one in heard:
            assert np.abs(said - [one.slot, *one.shares]).max(axis=1).min() < 1e-4, outlet
    assert json.loads(ears.latest.read_text())["latest"]["states"] == {"the demo clip": "ended"}
    assert "hello" not in ended.out


@pytest.mark.fault("R4")
def test_losing_a_broker_many_times_leaves_nothing_behind(
    start: Callable, tmp_path: Path, measured: Callable[[str], None], long: bool
) -> None:
    with Ears(tmp_path, "again") as ears:
        running = start("--source", "demo", "--headless", *ears.options)
        running.until(lambda now: len(now.readings) > 3, 60.0)
        process = psutil.Process(running.process.pid)

        def lost(times: int) -> tuple[int, int]:
            for _ in range(times):
                ears.broker.kill()
                ears.broker.start()
                deadline_s = time.monotonic() + 15
                while not any(c.raddr and c.raddr.port == ears.broker.port for c in process.net_connections("tcp")):
                    assert time.monotonic() < deadline_s
                    time.sleep(0.02)
            time.sleep(1.0)
            return process.num_threads(), process.num_fds()

        times = 200 if long else 5
        before, after = lost(2), lost(times)
        assert after[0] <= before[0]
        assert after[1] <= before[1] + 2
        more = f"threads {after[0] - before[0]:+d}, descriptors {after[1] - before[1]:+d}"
        measured(f"all outlets on, {times} losses of the broker: {more}")
        running.stop()


@pytest.mark.parametrize(("option", "package"), PACKAGES.items())
def test_a_package_that_is_missing_is_named_with_the_line_that_installs_it(
    command: Callable, tmp_path: Path, option: str, package: str
) -> None:
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('No module named {package}', name='{package}')")
    value = {"lsl": [], "web": ["8080"], "osc": ["127.0.0.1"], "mqtt": ["127.0.0.1"]}[option]
    ended = command("--source", "demo", "--headless", f"--{option}", *value, PYTHONPATH=str(tmp_path))
    assert ended.code == 2
    assert f"--{option} needs {package}" in ended.err
    assert "pip install" in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("how", [["--offline"], ["--kiosk"]])
def test_what_is_no_live_work_has_no_outlets(command: Callable, how: list[str]) -> None:
    ended = command("--source", "demo", "--web", "8080", *how, QT_QPA_PLATFORM="offscreen")
    assert (ended.code, "--web works neither" in ended.err) == (2, True)


def test_means_leave_by_outlets_and_every_reading_by_standard_output(start: Callable, tmp_path: Path) -> None:
    with Ears(tmp_path, "means") as ears:
        running = start("--source", "demo", "--headless", "--every", 1, *ears.options)
        running.until(lambda now: len(now.readings) > 3, 60.0)
        text = ears.listener.until(f"realtime-micacl/{ears.name}/face/1", lambda text: "mean" in text)
        found = json.loads(text)["mean"]
        assert 0.5 < found["over_s"] < 1.2
        assert found["readings"] > 5
        assert sum(found["shares"].values()) == pytest.approx(1, abs=0.01)
        ended, _ = running.stop()
    assert not any("mean" in reading for reading in ended.readings)
    assert len(ended.readings) > 10
