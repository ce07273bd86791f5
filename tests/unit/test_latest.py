"""A file that holds what stands now: whole at every moment, and no other file is written over."""

from __future__ import annotations

import csv
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.records.slots import STALE_S
from realtime_micacl.outlets.latest import Latest
from realtime_micacl.outlets.thread import OutletThread, Ring
from realtime_micacl.types import Event, State, StateChange
from tests.unit.test_slots import about, reading

ABOUT = about(slots=2)


def posted(path: Path) -> OutletThread:
    return OutletThread(Latest(path, ABOUT))


@pytest.fixture
def short_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes twenty times a second and not once, so that a test need not wait."""
    monkeypatch.setattr("realtime_micacl.outlets.latest.BEAT_S", 0.05)


def until(path: Path, said: str) -> str:
    deadline_s = time.monotonic() + 5.0
    while said not in (text := path.read_text()):
        assert time.monotonic() < deadline_s, text
        time.sleep(0.01)
    return text


def test_csv_has_a_line_for_each_slot_whoever_is_there(tmp_path: Path) -> None:
    path = tmp_path / "now.csv"
    sink = posted(path)
    assert [row["slot"] for row in csv.DictReader(path.read_text().splitlines())] == ["1", "2"], "from the start"
    sink(reading(7, time.monotonic(), slot=2))
    rows = list(csv.DictReader(until(path, "2,7,sad").splitlines()))
    assert [(row["slot"], row["track"], row["emotion"]) for row in rows] == [("1", "", ""), ("2", "7", "sad")]
    assert float(rows[1]["happy"]) == pytest.approx(1 / 7, abs=1e-4)
    sink(StateChange(time.monotonic(), 7, State.NO_FACE, slot=2))
    until(path, "2,,")
    sink.close()
    assert sink.wait(2.0)
    assert [file.name for file in tmp_path.iterdir()] == ["now.csv"], "nothing is left beside it"


@pytest.mark.usefixtures("short_beat")
def test_json_says_states_and_when_it_was_written_and_a_silent_face_goes_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = time.monotonic()
    monkeypatch.setattr("realtime_micacl.outlets.latest.monotonic", lambda: now_s)
    path = tmp_path / "now.json"
    sink = posted(path)
    sink(StateChange(now_s, None, State.LIVE))
    sink(reading(7, now_s, slot=1))
    found = json.loads(until(path, '"track": 7'))["latest"]
    assert found["states"] == {"camera 0": "live"}
    assert abs(found["written_unix"] - time.time()) < 5.0
    assert (found["faces"][0]["slot"], found["faces"][0]["emotion"]) == (1, "sad")
    now_s += STALE_S
    until(path, '"faces": []')
    sink.close()
    assert sink.wait(2.0)


def test_a_reader_never_meets_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "now.csv"
    sink, over = posted(path), threading.Event()
    faults: list[str] = []

    def read() -> None:
        while not over.wait(0.0005):
            text = path.read_text()
            if text.count("\n") != 3 or not text.endswith("\n"):
                faults.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(40):
        sink(reading(n, time.monotonic(), slot=1 + n % 2))
        time.sleep(0.002)
    over.set()
    reader.join()
    sink.close()
    assert sink.wait(2.0)
    assert faults == []


@pytest.mark.usefixtures("short_beat")
def test_a_disk_that_is_full_is_told_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    folder.mkdir()
    sink = posted(folder / "now.json")
    (folder / "now.json").unlink()
    folder.rmdir()  # as a share that went away
    sink(reading(1, time.monotonic(), slot=1))
    deadline_s = time.monotonic() + 5.0
    while "cannot be written" not in sink.notice:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    folder.mkdir()
    while sink.notice:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    sink.close()
    assert sink.wait(2.0)
    assert sink.dropped >= 1
    assert (folder / "now.json").exists()


@pytest.mark.parametrize("kind", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, kind: Callable[[Path], None]) -> None:
    kind(path := tmp_path / "now.csv")
    with pytest.raises(ConfigError, match="it exists and is not a file of --latest"):
        Latest(path, ABOUT)


@pytest.mark.parametrize(
    ("name", "before", "said"),
    [
        ("now.txt", None, "must be .json or .csv"),
        ("results.csv", "time_s,track,state\n1,2,live\n", "is not a file of --latest"),
        ("recording.jsonl", "", "must be .json or .csv"),
        ("package.json", '{"name": "mine"}', "is not a file of --latest"),
        ("no/such/folder.csv", None, "check the folder"),
    ],
)
def test_a_file_that_is_not_ours_or_not_to_be_is_left_alone(
    tmp_path: Path, name: str, before: str | None, said: str
) -> None:
    path = tmp_path / name
    if before is not None:
        path.write_text(before)
    with pytest.raises(ConfigError, match=said):
        Latest(path, ABOUT)
    assert (path.read_text() if before is not None else None) == before


def test_one_of_an_earlier_run_or_an_empty_one_is_taken(tmp_path: Path) -> None:
    for name in ("now.csv", "now.json"):
        Latest(tmp_path / name, ABOUT)
        Latest(tmp_path / name, ABOUT)
    (tmp_path / "empty.csv").touch()
    Latest(tmp_path / "empty.csv", ABOUT)
    assert os.path.getsize(tmp_path / "empty.csv") > 0


def test_it_is_written_once_a_second_where_nothing_happens(tmp_path: Path) -> None:
    class Quiet(Ring):
        def take(self, timeout_s: float) -> list[Event]:
            waited_s.append(timeout_s)
            if len(waited_s) == 2:
                self.close()
            return []

    waited_s: list[float] = []
    outlet = Latest(tmp_path / "now.csv", ABOUT)
    (tmp_path / "now.csv").unlink()
    outlet.run(Quiet())
    assert (tmp_path / "now.csv").is_file()
    assert all(0.5 <= timeout_s <= 1.0 for timeout_s in waited_s)
