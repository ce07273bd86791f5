from __future__ import annotations

import json
import logging
from pathlib import Path
from threading import Event as Flag
from time import sleep

import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.records import on_thread, recording
from realtime_micacl.live.records.record import Clock
from realtime_micacl.live.records.recorder import Recorder
from realtime_micacl.live.records.sinks import Sink, Writable, json_lines
from realtime_micacl.testing import reading
from realtime_micacl.types import Mark, State, StateChange


def test_it_writes_from_start_to_stop_and_not_before_or_after(tmp_path: Path) -> None:
    recorder, file = Recorder(Clock(10.0), 4), tmp_path / "a.jsonl"
    recorder(reading(10.5))
    assert recorder.since_s is None
    recorder.start(file)
    assert recorder.since_s is not None
    recorder(reading(11.0))
    recorder(Mark(11.5, 1))
    recorder(StateChange(12.0, None, State.NO_FACE))
    recorder.stop()
    recorder(reading(13.0))
    assert recorder.since_s is None
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["time_s"] for line in lines] == [1.0, 1.5, 2.0]
    assert lines[1] == {"schema": 2, "time_s": 1.5, "track": None, "state": "marker", "detail": "1"}


def test_a_marker_is_a_row_of_a_table(tmp_path: Path) -> None:
    recorder, file = Recorder(Clock(), 4), tmp_path / "a.csv"
    recorder.start(file)
    recorder(Mark(2.0, 7))
    recorder.stop()
    assert file.read_text().splitlines()[1].startswith("2.0,,marker,7,")


def test_another_recording_ends_the_first(tmp_path: Path) -> None:
    recorder = Recorder(Clock(), 4)
    recorder.start(tmp_path / "a.jsonl")
    recorder.start(tmp_path / "b.jsonl")
    recorder(reading(1.0))
    recorder.stop()
    assert (tmp_path / "a.jsonl").read_text() == ""
    assert (tmp_path / "b.jsonl").read_text() != ""


def test_another_start_ends_the_first_even_where_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 160.0])
    monkeypatch.setattr("realtime_micacl.live.records.recorder.monotonic", lambda: next(clock))
    recorder, first, mine = Recorder(Clock(), 4), tmp_path / "a.jsonl", tmp_path / "mine.csv"
    recorder.start(first)
    recorder(reading(1.0))
    recorder.start(tmp_path / "b.jsonl")
    assert recorder.since_s == 160.0, "what is shown counts from the second start"
    assert recorder.path == tmp_path / "b.jsonl"
    mine.write_text("mine")
    with pytest.raises(ConfigError, match="exists"):
        recorder.start(mine)
    recorder(reading(2.0))
    assert recorder.since_s is None
    assert first.read_text().count("\n") == 1
    assert (tmp_path / "b.jsonl").read_text() == "", "nothing is written to a recording that was ended"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("mine")
    recorder = Recorder(Clock(), 4)
    with pytest.raises(ConfigError, match="exists"):
        recorder.start(file)
    assert recorder.since_s is None
    recorder(reading(1.0))
    assert file.read_text() == "mine"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full to write to")
def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    link = tmp_path / "a.jsonl"
    recorder = Recorder(Clock(), 4)
    recorder.start(link)
    link.unlink()

    class Full:
        def __call__(self, event: object) -> None:
            with open("/dev/full", "w") as disk:
                disk.write("x")

    recorder._sink = Full()
    with caplog.at_level(logging.ERROR):
        recorder(reading(1.0))
        recorder(reading(2.0))
    assert recorder.since_s is None
    assert "No space left" in recorder.fault
    assert len(caplog.records) == 1
    recorder.start(tmp_path / "b.jsonl")
    assert recorder.fault == ""
    recorder.stop()


def test_a_recording_that_is_emptied_goes_on_from_its_beginning(tmp_path: Path) -> None:
    """As logrotate leaves it with `copytruncate`; written on where it was, it would begin with zeros."""
    recorder, file = Recorder(Clock(), 4), tmp_path / "a.jsonl"
    recorder.start(file)
    recorder(reading(1.0))
    file.write_text("")
    recorder(reading(2.0))
    recorder.stop()
    (line,) = file.read_text().splitlines()
    assert json.loads(line)["time_s"] == 2.0


def test_a_recording_that_is_removed_is_not_written_on_in_vain(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder, file = Recorder(Clock(), 4), tmp_path / "a.jsonl"
    recorder.start(file)
    file.rename(tmp_path / "moved.jsonl")
    recorder(reading(1.0))
    assert "1.0" in (tmp_path / "moved.jsonl").read_text(), "a file may be moved"
    (tmp_path / "moved.jsonl").unlink()
    recorder(reading(2.0))
    assert recorder.since_s is None
    assert "a.jsonl: the file was removed while it was written to; nothing more is written there" in caplog.text


def test_a_disk_that_hangs_holds_nobody_and_gets_all_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers, written, file = Flag(), json_lines, tmp_path / "a.jsonl"

    def hanging(stream: Writable, clock: Clock) -> Sink:
        write = written(stream, clock)
        return lambda event: (answers.wait(60), write(event))[1]

    monkeypatch.setattr(recording, "json_lines", hanging)
    monkeypatch.setattr(on_thread, "PATIENCE_S", 0.05)
    recorder = Recorder(Clock(), 4)
    recorder.start(file)
    for n in range(500):
        recorder(reading(float(n)))
    recorder.stop()
    assert file.read_text() == ""
    assert caplog.messages == [f"{file}: the disk does not answer; 10000 readings wait for it, later ones are left out"]
    answers.set()
    while len(file.read_text().splitlines()) < 500:
        sleep(0.01)
