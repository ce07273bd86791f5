"""The sets with official splits, DFEW, FERV39k and MAFW, as small trees in their real format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data import dfew, ferv39k, mafw
from realtime_micacl.making.data.samples import Sample
from realtime_micacl.types import EMOTIONS

Log = pytest.LogCaptureFixture


def write(file: Path, text: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, errors="surrogateescape")


def emotions(samples: list[Sample]) -> dict[str, str]:
    return {sample.clip: EMOTIONS[sample.label] for sample in samples}


@pytest.fixture
def dfew_tree(tmp_path: Path) -> Path:
    clips = {str(n): n for n in range(1, 8)} | {"12345": 1}  # the labels 1 to 7
    for fold in range(1, 6):
        for part in ("train", "test"):
            chosen = [f"{c},{k}" for c, k in clips.items() if (int(c) % 5 + 1 == fold) == (part == "test")]
            file = tmp_path / "EmoLabel_DataSplit" / f"{part}(single-labeled)" / f"set_{fold}.csv"
            write(file, "\n".join(["video_name,label", *chosen, ""]))
    for clip in clips:
        write(tmp_path / "Clip" / "clip_224x224" / clip.zfill(5) / f"{clip.zfill(5)}_00001.jpg")
        write(tmp_path / "Clip" / "original" / "part_1" / f"{clip}.mp4")
    return tmp_path


def test_dfew_numbers_are_its_own_order_mapped_by_name(dfew_tree: Path) -> None:
    found = dfew.read(dfew_tree)
    official = ["happy", "sad", "neutral", "angry", "surprise", "disgust", "fear"]
    expected = {f"{n:05}": emotion for n, emotion in enumerate(official, 1)} | {"12345": "happy"}
    assert emotions(found) == expected
    assert found[0].path == dfew_tree / "Clip" / "clip_224x224" / "00001"
    assert found[0].parts == {f"fold{k}": "test" if k == 2 else "train" for k in range(1, 6)}
    assert all(list(s.parts.values()).count("test") == 1 for s in found)


def test_dfew_raw_clips_are_found_in_whatever_folder(dfew_tree: Path) -> None:
    films = dfew_tree / "Clip" / "original" / "part_1"
    (films / "3.mp4").unlink()
    (films / "4.mp4").rename(films / "4.MP4")
    paths = {s.clip: s.path for s in dfew.read(dfew_tree, raw=True)}
    assert paths["00002"] == films / "2.mp4" and paths["00004"] == films / "4.MP4"
    assert not paths["00003"].exists() and paths["00003"].name == "3.mp4"


def test_clips_behind_links_are_found_and_of_two_of_a_name_the_first_is_taken(dfew_tree: Path, caplog: Log) -> None:
    films, disk = dfew_tree / "Clip" / "original", dfew_tree / "disk"
    (films / "part_1").rename(disk)
    (films / "part_1").symlink_to(disk)
    (disk / "round").symlink_to(disk)
    write(films / "part_2" / "3.MP4")
    paths = {s.clip: s.path for s in dfew.read(dfew_tree, raw=True)}
    assert paths["00002"] == films / "part_1" / "2.mp4" and paths["00003"] == films / "part_1" / "3.mp4"
    assert f"left out, since another file is of the same clip: 1 ({films / 'part_2' / '3.MP4'})" in caplog.text


@pytest.fixture
def ferv39k_tree(tmp_path: Path) -> Path:
    names = ["Happy", "Sad", "Neutral", "Angry", "Surprise", "Disgust", "Fear"]
    setup = tmp_path / "4_setups" / "All_scenes"
    write(setup / "train_All.csv", "".join(f"Action/{name}/0001 {name}\n" for name in names))
    write(setup / "test_All.csv", "".join(f"Daily_Life/{name}/0001 {name}\n" for name in names[:3]))
    write(tmp_path / "2_ClipsforFaceCrop" / "Action" / "Happy" / "0001" / "1.jpg")
    return tmp_path


def test_ferv39k_has_one_official_split(ferv39k_tree: Path) -> None:
    found = {s.clip: s for s in ferv39k.read(ferv39k_tree)}
    assert len(found) == 10
    assert all(EMOTIONS[s.label] == clip.split("/")[1].lower() for clip, s in found.items())
    assert found["Action/Happy/0001"].path == ferv39k_tree / "2_ClipsforFaceCrop" / "Action" / "Happy" / "0001"
    assert found["Action/Fear/0001"].parts == {"official": "train"}
    assert found["Daily_Life/Sad/0001"].parts == {"official": "test"}


def test_ferv39k_says_where_a_line_and_its_clip_s_folder_differ(ferv39k_tree: Path, caplog: Log) -> None:
    setup = ferv39k_tree / "4_setups" / "All_scenes" / "train_All.csv"
    setup.write_text("Action/Happy/0001 Sad\nAction/Fear/0001 fear\nOther/x/0001 Fear\n")
    ferv39k.read(ferv39k_tree)
    assert "ferv39k: lines with another emotion than the folder of their clip (the line counts): 1" in caplog.text


SAVED_ANEW: dict[str, Callable[[str], str]] = {
    "a comma": lambda line: line.replace(" ", ",").replace(";", ","),
    "a semicolon": lambda line: line.replace(" ", ";").replace(",", ";"),
    "a tab": lambda line: line.replace(" ", "\t").replace(",", "\t"),
    "quotes": lambda line: '"' + line.replace(" ", '" "').replace(",", '","') + '"',
    "an empty cell more": lambda line: f"{line},",
    "an empty row": lambda line: f"{line}\n,,",
    "zeros at the end": lambda line: f"{line}\n\0\0\x1a",
    "Excel's separator first": lambda line: f"sep=,\n{line}" if line.startswith("video") else line,
}


@pytest.mark.parametrize("tree", ["dfew_tree", "ferv39k_tree", "mafw_tree"])
@pytest.mark.parametrize("how", SAVED_ANEW)
def test_split_files_that_a_spreadsheet_or_r_has_saved_anew_are_read(
    request: pytest.FixtureRequest, tree: str, how: str
) -> None:
    root: Path = request.getfixturevalue(tree)
    read = {"dfew_tree": dfew.read, "ferv39k_tree": ferv39k.read, "mafw_tree": mafw.read}[tree]
    before = read(root)
    for file in (*root.rglob("set_*.csv"), *root.rglob("*_All.csv"), *root.rglob("*.txt")):
        write(file, "\n".join(map(SAVED_ANEW[how], file.read_text().splitlines())))
    assert read(root) == before


@pytest.mark.parametrize("label", ["{}.0", "{}"])
@pytest.mark.parametrize("clip", ["{}.mp4", "{}.0", "{}"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_dfew_as_pandas_and_r_write_it_with_their_row_numbers(
    dfew_tree: Path, clip: str, label: str, quote: str
) -> None:
    before = dfew.read(dfew_tree)
    for file in dfew_tree.rglob("set_*.csv"):
        header, *lines = file.read_text().splitlines()
        cells = [line.split(",") for line in lines]
        rows = [f"{quote}{n}{quote},{clip.format(c)},{label.format(k)}" for n, (c, k) in enumerate(cells)]
        write(file, "\n".join([f"{quote * 2},{header}", *rows]))
    assert dfew.read(dfew_tree) == before


def test_ferv39k_paths_of_windows_are_paths(ferv39k_tree: Path) -> None:
    before = ferv39k.read(ferv39k_tree)
    for file in ferv39k_tree.rglob("*_All.csv"):
        write(file, file.read_text().replace("/", "\\"))
    assert ferv39k.read(ferv39k_tree) == before


@pytest.fixture
def mafw_tree(tmp_path: Path) -> Path:
    names = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
    names += ["contempt", "anxiety", "helplessness", "disappointment"]
    for fold in range(1, 6):
        for part in ("train", "test"):
            lines = [
                f"{n:05}.mp4 {name}\n" for n, name in enumerate(names * 2) if (n % 5 + 1 == fold) == (part == "test")
            ]
            write(
                tmp_path / "Train & Test Set" / "single" / "no_caption" / f"set_{fold}" / f"{part}.txt", "".join(lines)
            )
    write(tmp_path / "data" / "clips" / "00000.mp4")
    write(tmp_path / "data" / "frames" / "00000" / "1.png")
    return tmp_path


def test_mafw_leaves_four_emotions_out_and_counts_them(mafw_tree: Path, caplog: Log) -> None:
    found = mafw.read(mafw_tree)
    assert [EMOTIONS[s.label] for s in found[:7]] == [
        "angry", "disgust", "fear", "happy", "neutral", "sad", "surprise",
    ]  # fmt: skip
    assert len(found) == 14 and "00007" not in emotions(found)
    assert found[0].path == mafw_tree / "data" / "clips" / "00000.mp4"
    assert found[3].parts["fold4"] == "test" and list(found[3].parts.values()).count("train") == 4
    assert "left out 2 of anxiety, 2 of contempt, 2 of disappointment, 2 of helplessness" in caplog.text


def test_mafw_does_not_mind_capitals(mafw_tree: Path) -> None:
    file = mafw_tree / "Train & Test Set" / "single" / "no_caption" / "set_1" / "train.txt"
    file.write_text(f"{file.read_text()}00098.MP4 Anger\n00099.mp4 Contempt\n")
    capital = mafw_tree / "data" / "clips" / "00098.MP4"
    capital.touch()
    found = {s.clip: s.path for s in mafw.read(mafw_tree)}
    assert found["00098"] == capital
    assert "00099" not in found


@pytest.mark.parametrize("empty", [True, False])
def test_mafw_pictures_stand_in_for_videos(mafw_tree: Path, empty: bool) -> None:
    (mafw_tree / "data" / "clips").rename(mafw_tree / "data" / "elsewhere")
    if empty:
        (mafw_tree / "data" / "clips").mkdir()
    assert mafw.read(mafw_tree)[0].path == mafw_tree / "data" / "frames" / "00000"


Damage = Callable[[Path], object]


def put(path: str, text: str = "") -> Damage:
    return lambda root: write(root / path, text)


def gone(path: str) -> Damage:
    return lambda root: (root / path).rename(root / "elsewhere")


SPLIT = "EmoLabel_DataSplit/test(single-labeled)/set_4.csv"
SETUP = "4_setups/All_scenes/test_All.csv"
FOLD = "Train & Test Set/single/no_caption/set_2/test.txt"
BAD: list[tuple[str, Callable[[Path], list[Sample]], Damage, str]] = [
    ("dfew_tree", dfew.read, gone("EmoLabel_DataSplit"), "no folder .*EmoLabel_DataSplit"),
    ("dfew_tree", dfew.read, gone(SPLIT), r"no file .*test\(single-labeled\)/set_4\.csv"),
    ("dfew_tree", dfew.read, put(SPLIT, "video_name,label\n7,1\n8,8\n"), r"set_4\.csv, line 3: '8,8'; .* 1 to 7"),
    ("dfew_tree", dfew.read, put(SPLIT, "1,1\n2,2\n"), r"set_4\.csv begins with '1,1'"),
    ("dfew_tree", dfew.read, gone("Clip/clip_224x224"), "no folder .*clip_224x224"),
    ("ferv39k_tree", ferv39k.read, gone("4_setups"), "no folder .*All_scenes"),
    ("ferv39k_tree", ferv39k.read, put(SETUP, "Action/Joyful Happily\n"), r"test_All\.csv, line 1"),
    ("ferv39k_tree", ferv39k.read, put(SETUP, "../../etc Happy\n"), r"test_All\.csv, line 1"),
    ("ferv39k_tree", ferv39k.read, put(SETUP, "\n"), r"test_All\.csv is empty"),
    ("ferv39k_tree", ferv39k.read, put(SETUP, "\udcff"), r"test_All\.csv.* is not in UTF-8; save it as UTF-8"),
    ("mafw_tree", mafw.read, gone("Train & Test Set/single"), "set_1 to set_5"),
    ("mafw_tree", mafw.read, put(FOLD, "00001.mp4 bored\n"), r"set_2/test\.txt, line 1.*eleven"),
    ("mafw_tree", mafw.read, gone("data"), "no folder .*data/frames"),
]


@pytest.mark.parametrize(("tree", "read", "damage", "said"), BAD)
def test_a_tree_that_does_not_fit_is_said_with_its_file(
    tree: str, read: Callable[[Path], list[Sample]], damage: Damage, said: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(tree)
    damage(root)
    with pytest.raises(ConfigError, match=said):
        read(root)
