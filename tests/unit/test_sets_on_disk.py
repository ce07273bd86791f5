"""Data sets as people have them on disk: in other formats, a folder deeper, with other things among the clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data import ckplus, cremad, dfew, folders, ravdess
from realtime_micacl.making.data.samples import Sample
from tests.unit.test_sets_acted import write

Read = Callable[[Path], list[Sample]]


@pytest.mark.parametrize("ending", [".avi", ".mov", ".MTS"])
@pytest.mark.parametrize(
    ("read", "file"),
    [
        (ravdess.read, "Actor_0{n}/01-01-03-01-01-01-0{n}"),
        (cremad.read, "VideoFlash/100{n}_DFA_ANG_XX"),
    ],
)
def test_clips_that_were_made_into_another_format_are_read(read: Read, file: str, ending: str, tmp_path: Path) -> None:
    """They were silently left out where others of the set were as shipped."""
    for n in (1, 2, 3):
        write(tmp_path / (file.format(n=n) + (ending if n > 1 else ".mp4")))
    assert len(read(tmp_path)) == 3


def test_a_set_may_lie_a_folder_deeper_as_its_archives_unpack(tmp_path: Path) -> None:
    for n in (1, 2):
        at = f"S00{n}/001/S00{n}_001_00000001"
        write(tmp_path / "extended-cohn-kanade-images" / "cohn-kanade-images" / f"{at}.png")
        write(tmp_path / "Emotion_labels" / "Emotion" / f"{at}_emotion.txt", "   5.0000000e+00\n")
    assert [sample.clip for sample in ckplus.read(tmp_path)] == ["S001/001", "S002/001"]


def test_of_two_folders_of_a_name_none_is_guessed(tmp_path: Path) -> None:
    for above in ("old", "new"):
        write(tmp_path / above / "VideoFlash" / "1001_DFA_ANG_XX.flv")
    with pytest.raises(ConfigError, match=r"no folder .*VideoFlash"):
        cremad.read(tmp_path)
    with pytest.raises(ConfigError, match=r"no folder .*EmoLabel_DataSplit"):
        dfew.read(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["b.zip", "b.npy", "b.txt", "S010_004_00000017.png", "session1/b.mp4"])
def test_what_is_not_read_in_a_folder_of_clips_is_said(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A clip that nobody misses is one that was not learnt from."""
    for file in ("happy/a.mp4", "sad/a.mp4", "happy/Thumbs.db", "happy/.DS_Store", f"happy/{name}"):
        write(tmp_path / file)
    assert len(folders.read(tmp_path)) == 2
    there = tmp_path / "happy" / name.partition("/")[0]
    assert caplog.messages == [f"folders: neither a video nor a folder of pictures, not read: 1 ({there})"]


def test_a_folder_without_clips_says_what_is_there(tmp_path: Path) -> None:
    write(tmp_path / "happy" / "session1" / "a.mp4")
    with pytest.raises(ConfigError, match="happy holds no clip, but session1; expected videos"):
        folders.read(tmp_path)
