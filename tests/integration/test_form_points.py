"""The face mesh on aligned crops, as training asks for it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.live.seeing.align import Aligner
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.making.data.form import read_points
from realtime_micacl.types import U8

POINTS = ((0.3, 0.372), (0.7, 0.372), (0.5, 0.603), (0.5, 0.79))


@pytest.fixture(scope="module")
def crops() -> U8:
    """A rendered face and, after it, a grey area without one."""
    frame = next(iter(read_file(Path(__file__).parents[1] / "data" / "one_face_720p.mp4")))
    detector = FaceDetector()
    crop = Aligner(64, POINTS).crop(frame.image, detector.detect(frame.image)[0].points[:4])
    detector.close()
    return np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), np.full((64, 64), 128)]).astype(np.uint8)


def test_points_lie_where_the_aligner_put_the_eyes_and_the_mouth(crops: U8, tmp_path: Path) -> None:
    points = read_points(crops, tmp_path / "cache")
    assert points.shape == (2, 468, 2)
    corners = ((33, 133), (362, 263), (13, 14))
    right, left, mouth = (points[0, list(two)].mean(axis=0) for two in corners)
    assert np.abs(right - POINTS[0]).max() < 0.06
    assert np.abs(left - POINTS[1]).max() < 0.06
    assert np.abs(mouth - POINTS[3]).max() < 0.08
    assert np.isnan(points[1]).all(), "there is no face"


def test_what_was_read_is_kept(crops: U8, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_points(crops[1:], tmp_path)
    monkeypatch.setattr("realtime_micacl.making.data.form.shared_out", lambda *_: pytest.fail("read again"))
    assert np.array_equal(read_points(crops[1:], tmp_path), first, equal_nan=True)
