"""What the readings of a clip come to, and the folder that many of them go into."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.corpus.clips import Clip, find_clips
from realtime_micacl.corpus.job import Outcome
from realtime_micacl.corpus.results import Results, opened
from realtime_micacl.corpus.summary import Summary
from realtime_micacl.errors import ConfigError
from realtime_micacl.report.folder import folder_page
from realtime_micacl.types import EMOTIONS, EmotionDistribution, State, StateChange

MADE_WITH = {"program": "1.0", "settings": {"smoothing_s": 0.2, "detector": "auto"}}


def reading(time_s: float, word: str | None, track: int = 1) -> EmotionDistribution:
    shares = np.full(7, 0.05, np.float32)
    shares[EMOTIONS.index(word or "fear")] = 0.7
    return EmotionDistribution(track, time_s, shares, np.ones(4, np.float32), word, 0.5, 0.75)


def test_a_face_by_hand() -> None:
    summary = Summary("a.mp4")
    for time_s, word in ((1.0, "sad"), (1.08, "sad"), (1.16, None), (3.16, "happy"), (3.24, "sad")):
        summary(reading(time_s, word))
    summary(StateChange(3.3, None, State.STALLED, "not the end"))
    summary(StateChange(3.4, None, State.ENDED, "gaps 1"))
    whole, face = summary.rows("one damaged")
    assert (face["clip"], face["track"], whole["tracks"]) == ("a.mp4", 1, 1)
    assert (face["first_s"], face["last_s"], face["readings"]) == (1.0, 3.24, 5)
    assert face["face_s"] == pytest.approx(0.24), "the hole of two seconds is not the face's"
    assert (face["word"], face["share_sad"], face["share_happy"], face["share_unsure"]) == ("sad", 0.6, 0.2, 0.2)
    assert (face["mean_sad"], face["mean_angry"]) == (0.44, 0.05)
    assert (face["flips"], face["flips_per_min"]) == (3, 750.0)
    assert (face["quality"], face["coverage"]) == (0.5, 0.75)
    assert whole["note"] == "gaps 1; one damaged"
    assert whole == {key: value for key, value in face.items() if key != "track"} | {"tracks": 1, "note": whole["note"]}


def test_two_faces_are_a_row_each_and_one_together() -> None:
    summary = Summary("a.mp4")
    for time_s, track, word in (
        (0.0, 1, "sad"),
        (0.5, 2, "happy"),
        (0.1, 1, "sad"),
        (0.6, 2, "happy"),
        (0.7, 2, "sad"),
    ):
        summary(reading(time_s, word, track))
    whole, first, second = summary.rows("")
    assert (whole["first_s"], whole["last_s"], whole["face_s"]) == (0.0, 0.7, pytest.approx(0.3))
    assert (whole["readings"], whole["flips"], whole["word"]) == (5, 1, "sad")
    assert (first["readings"], first["flips"], second["readings"], second["flips"]) == (2, 0, 3, 1)


def test_a_clip_without_a_face_says_why() -> None:
    summary = Summary("a.mp4")
    summary(StateChange(3.4, None, State.ENDED, "no reading (no face 12)"))
    assert summary.rows("") == [{"clip": "a.mp4", "tracks": 0, "readings": 0, "note": "no reading (no face 12)"}]


def test_what_happened_on_the_way_is_no_note() -> None:
    summary = Summary("a.mp4")
    summary(StateChange(1.0, None, State.STALLED, "the picture stands still"))
    assert summary.rows("")[0]["note"] == ""


def test_shares_have_four_places() -> None:
    summary = Summary("a.mp4")
    for n, word in enumerate(["sad", "happy", "happy"]):
        summary(reading(n * 0.08, word))
    assert [summary.rows("")[0][f"share_{word}"] for word in ("sad", "happy")] == [0.3333, 0.6667]


def wrote(results: Results, clip: Clip) -> None:
    results.part(clip.name).write_text("{}\n")
    results.keep(clip, Outcome(clip.name, rows=({"clip": clip.name, "readings": 1},)))


def test_a_clip_is_done_until_it_or_what_it_gave_has_changed(tmp_path: Path) -> None:
    clip = Clip("a/b.mp4", tmp_path / "b.mp4", 100, 5)
    with opened(tmp_path / "out", MADE_WITH, form="jsonl", video=False, again=False) as results:
        assert not results.is_done(clip)
        wrote(results, clip)
        results.close([clip], [Outcome("c.mp4", code=3, error="no video")])
    assert "c.mp4,3,no video" in (tmp_path / "out" / "failed.csv").read_text().splitlines()
    with opened(tmp_path / "out", MADE_WITH, form="jsonl", video=False, again=False) as results:
        assert results.is_done(clip)
        assert not results.is_done(replace(clip, size=101))
        assert not results.is_done(replace(clip, changed_ns=6))
        assert not results.is_done(replace(clip, name="a/c.mp4"))
        with (
            pytest.raises(ConfigError, match="another run"),
            opened(tmp_path / "out", MADE_WITH, form="jsonl", video=False, again=False),
        ):
            pass
        results.close([clip], [])
        results.files(clip.name)[0].unlink()
        assert not results.is_done(clip)
    with (tmp_path / "out" / "summary.csv").open(newline="") as stream:
        assert [row["readings"] for row in csv.DictReader(stream)] == ["1"]
    assert not (tmp_path / "out" / "failed.csv").exists()


def test_a_line_that_was_cut_off_is_a_clip_that_is_not_done(tmp_path: Path) -> None:
    clips = [Clip(name, tmp_path / name, 100, 5) for name in ("a.mp4", "b.mp4")]
    with opened(tmp_path / "out", MADE_WITH, form="jsonl", video=False, again=False) as results:
        for clip in clips:
            wrote(results, clip)
    done = tmp_path / "out" / "done.jsonl"
    done.write_text(done.read_text()[:-20])
    with opened(tmp_path / "out", MADE_WITH, form="jsonl", video=False, again=False) as results:
        assert [results.is_done(clip) for clip in clips] == [True, False]


@pytest.mark.parametrize(
    ("changed", "again", "said"),
    [
        (MADE_WITH | {"settings": {"smoothing_s": 0.3, "detector": "auto"}}, False, "smoothing_s"),
        (MADE_WITH | {"settings": {"smoothing_s": 0.2}}, False, "detector"),
        (MADE_WITH | {"program": "2.0"}, False, "program"),
        (MADE_WITH | {"settings": None}, False, "settings"),
        (MADE_WITH | {"program": "2.0"}, True, ""),
    ],
)
def test_what_was_made_otherwise_is_not_mixed(
    tmp_path: Path, changed: dict[str, object], again: bool, said: str
) -> None:
    clip = Clip("a.mp4", tmp_path / "a.mp4", 100, 5)
    with opened(tmp_path / "out", MADE_WITH, form="jsonl", video=False, again=False) as results:
        wrote(results, clip)
    if said:
        with (
            pytest.raises(ConfigError, match=rf"other settings \({said}\)"),
            opened(tmp_path / "out", changed, form="jsonl", video=False, again=again),
        ):
            pass
        return
    with opened(tmp_path / "out", changed, form="jsonl", video=False, again=again) as results:
        assert not results.is_done(clip)
    assert json.loads((tmp_path / "out" / "process.json").read_text()) == changed


def test_a_folder_of_something_else_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / ".hidden").touch()
    with opened(tmp_path, MADE_WITH, form="jsonl", video=False, again=False):
        pass
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").touch()
    with (
        pytest.raises(ConfigError, match="holds other files"),
        opened(other, MADE_WITH, form="jsonl", video=False, again=False),
    ):
        pass


def test_videos_are_found_by_their_ending_once_each_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("b.MP4", "a/x.mkv", "a/.y.mkv", ".c/z.mp4", "notes.txt", "out/old.mp4", "noending"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert [clip.name for clip in find_clips(tmp_path, tmp_path / "out")] == ["a/x.mkv", "b.MP4"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="holds no video"):
        find_clips(tmp_path / "empty", tmp_path / "out")
    (tmp_path / "empty" / "a.jpg").touch()
    with pytest.raises(ConfigError, match=r"holds pictures and no video; `realtime-micacl .*empty --offline` reads"):
        find_clips(tmp_path / "empty", tmp_path / "out")


def test_the_page_of_a_folder_counts_its_clips_and_says_what_failed(tmp_path: Path) -> None:
    clips = [Clip(name, tmp_path / name, 100, 5) for name in ("a.mp4", "nobody.mp4")]
    summaries = [Summary(clip.name) for clip in clips]
    for time_s, track, word in ((0.0, 1, "sad"), (0.5, 1, "happy"), (0.0, 2, "sad"), (0.5, 2, "sad")):
        summaries[0](reading(time_s, word, track))
    with opened(tmp_path / "out", MADE_WITH, form="jsonl", video=False, again=False) as results:
        for clip, summary in zip(clips, summaries, strict=True):
            results.part(clip.name).touch()
            results.keep(clip, Outcome(clip.name, rows=tuple(summary.rows("no face 12" if clip is clips[1] else ""))))
        results.close(clips, [Outcome("<broken>.mp4", code=3, error="it is no video")])
    page = folder_page(tmp_path / "out")
    said = dict(re.findall(r"<dt>(.*?)</dt><dd>(\d[\d.]*)", page.partition("</section>")[0]))
    assert said == {
        "clips read": "2",
        "failed": "1",
        "without a face": "1",
        "faces": "2",
        "readings": "4",
        "faces were seen": "1.0",
        "changes of word": "60.0",
    }
    assert "<td>&lt;broken&gt;.mp4</td><td>it is no video</td>" in page
    assert re.search(r"nobody.mp4</td><td>0</td><td[^>]*>no face 12</td>", page)


def test_a_folder_that_is_removed_during_a_run_is_not_made_anew_with_nothing_but_tables(tmp_path: Path) -> None:
    clip, out = Clip("a/b.mp4", tmp_path / "b.mp4", 100, 5), tmp_path / "out"
    with opened(out, MADE_WITH, form="jsonl", video=False, again=False) as results:
        results.part(clip.name).touch()
        shutil.rmtree(out)
        results.drop(clip.name)
        for write in (lambda: results.keep(clip, Outcome(clip.name)), lambda: results.close([clip], [])):
            with pytest.raises(FileNotFoundError):
                write()
    assert not out.exists()


def test_a_clip_of_which_the_video_is_missing_is_not_done(tmp_path: Path) -> None:
    clip = Clip("a.mp4", tmp_path / "a.mp4", 100, 5)
    with opened(tmp_path / "out", MADE_WITH, form="jsonl", video=True, again=False) as results:
        Path(f"{results.part(clip.name)}.mp4").touch()
        wrote(results, clip)
        assert results.is_done(clip)
        (tmp_path / "out" / "a.mp4.annotated.mp4").unlink()
        assert not results.is_done(clip)
