"""Which readings of a clip belong to a stretch, and what is counted of them, by hand."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from realtime_micacl.making.evaluation import stretches
from realtime_micacl.making.evaluation.stretches import Stretch, read_stretches, stretch_predictions
from realtime_micacl.testing import reading
from realtime_micacl.types import EMOTIONS, EmotionDistribution

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is found in stretches of clips of 25 pictures a second in which these readings were made."""
    monkeypatch.setattr(stretches, "rate_hz", lambda _: 25.0)

    def measured(said: dict[str, list[EmotionDistribution]], *asked: Stretch) -> Any:
        reader: Any = SimpleNamespace(read=lambda file: said[file.stem])
        return stretch_predictions(reader, Path("clips"), asked)

    return measured


def test_a_stretch_has_the_readings_of_its_frames_both_ends_among_them(measured: Any) -> None:
    at = [(9, 0.4), (10, 0.5), (15, 0.6), (20, 0.7), (21, 0.8)]
    said = {"a": [reading(frame / 25, share=share) for frame, share in at]}
    read, about = measured(said, Stretch("a", 10, 20, HAPPY))
    assert read.names == ("a 10-20",)
    assert read.probabilities[0, HAPPY] == pytest.approx((0.5 + 0.6 + 0.7) / 3)
    assert about["words"] == 3


def test_an_unsure_word_is_neither_shown_nor_wrong(measured: Any) -> None:
    said = {
        "a": [
            reading(0.0, emotion="happy"),
            reading(0.08, emotion=None),
            reading(0.12, emotion=None),
            reading(0.16, emotion="sad"),
            reading(0.24, emotion="happy"),
        ]
    }
    _, about = measured(said, Stretch("a", 0, 9, HAPPY))
    assert (about["words"], about["words_shown"], about["words_wrong"]) == (5, 3, 1)


def test_of_grimaces_only_what_is_unsure_counts_and_they_have_no_label(measured: Any) -> None:
    said = {"a": [reading(0.0, emotion="happy"), reading(0.08, emotion=None), reading(0.16, emotion=None)]}
    read, about = measured(said, Stretch("a", 0, 0, HAPPY), Stretch("a", 1, 9, None))
    assert (about["grimaces"], about["grimaces_unsure"]) == (2, 2)
    assert (about["words"], read.labels.tolist()) == (1, [HAPPY])


def test_changes_of_the_word_are_counted_person_by_person(measured: Any) -> None:
    first = [reading(0.08 * n, emotion=word) for n, word in enumerate(["happy", "happy", None, "happy", "sad"])]
    second = [reading(1.0 + 0.5 * n, 2, "sad") for n in range(4)]
    said = {"a": [*first, *second], "b": [reading(0.0, emotion="sad")]}
    _, about = measured(said, Stretch("a", 0, 9, HAPPY), Stretch("b", 0, 9, SAD))
    assert about["changes"] == {"a": 3, "b": 0}
    assert about["seconds"] == pytest.approx(0.32 + 1.5, abs=0.05)


def test_a_stretch_without_a_reading_is_not_read(measured: Any) -> None:
    read, _ = measured({"a": [reading(2.0, emotion="sad")]}, Stretch("a", 0, 9, HAPPY), Stretch("a", 40, 60, SAD))
    assert (read.labels.tolist(), read.unread.tolist(), read.unread_names) == ([SAD], [HAPPY], ("a 0-9",))


def test_what_is_hardly_clear_is_left_out_and_what_says_nothing_is_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.mp4").touch()
    file = tmp_path / "stretches.json"
    rows = [["a", 0, 0, "happy", 2], ["a", 1, 2, "happy", 1], ["a", 3, 4, "smirk"], ["a", 5, 6, "Hapy", 1]]
    file.write_text(json.dumps(rows), "utf-8-sig")
    assert read_stretches(tmp_path, file) == [Stretch("a", 0, 0, HAPPY), Stretch("a", 3, 4, None)]
    assert "stretches.json: smirk: none of the seven emotions" in caplog.text, "it may be a slip of the pen"
