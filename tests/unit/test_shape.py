import numpy as np
import pytest

from realtime_micacl.inference.choice import default_engine
from realtime_micacl.inference.sidecar import Shape, read_sidecar
from realtime_micacl.live.seeing.pose import angles, fit, fitted
from realtime_micacl.live.seeing.shape import ShapeReader
from realtime_micacl.types import F32

BONE, POINTS = (0, 1, 2, 3, 4), (5, 6, 7)
RNG = np.random.default_rng(3)
HEAD = np.concatenate([RNG.normal(0, 1, (8, 3)), np.zeros((460, 3))]).astype(np.float32)


@pytest.fixture
def reader() -> ShapeReader:
    frame = tuple(tuple(place) for place in HEAD[:5].tolist())
    return ShapeReader(Shape(bone=BONE, frame=frame, points=POINTS, mean=(0.0,) * 9, prior=1.0, half_s=10.0))


def turned(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> F32:
    """Return what turns a head that looks at the camera: x right, y down, z away from it."""
    y, p, r = np.radians([yaw, pitch, roll])
    around_y = [[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]]
    around_x = [[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]]
    around_z = [[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]]
    return np.asarray(np.array(around_z) @ around_x @ around_y, np.float32)


def test_a_shape_is_the_same_wherever_the_head_is_and_however_it_is_turned(reader: ShapeReader) -> None:
    moved = 80 * HEAD @ turned(25, -12, 8).T + (640, 360, -30)
    shapes = reader.read(np.stack([HEAD, moved]).astype(np.float32))
    assert np.abs(shapes[0] - HEAD[5:8].ravel()).max() < 1e-4
    assert np.abs(shapes[1] - shapes[0]).max() < 1e-4


def test_what_moves_in_the_face_moves_in_the_shape(reader: ShapeReader) -> None:
    smiling = HEAD.copy()
    smiling[6] += (0.1, -0.2, 0.05)
    shapes = reader.read(np.stack([80 * HEAD @ turned(30).T, 50 * smiling @ turned(-30).T]).astype(np.float32))
    change = (shapes[1] - shapes[0]).reshape(3, 3)
    assert np.allclose(change[1], (0.1, -0.2, 0.05), atol=1e-4)
    assert np.abs(change[[0, 2]]).max() < 1e-4


@pytest.mark.parametrize("turn", [(20.0, 0.0, 0.0), (0.0, 15.0, 0.0), (0.0, 0.0, -10.0), (-30.0, 10.0, 5.0)])
def test_the_turn_of_the_head_is_told(turn: tuple[float, float, float]) -> None:
    bone = HEAD[None, :5] - HEAD[:5].mean(axis=0)
    seen = angles(fit((70 * bone @ turned(*turn).T).astype(np.float32), bone[0].astype(np.float64)).turn)[0]
    assert np.allclose(seen, turn, atol=1e-2)


def test_nobody_has_no_shape(reader: ShapeReader) -> None:
    assert reader.read(np.zeros((0, 468, 3), np.float32)).shape == (0, 9)


def test_the_shipped_engine_fits_a_face_once_for_pose_and_shape() -> None:
    shape = read_sidecar(default_engine())[1].shape
    assert shape is not None
    reader = ShapeReader(shape)
    assert reader.posed
    landmarks = (80 * HEAD @ turned(20, 5, -10).T + (300, 200, 0)).astype(np.float32)[None].repeat(2, axis=0)
    landmarks += RNG.normal(0, 5, landmarks.shape).astype(np.float32)
    assert np.array_equal(reader.read(landmarks, fitted(landmarks)), reader.read(landmarks))


def test_another_engine_fits_its_own_landmarks(reader: ShapeReader) -> None:
    landmarks = HEAD[None]
    assert not reader.posed
    assert np.array_equal(reader.read(landmarks, fitted(landmarks)), reader.read(landmarks))


def test_a_fit_turns_and_never_mirrors() -> None:
    frame = HEAD[:5] - HEAD[:5].mean(axis=0)
    for seen in (HEAD[:5], HEAD[:5] * (-1, 1, 1)):
        assert np.linalg.det(fit(seen[None].astype(np.float32), frame.astype(np.float64)).turn[0]) == pytest.approx(1)
