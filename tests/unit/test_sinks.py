from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recording import recording
from realtime_micacl.live.records.sinks import Sinks, json_lines, one_at_a_time
from realtime_micacl.types import EMOTIONS, Baseline, EmotionDistribution, State, StateChange

P = np.array([0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05], np.float32)
W = np.array([0.5, 0.8, 1.2, 1.5], np.float32)


def reading(emotion: str | None = "happy", time_s: float = 12.3456) -> EmotionDistribution:
    return EmotionDistribution(1, time_s, P, W, emotion, 0.9, 1.0)


def test_a_reading_is_one_line_of_json() -> None:
    out = io.StringIO()
    json_lines(out, Clock(10.0))(reading())
    assert out.getvalue().count("\n") == 1
    assert json.loads(out.getvalue()) == {
        "schema": 2,
        "time_s": 2.346,
        "track": 1,
        "state": "live",
        "emotion": "happy",
        "probabilities": dict(zip(EMOTIONS, [0.7] + [0.05] * 6, strict=True)),
        "importance": [0.5, 0.8, 1.2, 1.5],
        "quality": 0.9,
        "coverage": 1.0,
    }


def test_an_abstaining_reading_says_unsure_and_a_live_one_its_latency() -> None:
    out = io.StringIO()
    json_lines(out, Clock())(replace(reading(None), latency_s=0.0504))
    record = json.loads(out.getvalue())
    assert record["emotion"] == "unsure"
    assert record["latency_ms"] == 50


def test_a_reading_with_a_baseline_says_so_and_one_without_does_not() -> None:
    for state, said in ((Baseline.SET, True), (Baseline.TAKING, None), (Baseline.UNLIKE, None)):
        out = io.StringIO()
        json_lines(out, Clock())(replace(reading(), baseline=state))
        assert json.loads(out.getvalue()).get("baseline") is said


def test_a_change_of_state_has_no_probabilities() -> None:
    out = io.StringIO()
    json_lines(out, Clock())(StateChange(1.5, None, State.STALLED, "no new picture for 2 s"))
    assert json.loads(out.getvalue()) == {
        "schema": 2,
        "time_s": 1.5,
        "track": None,
        "state": "stalled",
        "detail": "no new picture for 2 s",
    }


def test_a_recording_is_complete_after_every_event(tmp_path: Path) -> None:
    for name in ("r.jsonl", "r.csv"):
        with recording(tmp_path / name, Clock(), 4) as sink:
            for n in range(3):
                sink(reading(time_s=float(n)))
                sink(StateChange(float(n), 1, State.LIVE))
                text = (tmp_path / name).read_text()
                assert text.endswith("\n")
                assert len(text.splitlines()) == 2 * (n + 1) + name.endswith("csv")
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    assert rows[0]["happy"] == "0.7"
    assert rows[0]["importance_4"] == "1.5"
    assert rows[1]["state"] == "live"
    assert rows[1]["happy"] == ""
    assert float(rows[2]["time_s"]) == 1.0


def test_of_several_things_that_are_written_the_one_that_fails_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, out = tmp_path / "r.csv", io.StringIO()
    with recording(file, Clock(), 4) as sink:
        sinks = Sinks([json_lines(out, Clock()), sink])
        file.unlink()
        assert sinks.write([reading(), reading()])
    assert len(out.getvalue().splitlines()) == 2
    assert sinks.notice == f"Nothing more is written: {file}: the file was removed while it was written to"
    assert f"{file}: the file was removed" in caplog.text


def test_one_of_several_sources_is_named_and_a_single_one_is_not(tmp_path: Path) -> None:
    events = [replace(reading(), source="rtsp://door/1"), StateChange(13.0, None, State.LIVE, "", "rtsp://door/1")]
    out = io.StringIO()
    with recording(tmp_path / "r.csv", Clock(), 4) as sink:
        for event in events:
            json_lines(out, Clock())(event)
            sink(event)
        sink(reading())
    assert [json.loads(line)["source"] for line in out.getvalue().splitlines()] == ["rtsp://door/1"] * 2
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    assert [row["source"] for row in rows] == ["rtsp://door/1", "rtsp://door/1", ""]


def test_lines_of_many_threads_stay_whole() -> None:
    out = io.StringIO()
    sink = one_at_a_time(lambda event: [out.write(part) for part in (*"reading", "\n")])
    threads = [Thread(target=lambda: [sink(reading()) for _ in range(200)]) for _ in range(4)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    assert out.getvalue() == "reading\n" * 800


def test_a_name_with_a_percent_sign_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    Sinks([], "rtsp://a%40b/%s").write([StateChange(0.0, None, State.RECONNECTING, "gone")])
    assert "rtsp://a%40b/%s: reconnecting: gone" in caplog.text


def test_a_recording_never_overwrites(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text("precious")
    with pytest.raises(ConfigError, match="not overwritten"), recording(file, Clock(), 4):
        pass
    assert file.read_text() == "precious"


def test_a_recording_goes_on_in_another_file_and_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "r-2.jsonl").write_text("precious")
    with recording(tmp_path / "r.jsonl", Clock(), 4, rotate_s=10.0) as sink:
        for second in range(25):
            sink(reading(time_s=100.0 + second))
    assert (tmp_path / "r-2.jsonl").read_text() == "precious"
    lines = [(tmp_path / name).read_text().splitlines() for name in ("r.jsonl", "r-3.jsonl", "r-4.jsonl")]
    assert [len(part) for part in lines] == [10, 10, 5]
    with recording(tmp_path / "s.csv", Clock(), 4, rotate_mb=0.001) as sink:
        for second in range(50):
            sink(reading(time_s=float(second)))
    parts = sorted(tmp_path.glob("s*.csv"))
    assert len(parts) > 3
    assert all(part.stat().st_size < 1300 for part in parts)
    rows = [row for part in parts for row in csv.DictReader(part.read_text().splitlines())]
    assert sorted(float(row["time_s"]) for row in rows) == [float(second) for second in range(50)]


@pytest.mark.parametrize("name", ["r.txt", "r", "missing/r.csv"])
def test_what_cannot_be_recorded_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="--record"), recording(tmp_path / name, Clock(), 4):
        pass
    assert list(tmp_path.iterdir()) == []
