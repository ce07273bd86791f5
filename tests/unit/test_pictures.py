"""Folders of pictures read as clips."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.errors import SourceError
from realtime_micacl.live.sources.stills import pictures_in, pictures_like
from realtime_micacl.making.data.pictures import read_pictures


def draw(folder: Path, names: list[str], channels: int = 3) -> None:
    folder.mkdir(exist_ok=True)
    for n, name in enumerate(names):
        picture = np.full((24, 32, channels), 20 * n + 10, np.uint8)
        if channels == 3:
            picture[..., 2] = 200
        assert cv2.imwrite(str(folder / name), picture)


def test_pictures_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    draw(tmp_path, ["10.jpg", "9.jpg", "1.jpg", "100.jpg", "2.jpg"])
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "._1.jpg").write_text("left by a Mac")
    assert [f.stem for f in pictures_in(tmp_path)] == ["1", "2", "9", "10", "100"]
    draw(tmp_path / "long", [f"00012_{n:05}.png" for n in (3, 1, 2)])
    assert [f.stem[-1] for f in pictures_in(tmp_path / "long")] == ["1", "2", "3"]
    assert pictures_in(tmp_path / "none") == []


def test_pipes_in_a_folder_are_no_pictures_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.jpg")
    (tmp_path / "2.jpg").symlink_to("1.jpg")
    (tmp_path / "3.jpg").symlink_to("3.jpg")
    (tmp_path / "4.jpg").symlink_to("gone")
    (tmp_path / "5.jpg").touch()
    for found in (pictures_in(tmp_path), pictures_like(tmp_path / "%d.jpg")):
        assert [file.stem for file in found] == ["3", "4", "5"], "links that lead nowhere are said to be unreadable"


def test_pictures_are_rgb_at_the_nominal_rate(tmp_path: Path) -> None:
    draw(tmp_path, ["1.png", "2.png", "3.png"])
    frames = list(read_pictures(tmp_path, 30.0))
    assert [f.time_s for f in frames] == pytest.approx([0, 1 / 30, 2 / 30])
    assert frames[1].image.shape == (24, 32, 3)
    assert frames[1].image[0, 0].tolist() == [200, 30, 30], "red first"
    assert not frames[0].image.flags.writeable
    draw(tmp_path / "grey", ["1.png"], channels=1)
    assert next(read_pictures(tmp_path / "grey", 30.0)).image.shape == (24, 32, 3)


@pytest.mark.parametrize("damage", ["empty", "junk", "cut off", "a folder"])
def test_a_damaged_picture_is_left_out_and_said(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    draw(tmp_path, ["1.jpg", "2.jpg", "3.jpg"])
    file = tmp_path / "2.jpg"
    content = file.read_bytes()
    file.unlink()
    if damage == "a folder":
        file.mkdir()
    else:
        file.write_bytes({"empty": b"", "junk": b"junk", "cut off": content[: len(content) // 2]}[damage])
    frames = list(read_pictures(tmp_path, 25.0))
    assert [(f.index, f.time_s) for f in frames] == [(0, 0.0), (2, pytest.approx(0.08))]
    assert "1 of 3 pictures cannot be read: 2.jpg" in caplog.text


def test_a_jpeg_is_cut_off_where_its_end_is_missing_whatever_stands_before_or_behind(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (72, 72, 3), np.uint8)
    whole = cv2.imencode(".jpg", noise)[1].tobytes()
    thumbnail = b"\xff\xe1\x00\x08\xff\xd8\xff\xd9" + bytes(2)  # a segment that has an end mark of its own
    for name, content in {
        "1.jpg": whole + bytes(5000),  # as cameras fill up a block
        "2.jpg": whole[:2] + thumbnail + whole[2:-100],
        "3.jpg": whole[:-2],
    }.items():
        (tmp_path / name).write_bytes(content)
    assert [frame.index for frame in read_pictures(tmp_path, 25.0)] == [0]


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no folder"):
        list(read_pictures(tmp_path / "none", 25.0))
    with pytest.raises(SourceError, match="no pictures"):
        list(read_pictures(tmp_path, 25.0))
    (tmp_path / "1.jpg").write_bytes(b"")
    with pytest.raises(SourceError, match="none of 1 picture can be read"):
        list(read_pictures(tmp_path, 25.0))


@pytest.mark.parametrize(
    ("names", "frames"),
    [
        (["00007_00010", "00007_00011", "00007_00012", "00007_00020", "00007_00021"], [0, 1, 2, 10, 11]),
        (["f5", "f10", "f15", "f25"], [0, 1, 2, 3]),  # every fifth was kept
        (["1_of_9", "2_of_9", "4_of_9"], [0, 1, 2]),
        (["a", "b", "c"], [0, 1, 2]),
        ([10**40 + n for n in (1, 2, 3, 5)], [0, 1, 2, 4]),
        (["1633024800123", "1633024800163", "1633024800203"], [0, 1, 2]),
    ],
)
def test_a_gap_in_numbers_that_follow_each_other_is_one_in_time(
    tmp_path: Path, names: list[object], frames: list[int]
) -> None:
    for name in names:
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((16, 16, 3), np.uint8))
    assert [round(frame.time_s * 25) for frame in read_pictures(tmp_path, 25.0)] == frames
