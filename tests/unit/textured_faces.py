"""Frames of textured faces, a detector that knows where they are, and an engine that reads their brightness."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
import pytest

from realtime_micacl.inference.sidecar import BagSpec, Calibration, Crop, Sidecar
from realtime_micacl.live.reading.recognizer import Recognizer
from realtime_micacl.live.seeing.cover import Covers
from realtime_micacl.live.seeing.detection import Detection
from realtime_micacl.live.seeing.mesh import LANDMARKS, FaceMesh, Region
from realtime_micacl.live.seeing.perceiver import Perceiver
from realtime_micacl.live.seeing.pose import BONE, FRAME
from realtime_micacl.types import EMOTIONS, F32, U8, Frame

POINTS = ((0.30, 0.372), (0.70, 0.372), (0.50, 0.603), (0.50, 0.790))
SIDECAR = Sidecar(
    schema=1,
    name="double",
    labels=EMOTIONS,
    bag=BagSpec(instances=4, frames=4, size_px=32, span_s=1.28),
    crop=Crop(points=POINTS),
    piece=4,
    feature_size=7,
    calibration=Calibration(temperature=1.0, abstain_below=0.3),
    files={},
    model={},
    trained_on=(),
    measured={},
)
SIDE: float | F32 = 80.0
"""Width and height of the faces, in px: larger ones take longer and show no more."""


def landmarks_of_textures(_: FaceMesh, image: U8, where: Sequence[Region]) -> tuple[F32, F32]:
    """Return landmarks of faces that look at the camera, where the texture in each region is, and 0 where none is."""
    landmarks, scores = np.zeros((len(where), LANDMARKS, 3), np.float32), np.zeros(len(where), np.float32)
    for n, one in enumerate(where):
        left, top = max(0, round(one.x - one.side / 2)), max(0, round(one.y - one.side / 2))
        part = image[top : round(one.y + one.side / 2), left : round(one.x + one.side / 2)]
        there = part[..., 0] != image[0, 0, 0]
        if there.any():
            columns, rows = (np.flatnonzero(there.any(axis=axis))[[0, -1]].mean() for axis in (0, 1))
            landmarks[n, BONE] = one.side / 3 * np.array(FRAME)
            landmarks[n, :, :2] += (left + columns, top + rows)
            scores[n] = 1
    return landmarks, scores


def take_textures_for_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """They have neither mouth nor eyes, so that both would seem to be covered, and no face would seem to be there."""
    monkeypatch.setattr(FaceMesh, "landmarks", landmarks_of_textures)
    monkeypatch.setattr(Covers, "read", lambda _, image, faces: np.zeros((len(faces), 2), np.float32))
    for model in (FaceMesh, Covers):  # neither is asked, so neither is opened
        monkeypatch.setattr(model, "__init__", lambda _: None)
        monkeypatch.setattr(model, "close", lambda _: None)
    monkeypatch.setattr("realtime_micacl.live.seeing.orientation.turn_wanted", lambda _: 0)


class FramesWithFaces:
    """Frames of textured faces at given places; as a detector it knows where it put them."""

    def __init__(self) -> None:
        self._where: dict[int, list[tuple[float, float]]] = {}
        self._images: dict[str, U8] = {}
        self.looks = 0
        self.turn = 0.0
        """Of the nose beside the middle of the eyes, over their distance."""

    def frame(self, number: int, places: list[tuple[float, float, int]], shade: float = 1.0) -> Frame:
        key = repr((places, shade))
        if key not in self._images:
            self._images[key] = image = self._drawn(places, shade)
            self._where[id(image)] = [(x, y) for x, y, _ in places]
        return Frame(self._images[key], number / 25, number)

    @staticmethod
    def _drawn(places: list[tuple[float, float, int]], shade: float) -> U8:
        image = np.full((360, 640, 3), int(40 * shade), np.uint8)
        for x, y, looks in places:
            patch = np.random.default_rng(looks).integers(60, 220, (8, 8, 3)) * shade
            texture = cv2.resize(patch.astype(np.uint8), (80, 80), interpolation=cv2.INTER_NEAREST)
            image[int(y) : int(y) + 80, int(x) : int(x) + 80] = texture
        image.flags.writeable = False
        return image

    def detect(self, image: U8) -> list[Detection]:
        self.looks += 1
        found = []
        for x, y in self._where.get(id(image), ()):
            points = np.array([*POINTS, (0.1, 0.45), (0.9, 0.45)], np.float32) * SIDE + (x, y)
            points[2, 0] += self.turn * (points[1, 0] - points[0, 0])
            found.append(
                Detection(
                    np.concatenate([(x, y), np.add((x, y), SIDE)]).astype(np.float32), points.astype(np.float32), 0.9
                )
            )
        return found

    thorough = False

    def least_px(self, shape: Sequence[int]) -> int:
        return 30

    def look(self, image: U8, time_s: float) -> list[Detection]:
        return self.detect(image)

    def close(self) -> None:
        pass


class MeanEngine:
    """Encodes a piece as its mean brightness, spread over the emotions; counts what it encodes."""

    device = "double"

    def __init__(self, piece: int = 4) -> None:
        self.piece = piece
        self.encoded = 0
        self.batches: list[int] = []

    def encode(self, crops: U8) -> F32:
        assert crops.shape[1:] == (self.piece, 32, 32, 3)
        self.encoded += len(crops)
        means = crops.reshape(len(crops), -1).mean(axis=1) / 255
        return np.stack([means * (k + 1) for k in range(7)], axis=1).astype(np.float32)

    def classify(self, features: F32, changes: F32 | None = None) -> tuple[F32, F32]:
        assert features.shape[1:] == (16 // self.piece, 7)
        self.batches.append(len(features))
        return features.mean(axis=1), np.ones((len(features), 4), np.float32)

    def close(self) -> None:
        pass


def stages(piece: int = 4) -> tuple[FramesWithFaces, MeanEngine, Perceiver, Recognizer]:
    world, engine, sidecar = FramesWithFaces(), MeanEngine(piece), msgspec.structs.replace(SIDECAR, piece=piece)
    return world, engine, Perceiver(world, sidecar), Recognizer(engine, sidecar, smoothing_s=0.0)  # type: ignore[arg-type]
