"""Names of emotions, folds that keep people apart, and the lines of split files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data.samples import FOLDS, Row, Sample, gathered, label_named, with_folds
from realtime_micacl.types import EMOTIONS

PATH = Path("x")


def test_emotions_are_known_by_their_names() -> None:
    names = {
        "happy": ["Happy", "happiness", "JOY"],
        "sad": ["Sad", "sadness"],
        "neutral": ["Neutral"],
        "angry": ["Angry", "anger "],
        "surprise": ["Surprise", "surprised"],
        "disgust": ["Disgust", "disgusted"],
        "fear": ["Fear", "fearful"],
    }
    for emotion, others in names.items():
        assert {label_named(name) for name in others} == {EMOTIONS.index(emotion)}
    assert label_named("contempt") is None


def samples(people: list[tuple[str, list[int]]]) -> list[Sample]:
    clips = [(subject, label) for subject, labels in people for label in labels]
    return [Sample(f"c{n}", label, subject, PATH) for n, (subject, label) in enumerate(clips)]


PEOPLE = st.lists(
    st.tuples(st.sampled_from(["", *(f"p{n}" for n in range(9))]), st.lists(st.integers(0, 6), min_size=1, max_size=6)),
    min_size=1,
    max_size=12,
)


@given(PEOPLE)
def test_each_clip_is_tested_once_by_those_who_never_met_its_person(people: list[tuple[str, list[int]]]) -> None:
    given_samples = samples(people)
    folded = with_folds(given_samples)
    assert {s.clip for s in folded} == {s.clip for s in given_samples}
    groups = {s.subject or s.clip for s in given_samples}
    names = {name for s in folded for name in s.parts}
    assert len(names) == (min(FOLDS, len(groups)) if len(groups) > 1 else 0)
    for name in names:
        tested = {s.subject or s.clip for s in folded if s.parts[name] == "test"}
        trained = {s.subject or s.clip for s in folded if s.parts[name] == "train"}
        assert tested and trained and not tested & trained
    if names:
        assert all(Counter(s.parts.values())["test"] == 1 for s in folded)
    assert with_folds(reversed(given_samples)) == folded


def test_folds_of_clips_without_people_hold_every_emotion_alike() -> None:
    folded = with_folds(samples([("", [label] * n) for label, n in enumerate((50, 25, 10, 15, 5, 5, 20))]))
    for fold in range(1, FOLDS + 1):
        counts = Counter(s.label for s in folded if s.parts[f"fold{fold}"] == "test")
        assert [counts[k] for k in range(7)] == [10, 5, 2, 3, 1, 1, 4]


def test_whoever_has_most_clips_has_a_fold_first_and_the_others_share_the_rest() -> None:
    folded = with_folds(samples([*((f"p{n}", [0]) for n in range(10)), ("q", [0] * 10)]))
    tested = Counter(fold for sample in folded for fold, part in sample.parts.items() if part == "test")
    assert sorted(tested.values()) == [2, 2, 3, 3, 10]


def test_folds_stand_beside_official_splits() -> None:
    first, second = with_folds(
        [Sample("a", 0, "p", PATH, {"official": "test"}), Sample("b", 0, "q", PATH, {"official": "train"})]
    )
    assert first.parts == {"official": "test", "fold1": "test", "fold2": "train"}
    assert second.parts == {"official": "train", "fold1": "train", "fold2": "test"}


def test_a_clip_on_both_sides_is_only_tested(caplog: pytest.LogCaptureFixture) -> None:
    for parts in (("train", "test"), ("test", "train"), ("train", "test", "train")):
        rows = [Row("line", "c", 0, "official", part) for part in parts]
        (sample,) = gathered("set", rows, lambda clip: PATH)
        assert sample.parts == {"official": "test"}
        assert "clips in both parts of a split, counted as test: 1 (c)" in caplog.text
        caplog.clear()


def test_a_clip_on_both_sides_of_several_splits_is_counted_once(caplog: pytest.LogCaptureFixture) -> None:
    rows = [Row("line", "c", 0, fold, part) for fold in ("fold1", "fold2") for part in ("train", "test")]
    gathered("set", rows, lambda clip: PATH)
    assert "clips in both parts of a split, counted as test: 1 (c)" in caplog.text
    assert "c, c" not in caplog.text


def test_lines_that_disagree_are_refused() -> None:
    rows = [Row("a.csv, line 2", "c", 0, "fold1", "train"), Row("b.csv, line 7", "c", 6, "fold2", "train")]
    with pytest.raises(ConfigError, match=r"b\.csv, line 7 says that c is fear, another line says happy"):
        gathered("set", rows, lambda clip: PATH)
