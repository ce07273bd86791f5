"""Real clips with labelled stretches, and photographs, measured as the program reads and shows them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.evaluate import main
from realtime_micacl.making.evaluation.real import RealRows, read_real
from realtime_micacl.making.evaluation.stretches import clip_file, read_stretches

DATA = Path(__file__).parents[2] / "data"


def measured(folder: Path, *arguments: str) -> dict[str, Any]:
    main([*arguments, "--json", str(folder / "figures.json")])
    (scores,) = json.loads((folder / "figures.json").read_text()).values()
    return dict(scores)


def test_stretches_are_read_and_what_stood_on_the_screen_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "stretches.json"
    file.write_text(
        json.dumps(
            [
                ["face_leaves", 0, 30, "happy", 3],
                ["face_leaves", 0, 30, "grimace", 2],
                ["face_leaves", 0, 30, "sad", 1],
                ["no_face", 0, 20, "neutral", 2],
            ]
        )
    )
    scores = measured(tmp_path, "--stretches", str(DATA), str(file))
    assert (scores["n"], scores["unread"]) == (1, 1), "clarity 1 is left out, and nobody is in the other clip"
    assert scores["words"] == scores["grimaces"] > 3
    assert 0 <= scores["words_wrong"] <= scores["words_shown"] <= scores["words"]
    assert set(scores["changes"]) == {"face_leaves", "no_face"}
    said = capsys.readouterr().out
    assert "a word is shown in" in said and "changes of the word" in said and "show none of the seven" in said


def test_photographs_of_one_half_are_read_each_alone(tmp_path: Path) -> None:
    picture = cv2.cvtColor(next(read_file(DATA / "sources" / "http_faststart.mp4")).image, cv2.COLOR_RGB2BGR)
    face = cv2.imencode(".jpg", cv2.resize(picture, (112, 112)))[1].ravel()
    empty = cv2.imencode(".jpg", np.full((112, 112, 3), 90, np.uint8))[1].ravel()
    file = tmp_path / "photographs.npz"
    np.savez(
        file,
        jpeg=np.concatenate([face, empty, face]),
        sizes=[len(face), len(empty), len(face)],
        label=[0, 1, 0],
        half=[0, 0, 1],
    )
    scores = measured(tmp_path, "--photographs", str(file), "0")
    assert (scores["n"], scores["unread"], scores["war"]) == (1, 1, 1.0)
    with pytest.raises(ConfigError, match="no photographs of half 2"):
        main(["--photographs", str(file), "2"])
    with pytest.raises(ConfigError, match="HALF must be a number such as 0 or 1, not 'first'"):
        main(["--photographs", str(file), "first"])


def test_engines_that_look_once_read_what_each_reads_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "stretches.json"
    file.write_text(json.dumps([["face_leaves", 0, 30, "happy", 3], ["face_leaves", 31, 60, "neutral", 3]]))
    real = read_real(None, (DATA, file))
    assert real
    twins = {name: shutil.copytree(default_engine(), tmp_path / name) for name in ("one", "other")}
    sidecar = twins["other"] / "engine.json"
    sidecar.write_text(sidecar.read_text().replace('"name": "default"', '"name": "other"'))
    looked: list[int] = []
    perceive = Perceiver.perceive
    monkeypatch.setattr(Perceiver, "perceive", lambda self, frame: looked.append(1) or perceive(self, frame))
    found = RealRows(real, tmp_path)
    shipped, rows = found.shipped(), [found.row(name, [engine]) for name, engine in twins.items()]
    assert len(looked) == 2 * sum(1 for _ in read_file(DATA / "face_leaves.mp4")), "the third did not look again"
    for name, row in zip(twins, rows, strict=True):
        against = row["clips"].pop("against")
        assert row == shipped | {"system": name}
        assert (against["war"], against["war_95"]) == (0, [0, 0])
    both = found.row("both", list(twins.values()))
    assert (both["seeds"], both["clips"]["war_sd"], both["clips"]["against"]["n"]) == (2, 0, 4)
    alike = ("n", "war", "war_95", "uar", "changes_a_minute")
    assert [both["clips"][name] for name in alike] == [shipped["clips"][name] for name in alike]
    assert both["clips"]["words"] == 2 * shipped["clips"]["words"]
    with pytest.raises(ConfigError, match="no such file"):
        read_real(tmp_path / "gone.npz", None)


def test_a_clip_of_a_list_may_have_its_ending(tmp_path: Path) -> None:
    file = tmp_path / "stretches.json"
    file.write_text('[["cut", 0, 9, "happy", 3], ["cut.mp4", 0, 9, "happy", 3]]')
    assert {clip_file(DATA, one.clip) for one in read_stretches(DATA, file)} == {DATA / "cut.mp4"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not a list of"),
        ('[["one_face_720p", 1]]', "is not a list of"),
        ('[["cut", 0, 9, "happy", null]]', "is not a list of"),
        ('[["cut", 0, 9, "happy", "1"]]', "names no stretch"),
        ('[["gone", 0, 9, "happy", 3]]', "names gone.mp4, which is not in"),
        ('[["cut", 0, 9, "happy", 1]]', "names no stretch"),
        ('[["cut", 9, 0, "happy", 3]]', "cut 9 to 0 holds no frame"),
    ],
)
def test_a_list_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "stretches.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_stretches(DATA, file)
    with pytest.raises(ConfigError, match="is not a set of photographs"):
        main(["--photographs", str(file), "0"])
