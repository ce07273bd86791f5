"""A figure in the skin of a photograph: the bending on plain numbers, the whole where the real assets are at hand."""

from __future__ import annotations

import numpy as np
import pytest

from realtime_micacl.errors import ConfigError
from realtime_micacl.types import F32
from realtime_micacl_render.dress import REACH_PX, mapped


@pytest.fixture
def landmarks() -> F32:
    """Landmarks all over a face."""
    return np.random.default_rng(0).uniform(200, 440, (400, 2)).astype(np.float32)


def test_faces_that_differ_by_a_similarity_are_mapped_by_it_everywhere(landmarks: F32) -> None:
    turn = np.array([[1.2, -0.3], [0.3, 1.2]], np.float32)
    far = np.array([[0, 0], [639, 10], [320, 320]], np.float32)
    np.testing.assert_allclose(mapped(far, landmarks, landmarks @ turn.T + 7), far @ turn.T + 7, atol=0.05)


def test_a_feature_that_is_elsewhere_takes_its_surroundings_along_and_no_more(landmarks: F32) -> None:
    mouth = np.linalg.norm(landmarks - [320, 380], axis=1) < 50
    there = landmarks + np.where(mouth[:, None], [0, 12], [0, 0]).astype(np.float32)
    points = np.array([[320, 380], [320, 380 - 50 - 5 * REACH_PX]], np.float32)
    moved = (mapped(points, landmarks, there) - points)[:, 1]
    assert moved[0] == pytest.approx(12, abs=1.5)
    assert abs(moved[1]) < 1.5


def test_landmarks_that_no_similarity_joins_are_refused() -> None:
    one_place = np.full((10, 2), 5, np.float32)
    with pytest.raises(ConfigError, match="do not fit"):
        mapped(one_place, one_place, one_place + 1)
