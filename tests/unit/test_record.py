"""Whatever is written of an event is read back as it was, from JSON and from CSV; the page about it is true."""

from __future__ import annotations

import io
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.config import Settings
from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar, sha256
from realtime_micacl.live.reading.smoother import Tuned, Tuning
from realtime_micacl.live.records.origin import Origin
from realtime_micacl.live.records.reader import read_recording
from realtime_micacl.live.records.record import Clock, Record, as_record, one_line
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.records.recording import recording
from realtime_micacl.live.records.rows import ADDED
from realtime_micacl.live.records.sinks import csv_rows, json_lines
from realtime_micacl.types import EMOTIONS, Baseline, EmotionDistribution, Event, Mark, State, StateChange
from tests.bench.schema import document

ORIGIN_S = 5000.0
LIVE, OFFLINE = Clock(ORIGIN_S, time.time() - time.monotonic()), Clock(ORIGIN_S)

Time = st.floats(0.0, 1e6).map(lambda seconds: ORIGIN_S + seconds)
Text = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(
    ["=1+1", 'a "b", c', "a\r\nb", "\ud800", "0", "True", "nan", "x" * 5000, "\U0001f642" * 4096]
)
Shares = st.lists(st.floats(0.001, 1.0), min_size=7, max_size=7).map(
    lambda parts: np.array(parts, np.float32) / np.float32(sum(parts))
)
Readings = st.builds(
    EmotionDistribution,
    st.integers(1, 1 << 40),
    Time,
    Shares,
    st.lists(st.floats(0.0, 900.0, width=32), min_size=4, max_size=4).map(lambda w: np.array(w, np.float32)),
    st.none() | st.sampled_from(EMOTIONS),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.none() | st.floats(-0.9, 1e5),
    Text,
    st.sampled_from(Baseline),
    st.none() | st.integers(1, 64),
    st.booleans(),
    st.none() | st.floats(0.0, 1.0),
    st.none() | st.integers(0, 1 << 40),
    st.none() | st.lists(st.floats(-300.0, 9000.0, width=32), min_size=4, max_size=4).map(np.array),
    st.none() | st.lists(st.floats(-180.0, 180.0, width=32), min_size=3, max_size=3).map(np.array),
)
Changes = st.builds(StateChange, Time, st.none() | st.integers(1, 1 << 40), st.sampled_from(State), Text, Text)
Marks = st.builds(Mark, Time, st.integers(1, 10**8), Text)
Events = st.lists(Readings | Changes | Marks, max_size=6).map(lambda events: sorted(events, key=lambda e: e.time_s))


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
@given(events=Events, clock=st.sampled_from([LIVE, OFFLINE]))
def test_every_event_is_read_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, kind: str, events: list[Event], clock: Clock
) -> None:
    file = tmp_path_factory.getbasetemp() / f"r.{kind}"
    with file.open("w", encoding="utf-8", newline="") as stream:
        sink = json_lines(stream, clock) if kind == "jsonl" else csv_rows(stream, clock, 4)
        for event in events:
            sink(event)
    back = list(read_recording(file))
    assert [as_record(event, Clock()) for event in back] == [as_record(event, OFFLINE) for event in events]


def test_a_live_record_has_the_time_of_day_and_an_offline_one_has_not() -> None:
    event, now_s = StateChange(time.monotonic(), None, State.LIVE), time.time()
    assert as_record(event, Clock.started())["time_unix"] == pytest.approx(now_s, abs=0.05)
    assert "time_unix" not in as_record(event, Clock())


def test_the_time_of_day_runs_evenly_and_follows_a_clock_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    shift_s = 0.0
    monkeypatch.setattr("realtime_micacl.live.records.record.time", lambda: 1.8e9 + shift_s)
    monkeypatch.setattr("realtime_micacl.live.records.record.monotonic", lambda: ORIGIN_S)
    clock = Clock.started()
    before = clock.unix_s(clock.origin_s)
    shift_s = 0.02  # within what two looks at two clocks may differ
    first = clock.unix_s(clock.origin_s)
    assert first == before
    assert clock.unix_s(clock.origin_s + 10.0) == pytest.approx(first + 10.0, abs=1e-6)
    for shift_s in (0.7, 3600.0):
        assert clock.unix_s(clock.origin_s) == pytest.approx(first + shift_s, abs=0.05)


def test_the_page_about_the_record_is_what_the_program_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "schema.md"
    assert page.read_text("utf-8") == document(), "python tests/bench/schema.py > docs/schema.md"


def test_every_part_of_a_record_is_explained() -> None:
    said = msgspec.json.schema(Record)["$defs"]["Record"]["properties"]
    assert all(of.get("description") for of in said.values())


@pytest.fixture
def origin() -> Origin:
    settings = Settings(
        source=("rtsp://me:hunter2@door/1", "clip.mp4"), metrics_token="hunter2-hunter2-hunter2", smoothing_s=0.2
    )
    folder, sidecar = read_sidecar(default_engine())
    found = Origin(settings, folder, sidecar, Tuned(Tuning(0.2, 0.6)), Clock.started())
    found.sources = ["rtsp://me:***@door/1"]
    return found


