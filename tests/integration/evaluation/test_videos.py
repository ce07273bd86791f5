"""`evaluate --through-tracker`: raw videos through the live stages."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.config import Settings
from realtime_micacl.inference.choice import default_engine, open_engine
from realtime_micacl.inference.sidecar import read_sidecar
from realtime_micacl.live.pipeline import offline
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.evaluate import main
from realtime_micacl.types import EMOTIONS, EmotionDistribution


@pytest.fixture
def videos(tmp_path: Path, clips: Path) -> Path:
    """Two clips that can be read, a damaged one, and pictures without a face."""
    root = tmp_path / "videos"
    for emotion in ("happiness", "surprise", "neutral"):
        (root / emotion).mkdir(parents=True)
    shutil.copy(clips / "face_leaves.mp4", root / "happiness" / "a.mp4")
    shutil.copy(clips / "cut.mp4", root / "surprise" / "b.mp4")
    (root / "surprise" / "broken.mp4").write_text("no video")
    (root / "neutral" / "dark").mkdir()
    cv2.imwrite(str(root / "neutral" / "dark" / "1.png"), np.zeros((120, 160, 3), np.uint8))
    return root


def test_videos_go_through_the_live_stages(videos: Path, tmp_path: Path) -> None:
    main(["--through-tracker", str(videos), "--report", str(tmp_path / "r")])
    ((title, scores),) = json.loads((tmp_path / "r" / "report.json").read_text()).items()
    assert title == "videos, through the tracker"
    assert (scores["n"], scores["unread"], scores["coverage"]) == (2, 2, 0.5)
    with (tmp_path / "r" / "clips-videos-through-the-tracker.csv").open() as stream:
        rows = {row["clip"]: row for row in csv.DictReader(stream)}
    assert rows["neutral/dark"]["said"] == rows["surprise/broken.mp4"]["said"] == ""
    right = sum(row["said"] == row["labelled"] for row in rows.values())
    assert (scores["war"], scores["war_all"]) == (right / 2, right / 4)
    folder, sidecar = read_sidecar(default_engine())
    perceiver = Perceiver(FaceDetector(), sidecar)
    recognizer = Recognizer(open_engine(folder, sidecar), sidecar, smoothing_s=Settings().smoothing_s)
    events = offline(read_file(videos / "surprise" / "b.mp4"), perceiver, recognizer)
    mean = np.mean([e.probabilities for e in events if isinstance(e, EmotionDistribution)], axis=0)
    perceiver.close()
    second = [float(rows["surprise/b.mp4"][emotion]) for emotion in EMOTIONS]
    assert second == pytest.approx(mean, abs=1e-4), "nothing is carried over from the clip before"
