"""Data sets in their real formats, made small by the tests."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from realtime_micacl.errors import ConfigError
from realtime_micacl.inference.sidecar import BagSpec
from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.making.data.augment import as_rgb, degraded, jitter, shake
from realtime_micacl.making.data.bank import bag_targets
from realtime_micacl.making.data.clips import bag_frames, read_clips
from realtime_micacl.making.data.ferplus import VOTES, read_ferplus
from realtime_micacl.making.data.london import read_london
from realtime_micacl.making.data.photographs import read_photographs
from realtime_micacl.types import EMOTIONS

SPEC = BagSpec(4, 4, 64, 1.28)
POINTS = ((0.30, 0.372), (0.70, 0.372), (0.50, 0.603), (0.50, 0.790))


@pytest.fixture
def aligner() -> Aligner:
    return Aligner(64, POINTS)


def votes(**cast: int) -> list[int]:
    return [cast.get(name.replace(" ", "_"), 0) for name in VOTES]


def test_ferplus_votes_are_mapped_by_name_and_filtered(tmp_path: Path, aligner: Aligner) -> None:
    rows = [
        (0, votes(happiness=8, neutral=2)),
        (0, votes(disgust=4, contempt=6)),  # seven emotions hold less than 60 %
        (0, votes(sadness=5, fear=4, anger=1)),  # the single vote does not count
        (2, votes(surprise=10)),
        (2, votes(surprise=5, fear=5)),  # no majority
        (2, votes(anger=10)),  # its picture is the first training picture
    ]
    pictures = np.random.default_rng(0).integers(0, 255, (6, 48, 48)).astype(np.uint8)
    pictures[5] = pictures[0]
    file = tmp_path / "ferplus.npz"
    np.savez(file, X=pictures, V=np.array([v for _, v in rows], np.int8), S=np.array([s for s, _ in rows], np.int8))
    train = read_ferplus(file, "train", aligner, tmp_path / "cache")
    assert [EMOTIONS[k] for k in train.labels] == ["happy", "sad"]
    assert train.targets[0].tolist() == pytest.approx([0.8, 0, 0.2, 0, 0, 0, 0])
    assert train.targets[1].tolist() == pytest.approx([0, 5 / 9, 0, 0, 0, 0, 4 / 9])
    assert train.crops.shape == (2, 64, 64)
    test = read_ferplus(file, "test", aligner, tmp_path / "cache")
    assert [EMOTIONS[k] for k in test.labels] == ["surprise"]
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_missing_data_is_said(tmp_path: Path, aligner: Aligner) -> None:
    with pytest.raises(ConfigError, match="no FER\\+ file"):
        read_ferplus(tmp_path / "none.npz", "test", aligner, tmp_path)
    with pytest.raises(ConfigError, match="no photographs"):
        read_london(tmp_path, aligner, held_out=False)
    with pytest.raises(ConfigError, match=r"labels\.json"):
        read_clips(tmp_path, aligner, tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_file_of_arrays_that_is_cut_off_or_something_else_is_said(
    tmp_path: Path, aligner: Aligner, share: float
) -> None:
    np.savez(tmp_path / "else.npz", a=np.arange(999))
    whole, file = (tmp_path / "else.npz").read_bytes(), tmp_path / "ferplus.npz"
    file.write_bytes(whole[: int(len(whole) * share)])
    np.save(tmp_path / "one.npy", np.arange(3))
    for wrong in (file, tmp_path / "one.npy"):
        with pytest.raises(ConfigError, match=r"is not FER\+, an \.npz with X, V, S"):
            read_ferplus(wrong, "test", aligner, tmp_path)
        with pytest.raises(ConfigError, match=r"is not a set of photographs, an \.npz with jpeg, sizes, label, half"):
            read_photographs(wrong, 0)


def test_photographs_of_other_labels_or_without_their_bytes_are_refused(tmp_path: Path) -> None:
    jpeg = cv2.imencode(".jpg", np.zeros((48, 48, 3), np.uint8))[1].ravel()
    whole = {"jpeg": jpeg, "sizes": [len(jpeg)], "label": [6], "half": [0]}
    for change, message in (({"label": [7]}, "has the label 7; 0 to 6 mean happy"), ({"jpeg": jpeg[:-9]}, "cut off")):
        np.savez(tmp_path / "a.npz", **(whole | change))
        with pytest.raises(ConfigError, match=message):
            read_photographs(tmp_path / "a.npz", 0)


def test_london_people_are_held_out_whole(tmp_path: Path, clips: Path, aligner: Aligner) -> None:
    video = cv2.VideoCapture(str(clips / "one_face_720p.mp4"))
    picture = video.read()[1]
    video.release()
    for expression in ("neutral", "smiling"):
        (tmp_path / expression).mkdir()
        for person in range(1, 11):
            cv2.imwrite(str(tmp_path / expression / f"{person:03d}_03.jpg"), picture)
    held_out = read_london(tmp_path, aligner, held_out=True)
    others = read_london(tmp_path, aligner, held_out=False)
    assert (len(held_out.crops), len(others.crops)) == (4, 16)
    assert np.bincount(others.labels, minlength=7).tolist() == [8, 0, 8, 0, 0, 0, 0]


def test_clips_carry_the_mixture_of_every_frame(tmp_path: Path, clips: Path, aligner: Aligner) -> None:
    content = (clips / "one_face_720p.mp4").read_bytes()
    rows = []
    for person in (3, 4):
        (tmp_path / f"p{person}.mp4").write_bytes(content + bytes(person))
        row = {"file": f"p{person}.mp4", "identity": person, "emotion": "happy", "fps": 30}
        rows.append(row | {"intensity": [min(1.0, n / 90) for n in range(180)]})
    (tmp_path / "labels.json").write_text(json.dumps(rows))
    cache = tmp_path / "cache"
    found = read_clips(tmp_path, aligner, cache)
    assert [clip.held_out for clip in found] == [False, True]
    clip = found[0]
    assert len(clip.crops) == len(clip.times_s) == len(clip.targets) > 170
    middle = int(np.argmin(np.abs(clip.times_s - 1.5)))
    assert clip.targets[middle, EMOTIONS.index("happy")] == pytest.approx(0.5, abs=0.02)
    assert np.allclose(clip.targets.sum(axis=1), 1)
    for file in (cache / tmp_path.name).iterdir():
        file.write_bytes(file.read_bytes()[:1000])  # after a power cut
    again = read_clips(tmp_path, aligner, cache)
    assert (again[0].crops == clip.crops).all()
    rows[0]["intensity"] = rows[0]["intensity"][:90]
    (tmp_path / "labels.json").write_text(json.dumps(rows))
    with pytest.raises(ConfigError, match=r"p3\.mp4 has more frames than the 90 that labels\.json labels"):
        read_clips(tmp_path, aligner, cache)
    (tmp_path / "labels.json").write_text("[{")
    with pytest.raises(ConfigError, match=r"labels\.json is not what `python -m realtime_micacl_render` writes"):
        read_clips(tmp_path, aligner, cache)
    frames = bag_frames(clip.times_s, SPEC)
    targets = bag_targets(clip, frames, SPEC)
    assert frames.shape == (len(targets), 16)
    rising = targets[:, EMOTIONS.index("happy")]
    assert (np.diff(rising) >= -1e-6).all()
    assert rising[-1] == pytest.approx(1.0)


def test_bags_for_training_are_those_of_the_live_window() -> None:
    frames = bag_frames(np.arange(100, dtype=np.float32) / 25, SPEC)
    assert (np.diff(frames, axis=1) >= 1).all()
    assert (np.diff(frames[:, -1]) == 2).all(), "a bag every 80 ms"
    assert frames[0].tolist() == list(range(0, 32, 2))


def test_augmentation_keeps_the_shape_and_the_frames_of_a_clip_alike() -> None:
    torch.manual_seed(0)
    crops = torch.rand(1, 1, 64, 64).mul(255).expand(12, -1, -1, -1).clone()
    groups = torch.arange(12) // 4
    moved = shake(crops, groups)
    assert torch.equal(moved[0], moved[3])
    assert not torch.allclose(moved[0], moved[4])
    changed = degraded(moved, groups)
    assert changed.shape == crops.shape
    assert 0 <= float(changed.min()) <= float(changed.max()) <= 255
    shaken = jitter(crops)
    assert (shaken[0] - shaken[1]).abs().max() > 0
    assert as_rgb(changed).shape == (12, 64, 64, 3)
    assert as_rgb(changed).dtype is torch.uint8
