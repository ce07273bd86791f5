"""LSL as labs meet it: a real inlet, and LabRecorder's own recorder into XDF."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pylsl
import pytest
import pyxdf

from realtime_micacl.outlets.lsl import BUFFER_S, Lsl, channels
from realtime_micacl.outlets.thread import OutletThread
from realtime_micacl.types import EMOTIONS, Mark, State, StateChange
from tests.unit.test_slots import about, reading

RECORDER = Path(__file__).with_name("xdf_recorder.py")
LABELS = [label for label, _, _ in channels(4)]


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name of streams that nobody else has on this machine."""
    return f"{request.node.name}-{os.getpid()}"


@pytest.fixture
def posted(name: str) -> Iterator[Callable[..., OutletThread]]:
    """Open streams."""
    made: list[OutletThread] = []

    def make() -> OutletThread:
        made.append(OutletThread(Lsl(name, about(slots=2))))
        return made[-1]

    yield make
    for sink in made:
        sink.close()
        assert sink.wait(3.0)


def inlet(name: str) -> pylsl.StreamInlet:
    (found,) = pylsl.resolve_byprop("name", name, 1, 10.0)
    opened = pylsl.StreamInlet(found, recover=True)
    opened.open_stream(10.0)
    return opened


def pulled(stream: pylsl.StreamInlet, count: int = 1) -> list[tuple[list[Any], float]]:
    got = [stream.pull_sample(5.0) for _ in range(count)]
    assert all(sample is not None for sample, _ in got)
    return got


def test_a_stream_says_what_its_channels_are_and_where_it_comes_from(
    posted: Callable[..., OutletThread], name: str
) -> None:
    posted()
    face = inlet(f"{name} face 2")
    info = face.info()
    assert (info.type(), info.nominal_srate(), info.channel_count()) == ("Expression", 0.0, len(LABELS))
    assert info.get_channel_labels() == LABELS
    assert LABELS[:8] == [*EMOTIONS, "leading"]
    assert info.get_channel_units()[:9] == ["normalized"] * 7 + ["index", "normalized"]
    assert info.get_channel_types()[0] == "Probability"
    assert info.source_id().startswith(f"{name}:")
    assert info.source_id().endswith(":face2")
    desc = info.desc()
    fields = {name: desc.child_value(name) for name in ("manufacturer", "model", "smoothing_s", "clock")}
    assert fields == {
        "manufacturer": "realtime-micacl",
        "model": "default",
        "smoothing_s": "0.15",
        "clock": "moment of capture",
    }


def test_samples_have_the_moment_of_capture_and_an_end(
    posted: Callable[..., OutletThread], name: str, measured: Callable[[str], None]
) -> None:
    sink = posted()
    face, markers = inlet(f"{name} face 1"), inlet(f"{name} markers")
    sink(StateChange(time.monotonic(), None, State.LIVE))
    sent, delays_s = [], []
    for n in range(200):
        one = replace(reading(7, time.monotonic() - 0.05, slot=1), latency_s=0.05, emotion="fear" if n % 2 else None)
        sent.append(one)
        pushed_s = time.monotonic()
        sink(one)
        (sample, moment_s), *_ = pulled(face)
        delays_s.append(time.monotonic() - pushed_s)
        assert abs(moment_s - one.time_s) < 1e-6
        row = dict(zip(LABELS, sample, strict=True))
        assert (row["leading"], row["track"], row["baseline"]) == (6.0 if n % 2 else -1.0, 7.0, 0.0)
        assert row["age"] == pytest.approx(0.05)
        assert row["importance_4"] == 1.0
    for event in (Mark(time.monotonic(), 3), StateChange(time.monotonic(), 7, State.NO_FACE, slot=1)):
        sink(event)
    ((sample, _),) = pulled(face)
    row = dict(zip(LABELS, sample, strict=True))
    assert row.pop("track") == -1.0
    assert all(map(math.isnan, row.values()))
    said = [json.loads(sample[0])["state"] for sample, _ in pulled(markers, 3)]
    assert said == ["live", "marker", "no face"]
    measured(f"LSL: outlet to inlet {1e3 * float(np.percentile(delays_s, 95)):.2f} ms (p95), none of 200 lost")


@pytest.mark.fault("R19")
def test_an_inlet_goes_on_by_itself_after_a_restart(
    posted: Callable[..., OutletThread], name: str, measured: Callable[[str], None]
) -> None:
    sink = posted()
    face = inlet(f"{name} face 1")
    sink(reading(1, time.monotonic(), slot=1))
    pulled(face)
    sink.close()
    assert sink.wait(3.0)
    again, started_s = posted(), time.monotonic()
    while face.pull_sample(0.05)[0] is None:
        again(reading(2, time.monotonic(), slot=1))
        assert time.monotonic() - started_s < 10.0
    measured(f"LSL: an inlet goes on {time.monotonic() - started_s:.1f} s after the program's restart")


