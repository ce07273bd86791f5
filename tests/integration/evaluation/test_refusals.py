"""What `evaluate` does not measure, and what it says of the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_micacl.errors import MicaclError
from realtime_micacl.making.evaluate import main


def refused(*arguments: object) -> str:
    with pytest.raises(MicaclError) as caught:
        main([str(a) for a in arguments])
    return str(caught.value)


def test_clips_that_were_trained_on_are_refused(striped: Any, tmp_path: Path) -> None:
    said = refused(striped.runs[0], "--data", striped.five, "--split", "fold2")
    assert "run-fold1 was trained on five fold1, which holds 14 of the 14 clips of five fold2, test part" in said
    assert "--split fold1" in said
    assert "trained on five, but not on which split" in refused(
        striped.checkpoint(tmp_path / "whole", ["five"]), "--data", striped.five, "--split", "fold1"
    )
    said = refused(*striped.runs[:2], "--data", striped.five, "--split", "fold1")
    assert said.startswith("run-fold2 was trained on")


def test_a_split_that_is_not_there_lists_those_that_are(striped: Any) -> None:
    said = refused(striped.runs[0], "--data", striped.five, "--split", "fold9")
    assert "has no split fold9" in said
    assert "fold1, fold2, fold3, fold4, fold5, or all for each fold" in said
    assert "it has official" in refused(striped.runs[0], "--data", striped.one, "--split", "fold1")


def test_folds_need_as_many_engines_as_there_are(striped: Any) -> None:
    runs = striped.runs[:3]
    said = refused(*runs, "--data", striped.five, "--split", "all")
    assert "5 folds" in said
    assert "3 engines" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size_px": 32}, ["crops of 16 px", "takes 32 px", "realtime-micacl prepare"]),
        (
            {"points": [[0.2, 0.3], [0.8, 0.3], [0.5, 0.6], [0.5, 0.8]]},
            ["0.37", "(0.2, 0.3)", "realtime-micacl prepare"],
        ),
    ],
)
def test_crops_that_do_not_fit_the_engine(
    striped: Any, tmp_path: Path, change: dict[str, Any], words: list[str]
) -> None:
    folder = striped.checkpoint(tmp_path / "other", [])
    about = json.loads((folder / "checkpoint.json").read_text())
    about["bag"]["size_px"] = about["model"]["size_px"] = change.get("size_px", 16)
    about["crop"]["points"] = change.get("points", about["crop"]["points"])
    (folder / "checkpoint.json").write_text(json.dumps(about))
    said = refused(folder, "--data", striped.five, "--split", "fold1")
    for word in ["other", str(striped.five), *words]:
        assert word in said


def test_what_is_not_there_is_named(striped: Any, tmp_path: Path) -> None:
    fold1 = striped.runs[0]
    assert "is not a prepared data set" in refused(fold1, "--data", tmp_path / "nowhere")
    assert "no engine at" in refused(tmp_path / "nowhere", "--data", striped.five)
    assert "neither an engine" in refused(tmp_path, "--data", striped.five)
    assert "nothing to measure on" in refused(fold1)
    assert "--split chooses" in refused(fold1, "--split", "fold1")
    assert "named twice" in refused(fold1, fold1, "--data", striped.five)
    assert "called 'five'" in refused(fold1, "--data", striped.five, striped.five)
    (tmp_path / "file").touch()
    assert "cannot be made" in refused(fold1, "--data", striped.five, "--report", tmp_path / "file" / "r")
    broken = striped.checkpoint(tmp_path / "broken", [])
    (broken / "checkpoint.json").write_text("{}")
    assert "damaged or incomplete" in refused(broken, "--data", striped.five)


def test_folders_of_videos_that_are_no_emotion_are_named(tmp_path: Path) -> None:
    assert "no folder" in refused("--through-tracker", tmp_path / "nowhere")
    (tmp_path / "videos" / "hapy").mkdir(parents=True)
    assert "hapy is not the name of an emotion; expected a folder per emotion, named" in refused(
        "--through-tracker", tmp_path / "videos"
    )
    (tmp_path / "videos" / "hapy").rename(tmp_path / "videos" / "happy")
    assert "holds no clip" in refused("--through-tracker", tmp_path / "videos")
    (tmp_path / "videos" / "happy" / "a.mp4").write_text("no video")
    assert "none of 1 clip could be read" in refused("--through-tracker", tmp_path / "videos")


def test_rendered_clips_of_nobody_new_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("[]")
    assert "nobody in these clips is held out" in refused("--rendered", tmp_path)
