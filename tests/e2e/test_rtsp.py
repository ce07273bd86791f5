"""A real RTSP server: readings, a lost server, one that comes back, one that freezes, one that is not there yet."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


def test_a_stream_gives_readings_with_little_delay(start: Callable, rtsp) -> None:
    running = start("--source", rtsp.address, "--headless")
    now = running.until(lambda now: len(now.readings) > 30, 40.0)
    assert np.median([r["latency_ms"] for r in now.readings]) < 500
    ended, took_s = running.stop()
    assert ended.code == 0
    assert took_s < 2.0
    assert ended.states[0] == "starting"
    assert ended.states[-1] == "ended"


@pytest.mark.fault("R1")
def test_a_lost_server_is_told_and_found_again(start: Callable, rtsp) -> None:
    running = start("--source", rtsp.address, "--headless")
    running.until(lambda now: len(now.readings) > 3, 40.0)
    rtsp.kill()
    killed_s = time.monotonic()
    running.until(lambda now: "reconnecting" in now.states)
    assert time.monotonic() - killed_s < 10.0
    read = len(running.so_far().readings)
    time.sleep(2.0)
    assert len(running.so_far().readings) <= read + 1, "no emotion while the stream is lost"
    rtsp.start()
    running.until(lambda now: now.states[-1] in ("live", "no face"))
    running.until(lambda now: len(now.readings) > read + 3)
    reconnecting = next(r for r in running.so_far().records if r["state"] == "reconnecting")
    assert "attempt 1" in reconnecting["detail"]
    assert running.stop()[0].code == 0


@pytest.mark.fault("R2")
def test_a_frozen_server_is_stalled_then_reconnecting_and_shows_no_emotion(start: Callable, rtsp) -> None:
    running = start("--source", rtsp.address, "--headless")
    running.until(lambda now: len(now.readings) > 3, 40.0)
    rtsp.signal(signal.SIGSTOP)
    frozen_s = time.monotonic()
    running.until(lambda now: now.states[-1] in ("stalled", "reconnecting"))
    assert time.monotonic() - frozen_s < 10.0
    read = len(running.so_far().readings)
    time.sleep(3.0)
    assert len(running.so_far().readings) == read
    rtsp.signal(signal.SIGCONT)
    running.until(lambda now: len(now.readings) > read + 3, 30.0)
    assert running.stop()[0].code == 0


@pytest.mark.fault("R3")
def test_a_server_that_is_not_there_yet_is_waited_for(start: Callable, rtsp) -> None:
    rtsp.kill()
    running = start("--source", rtsp.address, "--headless", "--wait")
    running.until(lambda now: "reconnecting" in now.states)
    rtsp.start()
    running.until(lambda now: len(now.readings) > 0, 40.0)
    assert running.stop()[0].code == 0


@pytest.mark.fault("R24")
@pytest.mark.parametrize("how", [["--headless"], []])
def test_a_signal_ends_it_while_a_read_is_blocked(
    start: Callable, rtsp, tmp_path: Path, measured: Callable[[str], None], how: list[str]
) -> None:
    record = tmp_path / "r.jsonl"
    running = start("--source", rtsp.address, "--record", record, *how)
    running.until(lambda now: record.exists() and "probabilities" in record.read_text(), 40.0)
    rtsp.signal(signal.SIGSTOP)
    time.sleep(0.5)
    ended, took_s = running.stop()
    assert ended.code == 0
    assert took_s < 2.5
    assert json.loads(record.read_text().splitlines()[-1])["state"] == "ended"
    measured(
        f"SIGTERM in a blocked read, {'headless' if how else 'window'}: ended after {took_s:.1f} s, recording whole"
    )
