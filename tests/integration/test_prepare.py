"""`prepare` on small data sets: what is cut, what is skipped, what a second run does."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.prepared import Prepared, read_prepared
from realtime_micacl.making.prepare import main
from realtime_micacl.types import EMOTIONS, U8
from realtime_micacl_render.video import write_video

RECIPE = Path(__file__).parents[2] / "engines" / "default.toml"
POINTS = ((0.300, 0.372), (0.700, 0.372), (0.500, 0.603), (0.500, 0.790))
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def faces() -> list[U8]:
    """Twenty pictures of one face and its surroundings, 288 px."""
    clip = Path(__file__).parents[1] / "data" / "one_face_720p.mp4"
    frames = [frame.image for frame in read_file(clip) if 40 <= frame.index < 60]
    detector = FaceDetector()
    box = detector.detect(frames[0])[0].box
    detector.close()
    x, y = ((box[:2] + box[2:]) / 2).astype(int)
    side = int(box[2] - box[0])
    parts = [frame[max(0, y - side) : y + side, max(0, x - side) : x + side] for frame in frames]
    return [cv2.resize(part, (288, 288), interpolation=cv2.INTER_AREA).astype(np.uint8) for part in parts]


def pictures(folder: Path, images: list[U8]) -> None:
    folder.mkdir(parents=True)
    for n, image in enumerate(images, 1):
        assert cv2.imwrite(str(folder / f"{n}.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def video(file: Path, images: list[U8]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_video(file, images, rate_hz=25, preset="ultrafast")


def run(dataset: str, root: Path, out: Path, *more: str) -> Prepared:
    main([dataset, str(root), str(out), "--recipe", str(RECIPE), "--jobs", "1", *more])
    return read_prepared(out)


def skipped(out: Path) -> dict[str, str]:
    with (out / "skipped.csv").open(newline="") as file:
        return {row["clip"]: row["reason"] for row in csv.DictReader(file)}


def test_faces_are_cut_as_the_live_program_cuts_them(tmp_path: Path, faces: list[U8], capsys: Capture) -> None:
    pictures(tmp_path / "set" / "joy" / "a", faces)
    video(tmp_path / "set" / "sad" / "b.mp4", faces)
    found = run("folders", tmp_path / "set", tmp_path / "out")
    assert (found.name, found.size_px, found.splits) == ("folders", 64, ("fold1", "fold2"))
    assert [(c.clip, EMOTIONS[c.label], c.frames) for c in found.clips] == [
        ("joy/a", "happy", 20),
        ("sad/b.mp4", "sad", 20),
    ]
    clip = found.clips[0].load()
    detector, aligner = FaceDetector(), Aligner(64, POINTS)
    for n in (0, 7, 19):
        assert (clip.crops[n] == aligner.crop(faces[n], detector.detect(faces[n])[0].points[:4])).all()
    detector.close()
    assert clip.times_s == pytest.approx(np.arange(20) / 25)
    assert clip.targets.argmax(axis=1).tolist() == [0] * 20
    likeness = np.abs(clip.crops.astype(int) - found.clips[1].load().crops.astype(int)).mean()
    assert likeness < 6, "a video gives what its pictures give"
    said = capsys.readouterr().out
    assert "2 clips, 40 crops of 64 px" in said and "cut in this run: 2" in said and "skipped: 0" in said
    assert "no clip of neutral, angry, surprise, disgust, fear" in said


def test_faces_that_fill_the_picture_are_found_too(tmp_path: Path, faces: list[U8]) -> None:
    tight = [cv2.resize(face[60:230, 60:230], (224, 224)).astype(np.uint8) for face in faces]
    pictures(tmp_path / "set" / "fear" / "a", tight)
    pictures(tmp_path / "set" / "fear" / "b", tight)
    assert [clip.frames for clip in run("folders", tmp_path / "set", tmp_path / "out").clips] == [20, 20]


def test_shipped_crops_are_only_resized(tmp_path: Path, faces: list[U8]) -> None:
    pictures(tmp_path / "set" / "fear" / "a", faces[:3])
    pictures(tmp_path / "set" / "fear" / "small", [face[:32, :32] for face in faces[:3]])
    found = run("folders", tmp_path / "set", tmp_path / "out", "--as-shipped")
    assert found.crop is None
    expected = [cv2.resize(face, (64, 64), interpolation=cv2.INTER_AREA) for face in faces[:3]]
    assert (found.clips[0].load().crops == np.stack(expected)).all()
    assert found.clips[1].load().crops.shape == (3, 64, 64, 3)


def test_what_cannot_be_used_is_listed_with_its_reason(
    tmp_path: Path, faces: list[U8], capsys: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    root, out = tmp_path / "set", tmp_path / "out"
    pictures(root / "happy" / "good", faces)
    (root / "happy" / "good" / "5.png").write_bytes(b"junk")
    (root / "happy" / "broken.mp4").write_bytes(b"junk" * 99)
    (root / "happy" / "empty.mp4").touch()
    pictures(root / "sad" / "nobody", [np.full_like(face, 90) for face in faces])
    (root / "sad" / "unreadable").mkdir()
    (root / "sad" / "unreadable" / "1.jpg").write_bytes(b"junk")
    found = run("folders", root, out)
    assert [(clip.clip, clip.frames) for clip in found.clips] == [("happy/good", 19)]
    assert found.clips[0].load().times_s[4] == pytest.approx(0.2), "the times of the others stay"
    reasons = skipped(out)
    assert sorted(reasons) == ["happy/broken.mp4", "happy/empty.mp4", "sad/nobody", "sad/unreadable"]
    assert "cannot be opened" in reasons["happy/broken.mp4"] and "0 bytes" in reasons["happy/empty.mp4"]
    assert "0 of its 20 frames" in reasons["sad/nobody"] and "none of 1 picture" in reasons["sad/unreadable"]
    said = capsys.readouterr().out
    assert (
        "cut in this run: 1\n" in said
        and "skipped: 4, see" in said
        and "partly damaged, of those cut in this run: 1" in said
    )
    assert "happy/good" in caplog.text and "1 of 20 pictures cannot be read: 5.png" in caplog.text


def test_a_split_may_name_clips_that_are_not_there(
    tmp_path: Path, faces: list[U8], caplog: pytest.LogCaptureFixture
) -> None:
    setup = tmp_path / "set" / "4_setups" / "All_scenes"
    setup.mkdir(parents=True)
    (setup / "train_All.csv").write_text("Action/Happy/0001 Happy\nAction/Happy/0002 Happy\n")
    (setup / "test_All.csv").write_text("Action/Sad/0001 Sad\n")
    pictures(tmp_path / "set" / "2_ClipsforFaceCrop" / "Action" / "Happy" / "0001", faces)
    found = run("ferv39k", tmp_path / "set", tmp_path / "out", "--as-shipped")
    assert [clip.clip for clip in found.clips] == ["Action/Happy/0001"]
    assert set(skipped(tmp_path / "out")) == {"Action/Happy/0002", "Action/Sad/0001"}
    assert "does not exist" in skipped(tmp_path / "out")["Action/Sad/0001"]
    assert found.skipped_tests == {"official": 1}
    assert "official has lost all 1 clip of its test part; the first: Action/Sad/0001: " in caplog.text
    assert "train part" not in caplog.text


def test_frames_keep_the_intensity_that_was_labelled(tmp_path: Path, faces: list[U8]) -> None:
    blank = np.full_like(faces[0], 90)
    video(tmp_path / "set" / "a.mp4", [blank, blank, *faces[2:]])
    video(tmp_path / "set" / "b.mp4", faces)
    row = {"identity": 1, "emotion": "fear", "fps": 25}
    rising = [round(n / 19, 3) for n in range(20)]
    rows = [row | {"file": "a.mp4", "intensity": rising}, row | {"file": "b.mp4", "intensity": rising[:9]}]
    (tmp_path / "set" / "labels.json").write_text(json.dumps(rows))
    found = run("rendered", tmp_path / "set", tmp_path / "out")
    (clip,) = found.clips
    targets = clip.load().targets
    assert clip.frames == 18
    assert targets[:, EMOTIONS.index("fear")] == pytest.approx(rising[2:])
    assert targets[:, EMOTIONS.index("neutral")] == pytest.approx([1 - n for n in rising[2:]], abs=1e-6)
    assert "more frames than the 9" in skipped(tmp_path / "out")["b.mp4"]


def test_a_second_run_does_what_is_missing_or_changed(tmp_path: Path, faces: list[U8], capsys: Capture) -> None:
    root, out = tmp_path / "set", tmp_path / "out"
    for name in "abcd":
        pictures(root / "angry" / name, faces)
    first = run("folders", root, out, "--as-shipped")
    before = {clip.clip: clip.file.read_bytes() for clip in first.clips}
    first.clips[0].file.unlink()
    first.clips[1].file.write_bytes(before["angry/b"][:1000])
    (root / "angry" / "d" / "20.png").unlink()
    dead = out / "clips" / ".999999999-00.npz"
    dead.write_bytes(b"left by a process that is gone")
    capsys.readouterr()
    second = run("folders", root, out, "--as-shipped")
    said = capsys.readouterr().out
    assert "cut in this run: 3" in said and "no longer used, as the clip changed or is gone: 1 file" in said
    after = {clip.clip: clip.file.read_bytes() for clip in second.clips}
    assert {name for name in before if after[name] != before[name]} == {"angry/d"}
    assert [clip.frames for clip in second.clips] == [20, 20, 20, 19]
    assert not dead.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ravdess", "ROOT", "OUT", "--as-shipped"], "only dfew, ferv39k, folders have them"),
        (["dfew", "ROOT", "OUT", "--as-shipped", "--raw"], "not raw clips"),
        (["mafw", "ROOT", "OUT", "--raw"], "--raw is for dfew"),
        (["folders", "ROOT", "OUT", "--jobs", "0"], "--jobs 0"),
        (["folders", "ROOT/none", "OUT"], "no folder .*none, which should hold folders"),
        (["folders", "ROOT", "ROOT/sad/a.mp4"], "is a file; name a folder"),
        (["folders", "ROOT", "ROOT"], "holds something else"),
        (["folders", "ROOT", "ROOT/sad/a.mp4/out"], "cannot be read and written: Not a directory"),
        (["folders", "ROOT", "OUT", "--recipe", "none.toml"], "no file at none.toml"),
        (["folders", "ROOT", "OUT"], "none of 1 clip gave a face"),
    ],
)
def test_bad_input_is_one_error_that_says_what_was_expected(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "set" / "sad").mkdir(parents=True)
    (tmp_path / "set" / "sad" / "a.mp4").write_bytes(b"junk")
    places = {"ROOT": str(tmp_path / "set"), "OUT": str(tmp_path / "out")}
    filled = [word.replace("ROOT", places["ROOT"]).replace("OUT", places["OUT"]) for word in arguments]
    recipe = [] if "--recipe" in filled else ["--recipe", str(RECIPE)]
    with pytest.raises(ConfigError, match=said):
        main([*filled, *recipe])


def test_there_are_as_many_processes_as_cores_that_may_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / "set" / "joy").mkdir(parents=True)
    (tmp_path / "set" / "joy" / "a.mp4").touch()
    monkeypatch.setattr("realtime_micacl.making.prepare.prepare", lambda *given: str(given[-1]))
    for cores in (2, 300):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=cores: range(n), raising=False)
        main(["folders", str(tmp_path / "set"), str(tmp_path / "out"), "--recipe", str(RECIPE)])
    assert capsys.readouterr().out.split() == ["2", "256"]


def test_a_set_without_a_clip_of_the_seven_emotions_is_said(tmp_path: Path) -> None:
    for fold in range(1, 6):
        for part in ("train", "test"):
            file = tmp_path / "EmoLabel_DataSplit" / f"{part}(single-labeled)" / f"set_{fold}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("video_name,label\n")
    (tmp_path / "Clip" / "clip_224x224").mkdir(parents=True)
    with pytest.raises(ConfigError, match="names no clip of the seven emotions"):
        run("dfew", tmp_path, tmp_path / "out")


def test_a_folder_begun_otherwise_is_not_mixed(tmp_path: Path, faces: list[U8]) -> None:
    pictures(tmp_path / "set" / "sad" / "a", faces[:2])
    run("folders", tmp_path / "set", tmp_path / "out", "--as-shipped")
    with pytest.raises(ConfigError, match=r"prepared with folders, 64 px, the set's own crops.*, not with folders"):
        run("folders", tmp_path / "set", tmp_path / "out")


def test_the_real_clips_give_their_faces(tmp_path: Path, real: Path) -> None:
    for name in ("angry", "surprise"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "1.mp4").symlink_to(real / "generated-clips" / f"{name}.mp4")
    (tmp_path / "set" / "neutral").mkdir()
    (tmp_path / "set" / "neutral" / "nobody.mp4").symlink_to(real / "real-clips" / "no_face.mp4")
    found = run("folders", tmp_path / "set", tmp_path / "out")
    assert [clip.clip for clip in found.clips] == ["angry/1.mp4", "surprise/1.mp4"]
    assert all(clip.frames > 130 for clip in found.clips)
    assert set(skipped(tmp_path / "out")) == {"neutral/nobody.mp4"}