def test_a_recording_says_where_it_comes_from(tmp_path: Path, origin: Origin) -> None:
    for name in ("r.jsonl", "r.csv"):
        with recording(tmp_path / name, Clock(), 4, origin) as sink:
            sink(Mark(1.0, 1))
    first, mark = map(json.loads, (tmp_path / "r.jsonl").read_text().splitlines())
    assert (first["schema"], first["time_s"], mark["state"]) == (2, 0.0, "marker")
    hello = first["hello"]
    folder, sidecar = read_sidecar(default_engine())
    assert (hello["engine"], hello["engine_sha256"]) == (sidecar.name, sha256(folder / "engine.json"))
    assert hello["sources"] == ["rtsp://me:***@door/1"]
    assert hello["settings"]["smoothing_s"] == 0.2
    assert hello["settings"]["abstain_below"] == 0.6
    assert abs(time.time() - time.mktime(time.strptime(hello["started_utc"][:19] + "UTC", "%Y-%m-%dT%H:%M:%S%Z"))) < 9e4
    assert hello["started_utc"].endswith("Z")
    assert "hunter2" not in (tmp_path / "r.jsonl").read_text()
    assert json.loads((tmp_path / "r.csv.json").read_text()) == first, "a table has it beside"
    assert list(read_recording(tmp_path / "r.jsonl")) == list(read_recording(tmp_path / "r.csv")) == [Mark(1.0, 1)]


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_name_that_no_encoding_knows_is_written(tmp_path: Path, origin: Origin, kind: str) -> None:
    """As of a file whose name was written in another encoding than the system's."""
    origin.sources = [os.fsdecode(b"\xff\n.mp4")]
    with recording(tmp_path / f"r.{kind}", Clock(), 4, origin) as sink:
        sink(Mark(1.0, 1))
    assert list(read_recording(tmp_path / f"r.{kind}")) == [Mark(1.0, 1)]


def test_what_changes_in_the_meantime_is_said_from_then_on(tmp_path: Path, origin: Origin) -> None:
    for name in ("r.jsonl", "r.csv"):
        recorder = Recorder(Clock(), 4, origin)
        origin.sources = ["camera 0"]
        recorder.start(tmp_path / name)
        for n, source in enumerate(["camera 0", "camera 0", "clip.mp4", "clip.mp4"], start=1):
            origin.sources = [source]
            recorder(Mark(float(n), n))
        recorder.stop()
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [(line["time_s"], "hello" in line) for line in lines] == [
        (0.0, True),
        (1.0, False),
        (2.0, False),
        (3.0, True),
        (3.0, False),
        (4.0, False),
    ]
    beside = json.loads((tmp_path / "r.csv.json").read_text())
    assert [beside["hello"]["sources"], *(later["hello"]["sources"] for later in beside["later"])] == [
        ["camera 0"],
        ["clip.mp4"],
    ]
    assert beside["later"][0]["time_s"] == 3.0
    assert len(list(read_recording(tmp_path / "r.jsonl"))) == 4


def test_each_file_of_a_row_says_it(tmp_path: Path, origin: Origin) -> None:
    with recording(tmp_path / "r.jsonl", Clock(), 4, origin, rotate_s=1.0) as sink:
        for second in range(3):
            sink(Mark(float(second), second + 1))
    assert [json.loads(file.read_text().splitlines()[0])["time_s"] for file in sorted(tmp_path.iterdir())] == [1, 2, 0]


def test_what_lies_beside_a_table_is_not_overwritten(tmp_path: Path, origin: Origin) -> None:
    (tmp_path / "r.csv.json").write_text("precious")
    with (
        pytest.raises(ConfigError, match=r"r\.csv\.json: it exists"),
        recording(tmp_path / "r.csv", Clock(), 4, origin),
    ):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["r.csv.json"]
    assert (tmp_path / "r.csv.json").read_text() == "precious"


@pytest.mark.parametrize(
    "change",
    [{"state": "marker", "track": 1, "detail": "1"}, {"state": "marker"}, {"state": "marker", "detail": "0"}],
)
def test_a_marker_that_is_none_is_refused(change: dict[str, Any]) -> None:
    record = msgspec.convert({"schema": 2, "time_s": 1.0, "track": None} | change, Record)
    with pytest.raises(ValueError, match="a marker has a number"):
        record.event()


def test_a_table_of_form_1_is_read(tmp_path: Path) -> None:
    out = io.StringIO()
    reading = EmotionDistribution(
        3, 1.5, np.full(7, 1 / 7, np.float32), np.ones(4, np.float32), None, 0.9, 1.0, baseline=Baseline.SET
    )
    for event in (reading, Mark(2.0, 7)):
        csv_rows(out, Clock(), 4)(replace(event, source="door"))
    header, first, _, second = out.getvalue().splitlines()
    old = [",".join(line.split(",")[: -len(ADDED)]) for line in (header, first, second)]
    (tmp_path / "old.csv").write_text("\n".join(old) + "\n")
    back = list(read_recording(tmp_path / "old.csv"))
    assert [as_record(event, Clock())["state"] for event in back] == ["live", "marker"]
    assert as_record(back[0], Clock())["baseline"] is True


def test_a_text_of_some_thousand_letters_is_kept_and_a_longer_one_cut() -> None:
    assert one_line("x" * 3000) == "x" * 3000
    assert one_line("x" * 100_000) == "x" * len(one_line("x" * 100_000))
    assert len(one_line("x" * 100_000)) < 20_000
