from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime_micacl.live.seeing.detection import Detection
from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.mesh import FaceMesh, region
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32, U8

EYES = ((33, 133), (362, 263))  # outer and inner corner of the right eye, of the left one
NOSE_TIP = 1


@pytest.fixture(scope="module")
def mesh() -> FaceMesh:
    return FaceMesh()


@pytest.fixture(scope="module")
def picture() -> U8:
    return next(read_file(Path(__file__).parents[1] / "data" / "three_faces_720p.mp4")).image


def faces(picture: U8) -> list[Detection]:
    detector = FaceDetector()
    found = detector.detect(picture)
    detector.close()
    return found


def features(landmarks: F32) -> F32:
    return np.stack([*(landmarks[list(eye), :2].mean(axis=0) for eye in EYES), landmarks[NOSE_TIP, :2]])


def test_landmarks_lie_where_the_detector_sees_eyes_and_nose(mesh: FaceMesh, picture: U8) -> None:
    found = faces(picture)
    landmarks, scores = mesh.landmarks(picture, [region(one.points, one.box) for one in found])
    assert len(found) == 3
    assert scores.min() > 0.9
    for one, face in zip(found, landmarks, strict=True):
        eyes_px = np.linalg.norm(one.points[0] - one.points[1])
        assert np.abs(features(face) - one.points[:3]).max() < 0.2 * eyes_px


def test_a_batch_gives_what_single_faces_give(mesh: FaceMesh, picture: U8) -> None:
    regions = [region(one.points, one.box) for one in faces(picture)]
    together, _ = mesh.landmarks(picture, regions)
    apart = np.concatenate([mesh.landmarks(picture, [one])[0] for one in regions])
    assert np.abs(together - apart).max() < 0.01


def test_a_turned_picture_has_turned_landmarks(mesh: FaceMesh, picture: U8) -> None:
    one = faces(picture)[0]
    centre = one.points.mean(axis=0)
    turn = cv2.getRotationMatrix2D(centre.tolist(), 30, 1.0)
    turned = cv2.warpAffine(picture, turn, picture.shape[1::-1])
    points = (one.points @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    (before,), _ = mesh.landmarks(picture, [region(one.points, one.box)])
    (after,), _ = mesh.landmarks(turned, [region(points, one.box)])
    eyes_px = np.linalg.norm(one.points[0] - one.points[1])
    assert np.abs(after[:, :2] - (before[:, :2] @ turn[:, :2].T + turn[:, 2])).mean() < 0.05 * eyes_px
    assert np.abs(after[:, 2] - before[:, 2]).mean() < 0.05 * eyes_px


def test_what_is_no_face_has_a_low_score(mesh: FaceMesh, picture: U8) -> None:
    one = faces(picture)[0]
    wall = np.full_like(picture, 128)
    noise = np.random.default_rng(0).integers(0, 256, picture.shape).astype(np.uint8)
    where = [region(one.points, one.box)]
    assert mesh.landmarks(wall, where)[1][0] < 0.5
    assert mesh.landmarks(noise, where)[1][0] < 0.5


def test_nobody_has_no_landmarks(mesh: FaceMesh, picture: U8) -> None:
    landmarks, scores = mesh.landmarks(picture, [])
    assert landmarks.shape == (0, 468, 3)
    assert scores.shape == (0,)