@pytest.mark.fault("R4")
def test_two_hundred_inlets_come_and_go_and_one_that_does_not_read_costs_little(
    posted: Callable[..., OutletThread], name: str, measured: Callable[[str], None]
) -> None:
    sink, process = posted(), psutil.Process()
    (found,) = pylsl.resolve_byprop("name", f"{name} face 1", 1, 10.0)

    def visits(count: int) -> tuple[int, int]:
        for _ in range(count):
            visitor = pylsl.StreamInlet(found, recover=False)
            visitor.open_stream(5.0)
            sink(reading(1, time.monotonic(), slot=1))
            pulled(visitor)
            visitor.close_stream()
            del visitor
        deadline_s = time.monotonic() + 5.0
        while process.num_fds() > (before[1] if before else 0) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        return process.num_threads(), process.num_fds()

    before: tuple[int, int] | None = None
    before = visits(10)
    after = visits(200)
    assert after[0] <= before[0]
    assert after[1] <= before[1] + 2
    measured(f"200 LSL inlets came and went: threads {after[0] - before[0]:+d}, descriptors {after[1] - before[1]:+d}")
    deaf, used = inlet(f"{name} face 1"), process.memory_info().rss
    for n in range(BUFFER_S * 200):
        sink(reading(1, time.monotonic() + n, slot=1))
        if n % 32 == 31:
            time.sleep(0.002)
    assert process.memory_info().rss - used < 20e6
    deaf.close_stream()


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="LabRecorder's module has wheels for 3.11 and 3.12")
def test_labrecorder_writes_an_xdf_with_the_moments_of_capture(
    posted: Callable[..., OutletThread],
    name: str,
    tmp_path: Path,
    measured: Callable[[str], None],
    long: bool,
) -> None:
    sink, file = posted(), tmp_path / "r.xdf"
    command = [sys.executable, str(RECORDER), str(file), name, "3"]
    recorder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert recorder.stdout is not None
    assert recorder.stdout.readline() == "recording\n"
    time.sleep(1.5)
    sent: list[float] = []
    sink(StateChange(time.monotonic(), None, State.LIVE))
    for n in range(7500 if long else 100):
        sent.append(time.monotonic() - 0.03)
        sink(reading(1, sent[-1], slot=1 + n % 2))
        time.sleep(0.08 if long else 0.02)
    sink(StateChange(time.monotonic(), None, State.ENDED))
    time.sleep(1.0)
    recorder.communicate("\n", timeout=30)
    assert recorder.returncode == 0
    by_name, laid = (
        {s["info"]["name"][0].removeprefix(f"{name} "): s for s in load(file, both)} for both in (False, True)
    )
    assert set(by_name) == {"face 1", "face 2", "markers"}
    errors: list[float] = []
    off_s: list[float] = []
    """What pyxdf adds when it lays clocks over each other by what LabRecorder measured: 0 were right."""
    for slot in (1, 2):
        stream = by_name[f"face {slot}"]
        labels = [c["label"][0] for c in stream["info"]["desc"][0]["channels"][0]["channel"]]
        assert labels == LABELS
        there = stream["time_series"][:, LABELS.index("track")] == 1.0
        times = stream["time_stamps"][there]
        assert len(times) == len(sent[slot - 1 :: 2]), "none lost"
        errors += list(times - sent[slot - 1 :: 2])
        off_s += list(laid[f"face {slot}"]["time_stamps"] - stream["time_stamps"])
        assert math.isnan(stream["time_series"][-1, 0]), "the end of the face is in it"
    assert [json.loads(row[0])["state"] for row in by_name["markers"]["time_series"]] == ["live", "ended"]
    worst_s = max(map(abs, errors))
    assert worst_s < 1e-3
    slope = float(np.polyfit(np.array(sent[0::2] + sent[1::2]), errors, 1)[0])
    if long:
        assert abs(slope) < 5e-6
    measured(f"XDF by LabRecorder: {len(errors)} samples, worst {1e3 * worst_s:.3f} ms, drift {1e6 * slope:+.2f} us/s")
    measured(f"as pyxdf lays its clocks over each other: {1e3 * max(map(abs, off_s)):.2f} ms at most")


def load(file: Path, synchronize: bool) -> list[dict[str, Any]]:
    streams: list[dict[str, Any]]
    streams, _ = pyxdf.load_xdf(str(file), synchronize_clocks=synchronize, dejitter_timestamps=False)
    return streams


def test_a_thread_that_is_put_off_between_two_clocks_moves_no_time_stamp(monkeypatch: pytest.MonkeyPatch) -> None:
    lsl, calls = Lsl("never opened", about()), count()

    def put_off() -> float:
        if next(calls) % 8 != 5:
            time.sleep(0.003)
        return pylsl.local_clock()

    monkeypatch.setattr("realtime_micacl.outlets.lsl.CLOCK_S", 0.0)
    monkeypatch.setattr(lsl, "_pylsl", type("Pylsl", (), {"local_clock": staticmethod(put_off)}))
    assert [lsl._on_lsl(5.0) for _ in range(5)] == [5.0] * 5
    monkeypatch.setattr(lsl, "_pylsl", type("Pylsl", (), {"local_clock": staticmethod(lambda: time.monotonic() + 100)}))
    assert lsl._on_lsl(5.0) == pytest.approx(105.0, abs=1e-4)
