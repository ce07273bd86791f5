"""One is no several."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime_micacl.api.table import table
from realtime_micacl.corpus.command import ending_of
from realtime_micacl.corpus.process import Report
from realtime_micacl.doctor.session import _figures
from realtime_micacl.types import State, StateChange
from realtime_micacl.wording import counted


def test_what_is_counted_stands_in_the_singular_for_one() -> None:
    assert [counted(n, "clip") for n in (0, 1, 2)] == ["0 clips", "1 clip", "2 clips"]
    assert [counted(n, "person", "people") for n in (1, 2)] == ["1 person", "2 people"]


@pytest.mark.parametrize(("done", "words"), [(1, "1 clip read, 0 failed"), (2, "2 clips read, 0 failed")])
def test_a_run_over_one_clip_says_so(done: int, words: str) -> None:
    assert ending_of(Report(Path("out"), done, (), 0)).startswith(words)
    assert f"in the summary: {counted(done, 'clip')} of earlier runs\n" in ending_of(
        Report(Path("out"), 0, (), 0, done)
    )


def test_a_table_of_one_reading_has_one_row() -> None:
    found = table([StateChange(0.0, None, State.NO_FACE)])
    assert "of 1 row and" in repr(found) and "<p>1 row</p>" in found._repr_html_()


def test_doctor_sees_one_face() -> None:
    counts = dict.fromkeys([f"state {name}" for name in State], 0.0) | {"state live": 1.0, "faces": 1.0, "attempt": 0.0}
    counts |= {f"frames_{name}_total": 1.0 for name in ("captured", "analysed", "dropped", "damaged")}
    counts |= {"readings_total": 1.0, "changes_total reconnecting": 1.0, "changes_total stalled": 2.0}
    counts |= {f"failures_total {stage}": 0.0 for stage in ("perceive", "recognize")}
    state, frames, faults = [finding.text for finding in _figures(counts)]
    assert state == "live, 1 face" and frames.endswith("; 1 reading")
    assert faults == "1 time reconnecting, 2 times stalled; analysis started again 0 times"


def test_a_table_is_written_into_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    table([StateChange(0.0, None, State.NO_FACE)]).to_csv("~/a.csv")
    assert (tmp_path / "a.csv").exists()
