"""Who is measured on which part: folds by what engines say, by their names, by their order."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.making.data.prepared import Prepared, PreparedClip
from realtime_micacl.making.evaluation.candidates import Candidate, read_candidates
from realtime_micacl.making.evaluation.predictions import Read
from realtime_micacl.making.evaluation.protocol import facts, name_of, parts_for
from realtime_micacl.making.evaluation.results import Result, result

_, SIDECAR = read_sidecar(default_engine())


def candidate(name: str, *trained_on: str) -> Candidate:
    return Candidate(name, Path(name), msgspec.structs.replace(SIDECAR, trained_on=trained_on))


def folded(name: str, folds: int, extra: tuple[str, ...] = ()) -> Prepared:
    """A set of one clip per fold, each also in the test part of every other split."""
    clips = tuple(
        PreparedClip(
            clip=f"c{k}",
            label=k % 7,
            subject="",
            parts={f"fold{n + 1}": "test" if n == k else "train" for n in range(folds)} | dict.fromkeys(extra, "test"),
            frames=9,
            file=Path("none"),
            size_px=SIDECAR.bag.size_px,
        )
        for k in range(folds)
    )
    return Prepared(
        name, Path("sets") / "mine", SIDECAR.bag.size_px, SIDECAR.crop, clips, tuple(sorted(clips[0].parts))
    )


def splits(candidates: list[Candidate], data: Prepared, *asked: str) -> list[tuple[str, str | None]]:
    return [(who.name, part.split) for who, part in parts_for(candidates, data, asked)]


def test_folds_by_name() -> None:
    three = [candidate(f"x/r18-fold{k}") for k in (3, 1, 2)]
    assert splits(three, folded("set", 3), "all") == [
        ("x/r18-fold3", "fold3"),
        ("x/r18-fold1", "fold1"),
        ("x/r18-fold2", "fold2"),
    ]
    two = [candidate("m3dfel-2"), candidate("m3dfel-1")]
    assert splits(two, folded("set", 2), "all") == [("m3dfel-2", "fold2"), ("m3dfel-1", "fold1")]


def test_what_an_engine_says_goes_before_its_name() -> None:
    two = [candidate("fold1", "set fold2"), candidate("fold2", "set fold1")]
    assert splits(two, folded("set", 2), "all") == [("fold1", "fold2"), ("fold2", "fold1")]


def test_names_that_say_nothing_are_taken_in_order() -> None:
    two = [candidate("late"), candidate("early")]
    assert splits(two, folded("set", 2), "all") == [("late", "fold1"), ("early", "fold2")]
    same = [candidate("a-fold2"), candidate("b-fold2")]
    assert splits(same, folded("set", 2), "all") == [("a-fold2", "fold1"), ("b-fold2", "fold2")]


def test_an_official_split_is_no_fold() -> None:
    data = folded("set", 2, extra=("official",))
    assert splits([candidate("a")], data, "all") == [("a", "fold1"), ("a", "fold2")]
    assert splits([candidate("a")], data, "official") == [("a", "official")]
    assert splits([candidate("a")], data, "none", "official", "all") == [("a", "official")]


def test_of_several_splits_of_one_set_none_is_left_out_silently() -> None:
    with pytest.raises(ConfigError, match="--split names fold2 and fold1 of set; a set is measured on one split"):
        splits([candidate("a")], folded("set", 3), "fold2", "fold1")
    assert splits([candidate("a")], folded("set", 3), "fold2", "fold2", "official") == [("a", "fold2")]


def test_without_a_split_it_is_the_one_that_was_trained_on() -> None:
    assert splits([candidate("a", "set fold2")], folded("set", 2)) == [("a", "fold2")]
    with pytest.raises(ConfigError, match="has several splits and a names none; name one with --split: it has fold1"):
        splits([candidate("a", "other fold2")], folded("set", 2))
    with pytest.raises(ConfigError, match="has several splits"):
        splits([candidate("a", "set fold1", "set fold2")], folded("set", 2))


def test_all_folds_of_a_set_that_has_one_are_that_one() -> None:
    assert splits([candidate("a")], folded("set", 1), "all") == [("a", "fold1")]


def test_crops_that_were_cut_otherwise_are_refused_and_those_of_the_set_itself_are_not() -> None:
    data = folded("set", 1)
    assert splits([candidate("a")], replace(data, crop=None)) == [("a", "fold1")]
    other = msgspec.structs.replace(SIDECAR.crop, points=tuple((x, 0.5) for x, _ in SIDECAR.crop.points))
    with pytest.raises(ConfigError, match="was cut with the face at"):
        splits([candidate("a")], replace(data, crop=other))
    with pytest.raises(ConfigError, match="holds crops of 8 px"):
        splits([candidate("a")], replace(data, size_px=8))


def test_where_one_part_names_nobody_it_is_not_known_who_is_in_both() -> None:
    data = folded("set", 2)
    known, unknown = data.clips
    for second, shared in ((unknown, None), (replace(unknown, subject="p"), 1), (replace(unknown, subject="q"), 0)):
        mixed = replace(data, clips=(replace(known, subject="p"), second))
        ((who, part),) = parts_for([candidate("a")], mixed, ["fold1"])
        assert facts(who, part)["people_in_both_parts"] == shared


def test_sets_that_share_a_reader_are_told_apart_by_their_folder() -> None:
    data = folded("folders", 2)
    assert name_of(data) == "folders/mine"
    assert name_of(folded("dfew", 2)) == "dfew"
    ((who, part),) = parts_for([candidate("a", "folders fold1")], data, [])
    assert part.title == "folders/mine fold1, test part"
    assert facts(who, part)["training"].startswith("trained on folders fold1, without these clips (if it is the same")
    with pytest.raises(ConfigError, match="a was trained on folders fold2, which holds 1 of the 1 clips"):
        splits([candidate("a", "folders fold2")], data, "fold1")


def test_engines_are_named_as_short_as_tells_them_apart(tmp_path: Path) -> None:
    a, b, other = tmp_path / "a" / "engine", tmp_path / "b" / "engine", tmp_path / "b" / "other"
    for path in (a, b, other):
        shutil.copytree(default_engine(), path)
    assert [c.name for c in read_candidates([a, other])] == ["engine", "other"]
    assert [c.name for c in read_candidates([a, b / "engine.json"])] == ["a/engine", "b/engine"]
    with pytest.raises(ConfigError, match="named twice"):
        read_candidates([a, a / "engine.json"])


def test_the_mean_over_folds_is_that_of_the_folds_and_not_of_their_rounded_scores() -> None:
    def fold(right: int, clips: int) -> Result:
        said, labels = np.eye(7, dtype=np.float32)[(np.arange(clips) >= right).astype(int)], np.zeros(clips, np.int64)
        return result(candidate("a"), "set", Read(tuple("abc"[:clips]), said, labels, None), {})

    folds = fold(1, 2), fold(1, 3)
    assert [each.scores["war"] for each in folds] == [0.5, 0.3333]
    over = replace(folds[0], folds=folds).over_folds
    assert (over["war_mean"], over["uar_mean"]) == (0.4167, 0.4167)
