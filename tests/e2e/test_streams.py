"""Several real RTSP servers at once: one is killed, one freezes, one is not there; the rest goes on."""

from __future__ import annotations

import csv
import json
import re
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Ended, RtspServer, pictures
from tests.e2e.test_operation import port

__all__ = ["port"]  # a fixture


@pytest.fixture
def servers(tmp_path: Path, clips: Path) -> Iterator[list[RtspServer]]:
    """Three servers of a face each, in small pictures: they encode on the cores that the command needs."""
    shown = pictures(tmp_path / "frames", clips / "one_face_720p.mp4", scale=0.4)
    started = [RtspServer(shown, rate_hz=10) for _ in range(3)]
    for server in started:
        server.start()
    yield started
    for server in started:
        server.kill()


def secret(server: RtspServer, n: int) -> str:
    return server.address.replace("rtsp://", f"rtsp://user{n}:hunter{n}@")


def readings(now: Ended) -> Counter[str]:
    return Counter(r["source"] for r in now.readings)


def states(now: Ended, source: str) -> list[str]:
    return [r["state"] for r in now.records if r["track"] is None and r["source"] == source]


@pytest.mark.fault("R1", "R2", "R24")
def test_a_killed_and_a_frozen_stream_delay_nobody_and_come_back(
    start: Callable,
    command: Callable,
    servers: list[RtspServer],
    port: int,
    tmp_path: Path,
    measured: Callable[[str], None],
) -> None:
    recorded = tmp_path / "all.jsonl"
    sources = [part for n, server in enumerate(servers) for part in ("--source", secret(server, n))]
    running = start(*sources, "--headless", "--wait", "--record", recorded, "--metrics", port)
    names = [re.sub(r"hunter\d", "***", source) for source in sources[1::2]]
    running.until(lambda now: all(readings(now)[name] > 3 for name in names), 60.0)

    servers[0].kill()
    servers[1].signal(signal.SIGSTOP)
    running.until(lambda now: states(now, names[0])[-1] == "reconnecting")
    running.until(lambda now: states(now, names[1])[-1] in ("stalled", "reconnecting"))
    before = readings(running.so_far())
    after = running.until(lambda now: readings(now)[names[2]] > before[names[2]] + 10, 60.0)
    for name in names[:2]:
        assert readings(after)[name] <= before[name] + 1, "no emotion of a stream that is lost"

    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        page = answer.read().decode()
    assert f'realtime_micacl_state{{source="{names[2]}",state="live"}} 1.0' in page
    assert f'realtime_micacl_state{{source="{names[0]}",state="reconnecting"}} 1.0' in page
    assert f'realtime_micacl_readings_total{{source="{names[1]}"}}' in page
    said = command("doctor", "--metrics", port).out
    assert [name in said for name in names] == [True] * 3
    assert re.search(r"state +reconnecting, attempt \d+, 0 faces", said)

    servers[0].start()
    servers[1].signal(signal.SIGCONT)
    running.until(lambda now: all(readings(now)[name] > before[name] + 3 for name in names[:2]), 90.0)

    servers[1].signal(signal.SIGSTOP)
    time.sleep(0.5)
    ended, took_s = running.stop()
    assert ended.code == 0
    assert took_s < 4.0
    measured(f"three streams, one of them frozen: ended {took_s:.1f} s after SIGTERM, recording whole")
    assert [states(ended, name)[-1] for name in names] == ["ended"] * 3
    hello, *lines = [json.loads(line) for line in recorded.read_text().splitlines()]
    assert hello["hello"]["sources"] == names
    of = {name: [line for line in lines if line["source"] == name] for name in names}
    assert of == {name: [line for line in ended.records if line["source"] == name] for name in names}
    assert len(lines) == len(ended.records), "streams write beside each other, each in its order"
    assert "hunter" not in ended.err + ended.out + recorded.read_text() + page + said
    tracks = {name: {r["track"] for r in ended.readings if r["source"] == name} for name in names}
    assert sum(map(len, tracks.values())) == len(set().union(*tracks.values())), "a track is of one source"


def test_one_that_is_not_there_is_told_and_its_error_is_the_end_s(
    start: Callable, servers: list[RtspServer], clips: Path, tmp_path: Path
) -> None:
    servers[2].kill()
    clip, csv_file = str(clips / "face_leaves.mp4"), tmp_path / "all.csv"
    running = start("--source", clip, "--source", servers[2].address, "--headless", "--record", csv_file)
    ended = running.ended(60.0)
    assert ended.code == 3
    assert "nothing listens at port" in ended.err.splitlines()[-1]
    assert states(ended, servers[2].address) == ["starting", "failed"]
    assert states(ended, clip)[-1] == "ended"
    assert ended.records[-1]["source"] == clip, "the clip was read to its end"
    rows = list(csv.DictReader(csv_file.read_text().splitlines()))
    assert {row["source"] for row in rows} == {clip, servers[2].address}


def test_one_that_is_given_up_ends_by_itself(start: Callable, servers: list[RtspServer]) -> None:
    here, gone = servers[0].address, servers[1].address
    running = start("--source", here, "--source", gone, "--headless", "--give-up-after", 1)
    running.until(lambda now: readings(now)[here] > 3 and readings(now)[gone] > 3, 60.0)
    servers[1].kill()
    now = running.until(lambda now: states(now, gone)[-1] == "failed")
    failed: dict[str, Any] = next(r for r in now.records if r["state"] == "failed")
    assert "given up after 1 s" in failed["detail"]
    before = readings(now)[here]
    running.until(lambda now: readings(now)[here] > before + 10, 60.0)
    ended, _ = running.stop()
    assert ended.code == 3
    assert "given up" in ended.err.splitlines()[-1]


@pytest.mark.parametrize("how", [["--offline"], ["--kiosk"], ["--output-window", "clean"]])
def test_some_ways_take_one_source(command: Callable, how: list[str]) -> None:
    ended = command("--source", "demo", "--source", "synthetic", *how)
    assert ended.code == 2
    assert "2 sources" in ended.err
    assert how[0] in ended.err


def test_a_window_shows_several_and_records_them(start: Callable, clips: Path, tmp_path: Path) -> None:
    recorded = tmp_path / "all.jsonl"
    sources = ("--source", "demo", "--source", clips / "no_face.mp4")
    running = start(*sources, "--record", recorded, QT_QPA_PLATFORM="offscreen")

    def records() -> list[dict[str, Any]]:
        text = recorded.read_text() if recorded.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True)[1:] if line.endswith("\n")]

    running.until(lambda now: any("probabilities" in r and r["source"] == "the demo clip" for r in records()), 60.0)
    ended, _ = running.stop()
    assert (ended.code, ended.out) == (0, "")
    last = {r["source"]: r["state"] for r in records()}
    assert last == {"the demo clip": "ended", str(clips / "no_face.mp4"): "ended"}


def test_the_same_source_twice_has_two_names(start: Callable) -> None:
    running = start("--source", "synthetic", "--source", "synthetic", "--headless")
    running.until(lambda now: all(states(now, name)[-1:] == ["no face"] for name in ("synthetic", "synthetic (2)")))
    assert running.stop()[0].code == 0
