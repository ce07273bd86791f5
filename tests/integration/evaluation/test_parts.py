"""What `evaluate` says of people and splits that are mixed, or not there."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from realtime_micacl.making.evaluate import main


def run(*arguments: object) -> None:
    main([str(a) for a in arguments])


def test_people_who_are_in_both_parts_are_counted(striped: Any, tmp_path: Path) -> None:
    clips = [(n % 7, f"p{n % 4}", {"official": "test" if n < 6 else "train"}) for n in range(20)]
    striped.prepared(
        tmp_path / "mixed", "mixed", [*clips, *((0, who, {"official": "test"}) for who in ("alone", "", ""))]
    )
    run(striped.runs[0], "--data", tmp_path / "mixed", "--json", tmp_path / "f.json")
    (scores,) = json.loads((tmp_path / "f.json").read_text()).values()
    assert (scores["people"], scores["people_in_both_parts"]) == (7, 4), "two are not known and so two people"


def test_a_set_without_splits_is_measured_whole(
    striped: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    striped.prepared(tmp_path / "loose", "loose", [(n % 7, "", {}) for n in range(9)])
    run(striped.runs[0], "--data", tmp_path / "loose", "--json", tmp_path / "f.json")
    ((title, scores),) = json.loads((tmp_path / "f.json").read_text()).items()
    assert (title, scores["n"], scores["part"], scores["lost"]) == ("loose, all clips", 9, "all", 9)
    assert "few clips (9)" in capsys.readouterr().out


def test_engines_whose_names_look_alike_have_files_of_their_own(striped: Any, tmp_path: Path) -> None:
    names = ("e+1", "E 1", r"$\frac{$")  # the last is no formula for matplotlib, though it looks like one
    runs = [striped.checkpoint(tmp_path / name, [], seed=k) for k, name in enumerate(names)]
    run(*runs[:2], "--data", striped.one, "--report", tmp_path / "r")
    run(*runs[1:], "--data", striped.one, "--report", tmp_path / "s")
    scores = list(json.loads((tmp_path / "r" / "report.json").read_text()).values())[:2]
    assert scores[0]["confusion"] != scores[1]["confusion"]
    text = (tmp_path / "r" / "report.md").read_text()
    for each, ending in zip(scores, ("", "-2"), strict=True):
        file = f"confusion-e-1-on-one-official-test-part{ending}.csv"
        rows = list(csv.reader((tmp_path / "r" / file).read_text().splitlines()))[1:]
        assert [[int(cell) for cell in row[1:]] for row in rows] == each["confusion"]
        assert file in text
