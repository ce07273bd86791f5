"""The angles of rendered heads, which are known, and of turned pictures."""

from pathlib import Path

import numpy as np
import pytest

from realtime_micacl.live.seeing.detector import FaceDetector
from realtime_micacl.live.seeing.mesh import FaceMesh, region
from realtime_micacl.live.seeing.pose import heads
from realtime_micacl.live.sources.video import read_file
from realtime_micacl.types import F32
from tests.data.make import TURNED


@pytest.fixture(scope="module")
def seen() -> F32:
    """Angles that are read in `turning.mp4`, [4 people,poses,3]."""
    detector, mesh = FaceDetector(reach="short"), FaceMesh()
    angles = []
    for frame in read_file(Path(__file__).parents[1] / "data" / "turning.mp4"):
        face = detector.detect(frame.image)[0]
        marks, scores = mesh.marks(frame.image, [region(face.points, face.box)])
        assert scores[0] > 0.9
        angles.append(heads(marks)[0])
    detector.close()
    mesh.close()
    return np.stack(angles).reshape(-1, len(TURNED), 3)


@pytest.mark.parametrize("angle", ["yaw", "pitch", "roll"])
def test_angles_of_heads_are_read_within_five_degrees(seen: F32, angle: str) -> None:
    """A person's own upright may seem to look up or down, so that pitch is compared with the person's own."""
    column = ("yaw", "pitch", "roll").index(angle)
    error = (seen - np.array(TURNED))[..., column]
    own = np.median(error, axis=1, keepdims=True)
    assert np.abs(own).max() < (9.0 if angle == "pitch" else 2.0)
    error = np.abs(error - own if angle == "pitch" else error)
    assert error.mean() < 3.0
    assert (error < 5.0).mean() >= 0.9
    assert error.max() < 10.0


def test_nobody_has_no_angles() -> None:
    assert heads(np.zeros((0, 468, 3), np.float32)).shape == (0, 3)
