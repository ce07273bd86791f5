"""The form of a face: the same however the face lies in the picture, and another where a feature moves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from realtime_micacl.making.data.form import FormModel
from realtime_micacl.making.training.objectives import StillsObjective
from realtime_micacl.model.backbone import FrameEncoder
from realtime_micacl.types import F32

PAIRS = 239
MIRROR, MIDDLE = np.array([-1.0, 1.0]), np.array([0.5, 0.0])


def people(n: int, seed: int) -> F32:
    """Faces of 239 pairs of points that differ in three movements, alike on both sides, in parts of the crop's side."""
    rng = np.random.default_rng(1)
    left = rng.uniform((0.02, 0.1), (0.4, 0.9), (PAIRS, 2))
    moves = rng.normal(0, 0.01, (3, PAIRS, 2))
    amounts = np.random.default_rng(seed).normal(0, (3.0, 2.0, 1.0), (n, 3))
    half = left + np.einsum("nk,kpc->npc", amounts, moves)
    return np.asarray(np.concatenate([half, half * MIRROR], axis=1) + MIDDLE, np.float32)


def placed(points: F32, angle: float, scale: float, shift: tuple[float, float]) -> F32:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((points - 0.5) @ turn.T + 0.5 + shift, np.float32)


@pytest.fixture(scope="module")
def model() -> FormModel:
    return FormModel(people(400, 0), components=3)


def test_place_size_and_turn_do_not_count(model: FormModel) -> None:
    faces = people(50, 5)
    assert np.allclose(model(placed(faces, 0.3, 0.7, (0.1, -0.05))), model(faces), atol=2e-3)


def test_a_mirror_image_has_the_same_form(model: FormModel) -> None:
    faces = people(50, 6) + np.random.default_rng(2).normal(0, 0.01, (50, 2 * PAIRS, 2)).astype(np.float32)
    twin = np.arange(2 * PAIRS).reshape(2, PAIRS)[::-1].ravel()
    mirrored = np.asarray(((faces - MIDDLE) * MIRROR + MIDDLE)[:, twin], np.float32)
    assert np.allclose(model(mirrored), model(faces), atol=2e-3)
    assert np.ptp(model(faces), axis=0).min() > 1, "and yet faces differ"


def test_all_three_movements_are_told_apart(model: FormModel) -> None:
    forms = model(people(400, 7))
    assert np.linalg.matrix_rank(forms - forms.mean(axis=0), tol=1.0) == 3


def test_where_no_face_was_found_there_is_no_form(model: FormModel) -> None:
    faces = people(3, 8)
    faces[1] = np.nan
    assert np.isnan(model(faces)).any(axis=1).tolist() == [False, True, False]


def test_only_known_forms_add_to_the_loss() -> None:
    torch.manual_seed(3)
    encoder = FrameEncoder(widths=(8, 16), blocks=(1, 1))
    objective = StillsObjective(encoder, emotions=7, dropout=0.0, label_smoothing=0.0, components=3, weight=2.0)
    crops, targets = torch.randint(0, 256, (4, 1, 32, 32), dtype=torch.uint8), torch.eye(7)[:4]

    def loss(forms: torch.Tensor) -> float:
        torch.manual_seed(4)
        return float(objective.eval()(crops, targets, forms).detach())

    unknown = loss(torch.full((4, 3), torch.nan))
    one = torch.full((4, 3), torch.nan)
    one[2] = 100.0
    assert unknown == pytest.approx(loss(torch.full((4, 3), torch.nan)))
    assert loss(one) - unknown == pytest.approx(2 * (100 - 0.5) / 4, rel=0.02), "smooth L1, a quarter of the items"
