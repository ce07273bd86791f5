"""Photographs that are led from neutral to smiling: the bending, whose smile is borrowed, and the clips."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.live.seeing.picture_mesh import PictureMesh
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32
from realtime_micacl_render import smiles
from realtime_micacl_render.smiles import CORNERS, EYES, LIPS, SIDE, Pair, read_pairs, warped, write_smiles

CLIP = Path(__file__).parent.parent / "data" / "one_face_720p.mp4"
PEOPLE = (1, 2, 5)


def openness(points: F32) -> float:
    """How far the lips are apart, in distances of the eyes."""
    lips, eyes = (np.linalg.norm(points[a] - points[b]) for a, b in (LIPS, EYES))
    return float(lips / eyes)


@pytest.fixture(scope="module")
def london(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The face of a clip with its mouth shut and open, as photographs of several people."""
    mesh, seen = PictureMesh(), []
    for frame in read_file(CLIP):
        if frame.index % 10 == 0 and (points := mesh.points(frame.image)) is not None:
            seen.append((openness(points), frame.image))
    mesh.close()
    folder = tmp_path_factory.mktemp("london")
    for name, (_, picture) in (("neutral", min(seen, key=lambda s: s[0])), ("smiling", max(seen, key=lambda s: s[0]))):
        (folder / name).mkdir()
        for person in PEOPLE:
            cv2.imwrite(str(folder / name / f"{person:03d}_0.jpg"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return folder


@pytest.fixture(scope="module")
def pair(london: Path) -> Pair:
    return read_pairs(london)[0]


def test_a_picture_whose_landmarks_stay_is_left_as_it_is(pair: Pair) -> None:
    same = warped(pair.neutral, pair.at_rest, pair.at_rest)
    assert np.abs(same - pair.neutral).max() <= 1


def test_a_smile_leads_from_one_photograph_to_the_other(pair: Pair) -> None:
    assert np.abs(pair.own(0.0).astype(int) - pair.neutral).max() <= 1
    assert np.abs(pair.own(1.0).astype(int) - pair.smiling).max() <= 1
    mesh = PictureMesh()
    shown = []
    for level in (0.0, 0.5, 1.0):
        points = mesh.points(cv2.resize(pair.own(level), (4 * SIDE, 4 * SIDE)))
        assert points is not None
        shown.append(openness(points))
    mesh.close()
    assert shown[0] + 0.02 < shown[1] < shown[2] - 0.02


def test_a_borrowed_smile_moves_landmarks_and_shade_as_the_lender_does(pair: Pair) -> None:
    assert np.abs(pair.borrowed(pair, 0.0).astype(int) - pair.neutral).max() <= 1
    mouth = pair.at_rest[list(CORNERS)].mean(axis=0)
    drawn = np.exp(-((pair.at_rest - mouth) ** 2).sum(axis=1, keepdims=True) / (2 * 12**2))
    wide = (pair.at_rest + drawn * (pair.at_rest - mouth) * [0.3, 0]).astype(np.float32)
    lender = replace(
        pair, moved=wide, smiling=(warped(pair.neutral, pair.at_rest, wide) * 0.9).round().astype(np.uint8)
    )
    inside = tuple(slice(int(middle) - 12, int(middle) + 13) for middle in mouth[::-1])
    smile, borrowed, rest = (
        x[inside].astype(float) for x in (lender.smiling, pair.borrowed(lender, 1.0), pair.neutral)
    )
    assert np.abs(smile - borrowed).mean() < np.abs(smile - rest).mean() / 4
    assert borrowed.mean() == pytest.approx(0.9 * rest.mean(), rel=0.03)


def test_only_closed_lips_that_are_drawn_wide_lend_a_smile(pair: Pair) -> None:
    rest = np.zeros_like(pair.at_rest)
    rest[list(EYES)] = (0, 0), (100, 0)
    rest[list(CORNERS)] = (30, 50), (70, 50)
    wide = rest.copy()
    wide[list(CORNERS)] = (26, 48), (74, 48)
    parted = wide.copy()
    parted[LIPS[1]] = (0, 6)
    assert replace(pair, at_rest=rest, moved=wide).lends
    assert not replace(pair, at_rest=rest, moved=rest).lends
    assert not replace(pair, at_rest=rest, moved=parted).lends


def test_clips_say_how_far_the_smile_has_come(london: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smiles, "CLOSED", 1.0)  # the clip's open mouth may be lent here
    monkeypatch.setattr(smiles, "WIDENED", -1.0)
    assert smiles.main([str(london), str(tmp_path / "out"), "--takes", "3"]) == 0
    rows = json.loads((tmp_path / "out" / "labels.json").read_text())
    assert [row["file"] for row in rows] == [
        "id05005_happy_0.mp4",
        "id05005_happy_1.mp4",
        "id05006_happy_0.mp4",
        "id05006_happy_1.mp4",
        "id05009_happy_0.mp4",
    ], "of three, the one who is held out has nobody to borrow from, the others each other"
    for row in rows:
        frames = [frame.image for frame in read_file(tmp_path / "out" / row["file"])]
        assert len(frames) == len(row["intensity"]) == 45
        assert row["intensity"][0] == 0.0 < max(row["intensity"]) <= 1.0
        assert frames[0].shape == (SIDE, SIDE, 3)
        apart = [float(np.abs(frame.astype(int) - frames[0]).mean()) for frame in frames]
        apex = int(np.argmax(row["intensity"]))
        assert apart[apex] > apart[1], "the picture changes with the smile"


def test_a_folder_without_photographs_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert smiles.main([str(tmp_path), str(tmp_path / "out")]) == 2
    assert "001_03.jpg" in caplog.text
    (tmp_path / "neutral").mkdir()
    for name in ("007_03.jpg", "somebody.jpg"):
        cv2.imwrite(str(tmp_path / "neutral" / name), np.zeros((64, 64, 3), np.uint8))
    assert smiles.main([str(tmp_path), str(tmp_path / "out")]) == 2
    assert "007_03.jpg was left out" in caplog.text
    assert smiles.main([str(tmp_path), str(tmp_path / "out"), "--takes", "-1"]) == 2
    assert "--takes -1" in caplog.text
    assert not (tmp_path / "out").exists()


def test_the_same_photographs_make_the_same_clips(london: Path, tmp_path: Path) -> None:
    assert write_smiles(london, tmp_path / "a", takes=0) == write_smiles(london, tmp_path / "b", takes=0)
