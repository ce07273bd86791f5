"""The sets without official splits, each as a small tree in its real format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.making.data import ckplus, cremad, folders, ravdess, rendered
from realtime_micacl.making.data.cutting import file_name
from realtime_micacl.making.data.samples import Sample
from realtime_micacl.types import EMOTIONS

Log = pytest.LogCaptureFixture


def write(file: Path, text: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def emotions(samples: list[Sample]) -> dict[str, str]:
    return {sample.clip: EMOTIONS[sample.label] for sample in samples}


@pytest.fixture
def ravdess_tree(tmp_path: Path) -> Path:
    for actor in range(1, 8):
        for emotion in range(1, 9):
            for modality in ("01", "02") if actor in (1, 7) else ("01",):
                name = f"{modality}-01-{emotion:02}-01-01-01-{actor:02}.mp4"
                write(tmp_path / f"Video_Speech_Actor_{actor:02}" / f"Actor_{actor:02}" / name)
    write(tmp_path / "Video_Song_Actor_01" / "Actor_01" / "01-02-03-01-01-01-01.mp4")
    write(tmp_path / "Actor_01" / "notes.mp4")
    (tmp_path / "Video_Speech_Actor_07" / "Actor_07" / "01-01-08-01-01-01-07.mp4").unlink()
    write(tmp_path / "__MACOSX" / "Actor_01" / "._01-01-03-01-01-01-01.mp4")
    (first := tmp_path / "Video_Speech_Actor_01" / "Actor_01" / "01-01-01-01-01-01-01.mp4").rename(
        first.with_suffix(".MP4")
    )
    return tmp_path


def test_ravdess_takes_each_spoken_take_once(ravdess_tree: Path, caplog: Log) -> None:
    found = ravdess.read(ravdess_tree)
    first = [s for s in found if s.subject == "actor01"]
    names = ["neutral", "neutral", "happy", "sad", "angry", "fear", "disgust", "surprise"]
    assert [EMOTIONS[s.label] for s in first] == names, "calm counts as neutral"
    assert len(found) == 56 and {s.subject for s in found} == {f"actor{n:02}" for n in range(1, 8)}
    assert {s.path.name[:2] for s in first} == {"01"}
    silent = next(s for s in found if s.clip == "01-08-01-01-01-07")
    assert silent.path.name.startswith("02"), "the one without sound stands in"
    for fold in range(1, 6):
        tested = {s.subject for s in found if s.parts[f"fold{fold}"] == "test"}
        assert tested and not tested & {s.subject for s in found if s.parts[f"fold{fold}"] == "train"}
    assert "1 of files with other names, 1 of songs" in caplog.text


@pytest.fixture
def cremad_tree(tmp_path: Path) -> Path:
    for actor in range(1001, 1007):
        for emotion in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD"):
            write(tmp_path / "VideoFlash" / f"{actor}_IEO_{emotion}_HI.flv")
    write(tmp_path / "VideoFlash" / "1006_ITH_SAD_X.flv")
    write(tmp_path / "VideoFlash" / "1006_ITH_SAD_X.mp4")
    write(tmp_path / "VideoFlash" / "readme.txt")
    write(tmp_path / "VideoFlash" / "1007_ITH_SAD_X.FLV")
    return tmp_path


def test_cremad_names_say_actor_and_emotion(cremad_tree: Path) -> None:
    found = cremad.read(cremad_tree)
    first = {s.clip[9:12]: EMOTIONS[s.label] for s in found if s.subject == "1001"}
    assert first == {"ANG": "angry", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
    assert len(found) == 38 and {s.subject for s in found} == {str(n) for n in range(1001, 1008)}
    assert found[0].path == cremad_tree / "VideoFlash" / "1001_IEO_ANG_HI.flv"


@pytest.fixture
def ckplus_tree(tmp_path: Path) -> Path:
    for n in range(8):
        sequence = Path(f"S{n + 5:03}") / "001"
        for picture in range(1, 6 if n == 5 else 2):
            write(tmp_path / "cohn-kanade-images" / sequence / f"S{n + 5:03}_001_{picture:08}.png")
        write(tmp_path / "Emotion" / sequence / f"S{n + 5:03}_001_00000005_emotion.txt", f"   {n}.0000000e+00\n")
    write(tmp_path / "cohn-kanade-images" / "S005" / "002" / "S005_002_00000001.png")
    (tmp_path / "Emotion" / "S005" / "002").mkdir()
    for beside in (".DS_Store", "S131", "thumbs/001/S005_001_00000001.png", "S005/003", "S005/old/1.png"):
        write(tmp_path / "cohn-kanade-images" / beside)
    write(tmp_path / "Emotion" / "S130" / "009" / "S130_009_00000018_emotion.txt", "   7.0000000e+00\n")
    return tmp_path


def test_ckplus_knows_what_macos_has_added(ckplus_tree: Path) -> None:
    before = ckplus.read(ckplus_tree)
    for file in list(ckplus_tree.rglob("*_emotion.txt")):
        file.with_name(f"._{file.name}").write_bytes(b"\x00\x05\x16\x07")
    assert ckplus.read(ckplus_tree) == before


def test_ckplus_grows_from_neutral_to_the_emotion(ckplus_tree: Path, caplog: Log) -> None:
    found = {s.clip: s for s in ckplus.read(ckplus_tree)}
    names = {0: "neutral", 1: "angry", 3: "disgust", 4: "fear", 5: "happy", 6: "sad", 7: "surprise"}
    for n, name in names.items():
        assert EMOTIONS[found[f"S{n + 5:03}/001"].label] == name
    happy = found["S010/001"]
    assert happy.intensity == (0, 0.25, 0.5, 0.75, 1)
    assert found["S011/001"].intensity == (1,)
    assert 0.1 < len(happy.intensity) / happy.rate_hz < 0.2, "as a video camera of its time filmed"
    assert happy.subject == "S010" and set(happy.parts) == {f"fold{k}" for k in range(1, 6)}
    assert "1 of contempt, 1 of sequences without an emotion" in caplog.text
    assert not found["S130/009"].path.exists(), "named by an emotion, not there: counted when it is cut"


def test_folders_go_by_english_names(tmp_path: Path, caplog: Log) -> None:
    write(tmp_path / "Happiness" / "a.mp4")
    write(tmp_path / "joy" / "b" / "1.jpg")
    write(tmp_path / "anger" / "c.MOV")
    write(tmp_path / "anger" / "notes.txt")
    write(tmp_path / "anger" / "empty" / "notes.txt")
    write(tmp_path / "contempt" / "d.mp4")
    write(tmp_path / ".trash" / "e.mp4")
    write(tmp_path / "__MACOSX" / "anger" / "._c.MOV")
    write(tmp_path / "anger" / "__MACOSX" / "1.jpg")
    write(tmp_path / "prepared" / "prepared.json")
    found = folders.read(tmp_path)
    assert all(20 <= sample.rate_hz <= 30 for sample in found), "as films are filmed"
    assert emotions(found) == {"Happiness/a.mp4": "happy", "joy/b": "happy", "anger/c.MOV": "angry"}
    assert all(set(s.parts) == {"fold1", "fold2", "fold3"} for s in found)
    assert "1 of contempt" in caplog.text


def test_names_that_are_no_letters_are_spelled(tmp_path: Path) -> None:
    write(tmp_path / "joy" / "caf\udce9" / "\udcfc.jpg")
    (sample,) = folders.read(tmp_path)
    assert sample.clip == r"joy/caf\udce9" and sample.path.is_dir()
    assert file_name(sample)


def rendered_tree(root: Path, people: range) -> Path:
    rows = [
        {
            "file": f"id{person}_{emotion}.mp4",
            "identity": person,
            "emotion": emotion,
            "fps": 25,
            "intensity": [0, 0.5, 1],
        }
        for person in people
        for emotion in EMOTIONS
    ]
    write(root / "labels.json", json.dumps(rows))
    return root


def test_rendered_clips_know_every_frame(tmp_path: Path) -> None:
    found = rendered.read(rendered_tree(tmp_path, range(10)))
    assert len(found) == 70 and found[0].intensity == (0, 0.5, 1)
    assert {s.subject for s in found if s.parts["official"] == "test"} == {"4", "9"}
    assert set(found[0].parts) == {"official", *(f"fold{k}" for k in range(1, 6))}
    few = rendered.read(rendered_tree(tmp_path, range(3)))
    assert set(few[0].parts) == {"fold1", "fold2", "fold3"}, "nobody to test on: no official split"


Damage = Callable[[Path], object]


def put(path: str, text: str = "") -> Damage:
    return lambda root: write(root / path, text)


def gone(path: str) -> Damage:
    return lambda root: (root / path).rename(root / "elsewhere")


NUMBER = "Emotion/S005/001/S005_001_00000005_emotion.txt"
BORED = json.dumps([{"file": "a.mp4", "identity": 1, "emotion": "bored", "fps": 25, "intensity": [0]}])
BAD: list[tuple[str, Callable[[Path], list[Sample]], Damage, str]] = [
    ("ravdess_tree", ravdess.read, put("01-01-09-01-01-01-01.mp4"), r"01-01-09-.*\.mp4: .*01 to 08"),
    ("tmp_path", ravdess.read, put("Actor_01/notes.mp4"), "holds no video"),
    ("cremad_tree", cremad.read, put("VideoFlash/1001_IEO_SUR_HI.flv"), "HI.flv: the emotion 'SUR' is unknown"),
    ("cremad_tree", cremad.read, gone("VideoFlash"), "no folder .*VideoFlash"),
    ("ckplus_tree", ckplus.read, put(NUMBER, "  8.0000000e+00\n"), r"emotion\.txt holds '8.*; .* 0 to 7"),
    ("ckplus_tree", ckplus.read, put(NUMBER, "happy\n"), r"emotion\.txt holds 'happy'"),
    ("ckplus_tree", ckplus.read, gone("Emotion"), "no folder .*Emotion"),
    ("tmp_path", folders.read, put("fear/notes.txt"), "fear holds no clip"),
    ("tmp_path", folders.read, put("bored/a.mp4"), "bored is not the name of an emotion"),
    (
        "tmp_path",
        folders.read,
        put("train/happy/a.mp4"),
        "train has folders of emotions in it; run",
    ),
    ("tmp_path", folders.read, put("a.mp4"), "holds no clip"),
    ("tmp_path", rendered.read, put("a.mp4"), r"no .*labels\.json"),
    ("tmp_path", rendered.read, put("labels.json", "[]"), "0 clips"),
    ("tmp_path", rendered.read, put("labels.json", BORED), r"labels\.json is not what"),
]


@pytest.mark.parametrize(("tree", "read", "damage", "said"), BAD)
def test_a_tree_that_does_not_fit_is_said_with_its_file(
    tree: str, read: Callable[[Path], list[Sample]], damage: Damage, said: str, request: pytest.FixtureRequest
) -> None:
    root = request.getfixturevalue(tree)
    damage(root)
    with pytest.raises(ConfigError, match=said):
        read(root)
