"""Recordings are read back as they were written, and nothing else is read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.errors import SourceError
from realtime_micacl.live.records.reader import LINE_BYTES, read_recording
from realtime_micacl.live.records.record import Clock, as_record
from realtime_micacl.live.records.rows import columns
from realtime_micacl.live.records.sinks import json_lines
from realtime_micacl.types import EMOTIONS, Baseline, EmotionDistribution, State, StateChange

P = np.array([0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05], np.float32)
W = np.array([0.5, 0.8, 1.2, 1.5], np.float32)
READING: dict[str, Any] = {
    "schema": 1,
    "time_s": 1.5,
    "track": 1,
    "state": "live",
    "emotion": "happy",
    "probabilities": dict(zip(EMOTIONS, [0.7] + [0.05] * 6, strict=True)),
    "importance": [0.5, 1.5],
    "quality": 0.9,
    "coverage": 1.0,
    "latency_ms": 40,
}
CHANGE = {"schema": 1, "time_s": 1.0, "track": None, "state": "no face"}


def read(tmp_path: Path, text: str | bytes) -> list[Any]:
    file = tmp_path / "r.jsonl"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_recording(file))


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    out = io.StringIO()
    sink = json_lines(out, Clock(100.0))
    events = [
        StateChange(100.0, None, State.STARTING),
        StateChange(101.0, 7, State.LOW_QUALITY, "dark"),
        EmotionDistribution(7, 101.5, P, W, "happy", 0.9, 1.0, 0.05),
        EmotionDistribution(7, 101.6, P, W, None, 0.9, 1.0, baseline=Baseline.SET),
        StateChange(101.6, None, State.ENDED),
        EmotionDistribution(8, 101.6, P, W, "sad", 0.9, 1.0, 0.05, "rtsp://door/1"),
        StateChange(101.7, None, State.ENDED, "", "rtsp://door/1"),
    ]
    for event in events:
        sink(event)
    back = read(tmp_path, out.getvalue())
    assert [as_record(event, Clock()) for event in back] == [as_record(event, Clock(100.0)) for event in events]


def test_shares_that_a_spreadsheet_rounded_to_two_digits_are_read(tmp_path: Path) -> None:
    shares = dict(zip(EMOTIONS, (0.7, 0.05, 0.05, 0.05, 0.05, 0.04, 0.03), strict=True))
    (event,) = read(tmp_path, json.dumps(READING | {"probabilities": shares}) + "\n")
    assert event["happy"] == pytest.approx(0.7)
    with pytest.raises(SourceError, match="and 1 in all"):
        read(tmp_path, json.dumps(READING | {"probabilities": shares | {"happy": 0.69}}) + "\n")


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 3},
        {"extra": 1},
        {"time_s": "1"},
        {"time_s": 1e300},
        {"track": 0},
        {"track": None},
        {"track": 10**30},
        {"state": "asleep"},
        {"state": "stalled"},
        {"emotion": "glad"},
        {"emotion": None},
        {"probabilities": None},
        {"probabilities": {"happy": 1.0}},
        {"probabilities": dict.fromkeys(EMOTIONS, 1.0)},
        {"probabilities": dict.fromkeys(EMOTIONS, -1.0)},
        {"importance": []},
        {"importance": [1.0] * 65},
        {"quality": 2},
        {"coverage": None},
        {"detail": "x" * 5000},
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, change: dict[str, Any]) -> None:
    lines = [json.dumps(CHANGE), json.dumps(READING | change), ""]
    with pytest.raises(SourceError, match="line 2 is not a record"):
        read(tmp_path, "\n".join(lines))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 60_000 + "\n", "line 1 is not a record"),
        ("x" * (LINE_BYTES + 1) + "\n", "line 1 has more than"),
        (f"{json.dumps(CHANGE | {'time_s': 50.0})}\n{json.dumps(CHANGE)}\n", "line 2: time goes back by 49 s; sort it"),
        ("\n", "line 1 is not a record"),
        (b"\xff\n", "line 1 is not a record"),
        ("{}\n".encode("utf-16"), "is in UTF-16.*; save it as UTF-8"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, text)


def test_json_that_has_not_one_record_a_line_is_said(tmp_path: Path) -> None:
    for text, mend in (
        (json.dumps([CHANGE]), r"jq -c '\.\[\]'"),
        (json.dumps([CHANGE], indent=2) + "\n", r"jq -c '\.\[\]'"),
        (json.dumps(CHANGE, indent=2) + "\n", r"jq -c '\.'"),
    ):
        with pytest.raises(SourceError, match=f"r.jsonl is JSON, but does not have one record a line: {mend}"):
            read(tmp_path, text)


def test_what_pandas_writes_for_missing_and_whole_numbers_is_read(tmp_path: Path) -> None:
    loose = READING | {"track": 1.0, "slot": None, "detail": None, "baseline": None, "latency_ms": 40.0}
    change = CHANGE | {"probabilities": None, "emotion": None, "source": None}
    written = [as_record(event, Clock()) for event in read(tmp_path, f"{json.dumps(CHANGE)}\n{json.dumps(READING)}\n")]
    again = [as_record(event, Clock()) for event in read(tmp_path, f"{json.dumps(change)}\n{json.dumps(loose)}\n")]
    assert again == written
    with pytest.raises(SourceError, match=r"Expected `int \| null`, got `float` - at `\$.track`"):
        read(tmp_path, json.dumps(READING | {"track": 1.5}) + "\n")


def test_a_cut_off_last_line_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert len(read(tmp_path, f'{json.dumps(CHANGE)}\n{{"schema": 1, "ti')) == 1
    assert "cut off" in caplog.text


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_what_editors_and_shells_make_of_a_recording_is_read(tmp_path: Path, kind: str) -> None:
    row = f"1.0,,no face{',' * (len(columns(4)) - 3)}"
    lines = [json.dumps(CHANGE)] if kind == "jsonl" else [",".join(columns(4)), row]
    file = tmp_path / f"r.{kind}"
    file.write_bytes("\r\n".join([*lines, "", "  ", ""]).encode("utf-8-sig"))
    (event,) = read_recording(file)
    assert (event.time_s, event.state) == (1.0, State.NO_FACE)


def test_a_table_whose_header_a_program_has_quoted_is_read(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    header = ",".join(f'"{name}"' for name in columns(4))
    file.write_text(f'{header}\n1.0,,"no face"{"," * (len(columns(4)) - 3)}\n')
    (event,) = read_recording(file)
    assert event.state == State.NO_FACE


@pytest.mark.parametrize("empty", ["NA", "NaN"])
def test_cells_that_r_and_pandas_write_for_empty_ones_are_empty(tmp_path: Path, empty: str) -> None:
    rest = f",{empty}" * (len(columns(4)) - 3)
    (tmp_path / "r.csv").write_text(f"{HEADER}\n1.0,{empty},no face{rest}\n{',' * (len(columns(4)) - 1)}\n")
    (event,) = read_recording(tmp_path / "r.csv")
    assert event == StateChange(1.0, None, State.NO_FACE)


def test_a_table_in_an_old_encoding_is_said(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_bytes(
        f"{HEADER}\n1.0,,no face,K\xfcche{',' * (len(columns(4)) - 4)}\n".encode("latin-1")
    )
    with pytest.raises(SourceError, match=r"line 2 is not a record.*not in UTF-8; save it as UTF-8"):
        list(read_recording(tmp_path / "r.csv"))


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"r\.txt is not a recording"):
        next(read_recording(tmp_path / "r.txt"))
    with pytest.raises(SourceError, match="cannot be read"):
        next(read_recording(tmp_path / "none.jsonl"))


HEADER = ",".join(columns(4))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 is not a header"),
        ("time_s,happy\n1,2\n", "line 1 is not a header.*: column 2 is 'happy', expected track$"),
        (HEADER.replace(",", ";") + "\n1,0;;live\n", "with semicolons between its columns; give the recording itself"),
        (f",{HEADER}\n0,1.0,,live\n", r"its first column holds row numbers; .*index=False\)$"),
        (HEADER + "\r1.0,,live\r", "its lines end with carriage returns alone; save it"),
        (f'{HEADER},"{"x" * 140_000}"\n', "line 1 is not a header"),
        (f"{HEADER},mine\n", "column [0-9]+ is 'mine', expected none$"),
        (HEADER.replace(",latency_ms", "") + "\n", "is 'source', expected latency_ms$"),
        ("clip,track,tracks\n", "it is a summary of `realtime-micacl process`; .* reads its folder$"),
        ("time_s,track\n", "column 3 is missing, expected state$"),
        (f"{HEADER}\n{HEADER}\n", "line 2 .*: the header comes again, as where two recordings were put into one file"),
        (HEADER.replace(",", "\t") + "\n", "with tabs between its columns"),
        (f"{HEADER}\n1.0,,live\n", "line 2 is not a record.*3 cells"),
        (f"{HEADER}\n1.0,,asleep{',' * 19}\n", "line 2 is not a record"),
        (f"{HEADER}\nnan,,live{',' * 19}\n", "line 2 is not a record"),
        (f"{HEADER}\n1.0,1,live,,happy,1,0,0,0,0,0,0,1,1,1,1,1,1,,,yes,\n", "line 2 is not a record"),
        (f'{HEADER}\n1.0,,"live{"," * 20}\n', "line 2 is not a record"),
    ],
)
def test_what_is_no_table_of_ours_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(SourceError, match=said):
        list(read_recording(tmp_path / "r.csv"))


@given(
    st.binary(max_size=400) | st.text(max_size=100).map(lambda text: json.dumps(READING | {"emotion": text}).encode())
)
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    try:
        read(tmp_path_factory.getbasetemp(), content)
    except SourceError as error:
        assert "r.jsonl" in str(error)
